//! Listeners: addresses become listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use common::Address;

/// The listening sockets of a server.
pub struct Listeners {
    /// The TCP sockets.
    pub tcp: Vec<TcpListener>,
    /// The UDP sockets; empty without UDP.
    pub udp: Vec<UdpSocket>,
}

/// The port for UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpPort {
    /// The same as for TCP.
    Same,
    /// This one; 0 lets the system pick one.
    At(u16),
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Listeners {
        Listeners {
            tcp: vec![listener],
            udp: Vec::new(),
        }
    }
}

impl Listeners {
    /// Listens at all `addresses`, also over UDP if there is a port for it.
    ///
    /// # Errors
    ///
    /// A text that names the first address that failed.
    pub fn bind(addresses: &[Address], udp_port: Option<UdpPort>) -> Result<Listeners, String> {
        let mut listeners = Listeners {
            tcp: Vec::new(),
            udp: Vec::new(),
        };
        for address in addresses {
            let cannot = |error| format!("cannot listen at {address}: {error}");
            let tcp = TcpListener::bind((address.host.as_str(), address.port)).map_err(cannot)?;
            let bound = tcp.local_addr().map_err(cannot)?;
            listeners.tcp.push(tcp);
            let port = match udp_port {
                None => continue,
                Some(UdpPort::Same) => bound.port(),
                Some(UdpPort::At(port)) => port,
            };
            let address = SocketAddr::new(bound.ip(), port);
            if listeners.has_udp_at(address) {
                continue; // for another TCP port of the same host
            }
            let cannot = |error| format!("cannot listen over UDP at {address}: {error}");
            listeners
                .udp
                .push(UdpSocket::bind(address).map_err(cannot)?);
        }
        Ok(listeners)
    }

    /// Returns `true` if it listens over UDP at exactly this address.
    fn has_udp_at(&self, address: SocketAddr) -> bool {
        let mut bound = self.udp.iter().map(UdpSocket::local_addr);
        bound.any(|bound| bound.is_ok_and(|bound| bound == address))
    }

    /// Returns the addresses, with the ports that the system picked.
    ///
    /// # Errors
    ///
    /// When a socket is broken.
    pub fn addresses(&self) -> io::Result<Addresses> {
        let tcp = self.tcp.iter().map(TcpListener::local_addr);
        let udp = self.udp.iter().map(UdpSocket::local_addr);
        Ok(Addresses {
            tcp: tcp.collect::<io::Result<_>>()?,
            udp: udp.collect::<io::Result<_>>()?,
        })
    }
}

/// The addresses at which a server listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The TCP addresses.
    pub tcp: Vec<SocketAddr>,
    /// The UDP addresses.
    pub udp: Vec<SocketAddr>,
}

/// Wakes an acceptor from `accept`, which only a connection can do.
pub fn wake_acceptor(address: SocketAddr) {
    let timeout = Duration::from_millis(100);
    let _ = TcpStream::connect_timeout(&connectable(address), timeout);
}

/// Wakes a UDP receiver, which only a datagram can do.
pub fn wake_udp_receiver(address: SocketAddr) {
    let address = connectable(address);
    let own = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let _ = UdpSocket::bind(own).and_then(|socket| socket.send_to(b"", address));
}

/// Returns the address at which a socket bound to `address` is reached from here.
fn connectable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(host, address.port())
}
