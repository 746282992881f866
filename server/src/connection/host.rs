//! Host: the machine behind an address, for limits and bans.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host. An IPv4 address is the same host in its IPv6-mapped form. An IPv6 host
/// commonly owns the whole /64 network of its address, so the network counts (RFC 6177).
/// All of 127.0.0.0/8 is this machine (RFC 1122, 3.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host(IpAddr);

impl Host {
    /// Returns the host of an address.
    pub fn of(address: IpAddr) -> Host {
        Host(match address.to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            IpAddr::V4(v4) if v4.is_loopback() => Ipv4Addr::LOCALHOST.into(),
            other => other,
        })
    }

    /// Returns `true` for this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(v6) if !v6.is_loopback() => write!(f, "{v6}/64"),
            address => write!(f, "{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_its_network_and_a_mapped_address_its_ipv4_host() {
        let host = |text: &str| Host::of(text.parse().unwrap());
        assert_eq!(host("2001:db8::1"), host("2001:db8::2:3"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
        assert_eq!(host("::ffff:10.0.0.7"), host("10.0.0.7"));
        assert_ne!(host("10.0.0.7"), host("10.0.0.8"));
        assert_eq!(host("127.0.0.1"), host("::ffff:127.9.8.7"));
        assert!(host("::1").is_loopback() && host("::ffff:127.0.0.1").is_loopback());
        assert_eq!(host("2001:db8::1").to_string(), "2001:db8::/64");
        assert_eq!(host("::ffff:10.0.0.7").to_string(), "10.0.0.7");
    }
}
