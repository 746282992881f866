//! Turns addresses into listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use common::Address;

/// Where a server listens: at one address or several.
pub struct Listeners {
    /// Over TCP.
    pub tcp: Vec<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Listeners {
        let tcp = vec![listener];
        Listeners { tcp }
    }
}

impl Listeners {
    /// Listens at all `addresses`.
    ///
    /// # Errors
    ///
    /// A sentence that names the first address where that is not possible.
    pub fn bind(addresses: &[Address]) -> Result<Listeners, String> {
        let mut tcp = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind((address.host.as_str(), address.port));
            tcp.push(listener.map_err(|error| format!("cannot listen at {address}: {error}"))?);
        }
        Ok(Listeners { tcp })
    }

    /// The addresses, with the ports that the system picked.
    ///
    /// # Errors
    ///
    /// When a socket is broken.
    pub fn tcp_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.tcp.iter().map(TcpListener::local_addr).collect()
    }
}

/// Gets an acceptor out of `accept`, which only a connection can do.
pub fn knock(address: SocketAddr) {
    let patience = Duration::from_millis(100);
    let _ = TcpStream::connect_timeout(&reachable(address), patience);
}

/// The address at which a socket bound to `address` can be reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(host, address.port())
}
