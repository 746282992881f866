//! Connections: from an [`Address`] to two halves that carry lines.
//!
//! The reader returns lines, each with its newline. The writer takes one line, with
//! its newline, at a time. Each transport makes up for what it lacks, such as the
//! answer to a heartbeat, so that the callers need not know which it is.
//!
//! ```text
//! HANDSHAKE, RECEIVER <- lines <- TCP | UNFRAMED over TCP | UDP <- bytes
//! HANDSHAKE, SENDER   -> lines -> TCP | UNFRAMED over TCP | UDP -> bytes
//! ```
//!
//! Writes: the owner of the [`WriteHalf`]; over UDP the reader retransmits.
//! Locks: what both halves share over UDP and with unframed servers.
//! Blocks: [`connect`] for at most 5 s, a read or write for at most 250 ms.

mod error;
mod resolve;
mod tcp;
mod transport;
mod udp;
mod unframed;

use std::io::{Read, Write};
use std::net::SocketAddr;

use common::Address;

pub use error::{QUIT_UNANSWERED, describe, is_tick, refused_message};
pub use transport::Transport;
pub use udp::StatsHandle;
pub use udp::stats::{NO_STATS, UdpStats};

/// The half of a connection that can only be read.
///
/// A read that brings nothing within 250 ms fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock). A read whose bytes contain
/// nothing for the caller fails with
/// [`Interrupted`](std::io::ErrorKind::Interrupted).
pub type ReadHalf = Box<dyn Read + Send>;

/// The half of a connection that can only be written, and closed.
///
/// A write that takes nothing within 250 ms fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock). Then write the same line again.
pub type WriteHalf = Box<dyn Write + Send>;

/// The properties in which one connection differs from another.
#[derive(Clone, Default)]
pub struct ConnectionInfo {
    /// The transport below it.
    pub transport: Transport,
    /// The counts of lines, if the transport may lose some.
    pub stats: Option<StatsHandle>,
    /// The server's address, unless it is unframed and cannot share files.
    pub server: Option<SocketAddr>,
}

impl ConnectionInfo {
    /// Returns what the user should know about the connection, if there is something.
    pub fn warning(&self) -> Option<&'static str> {
        self.stats.as_ref()?.warning()
    }
}

/// An open connection.
pub struct Connection {
    /// Returns what the server sends.
    pub reader: ReadHalf,
    /// Takes what the server should receive.
    pub writer: WriteHalf,
    /// Describes the connection.
    pub info: ConnectionInfo,
}

/// Finds and reaches the server at `address`, within 5 s in all.
///
/// # Errors
///
/// A sentence for the user that names the address and the reason.
pub fn connect(address: &Address, transport: Transport) -> Result<Connection, String> {
    let mut stats = None;
    let mut server = None;
    let (reader, writer): (ReadHalf, WriteHalf) = match transport {
        Transport::Tcp => {
            let (reader, writer) = tcp::connect(address)?;
            server = reader.peer();
            (Box::new(reader), Box::new(writer))
        }
        Transport::Unframed => {
            let (reader, writer) = unframed::connect(address)?;
            (Box::new(reader), Box::new(writer))
        }
        Transport::Udp => {
            let (reader, writer) = udp::connect(address)?;
            stats = Some(reader.stats());
            server = reader.peer();
            (Box::new(reader), Box::new(writer))
        }
    };
    Ok(Connection {
        reader,
        writer,
        info: ConnectionInfo {
            transport,
            stats,
            server,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_port_without_a_listener_is_refused_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let address = Address::new("127.0.0.1", port);
        for transport in [Transport::Tcp, Transport::Unframed] {
            let message = connect(&address, transport).err().unwrap();
            let expected = format!(
                "cannot connect to 127.0.0.1:{port}: connection refused. Is the server running?"
            );
            assert_eq!(message, expected);
        }
    }
}
