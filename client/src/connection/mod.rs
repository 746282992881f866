//! Turns an [`Address`] into an open connection, or says why there is none.
//!
//! A connection comes as two halves, one that can only be read and one that can
//! only be written, so that who may do what is said by who owns which. Whatever
//! lies below, both deal in lines, so that nobody above has to know: what is read
//! are lines, each with its newline, and the writer takes one line, with its
//! newline, at a time. What a way cannot give by itself, such as the answer to a
//! heartbeat or a line that surely arrives, its halves make up for.
//!
//! ```text
//! HANDSHAKE, RECEIVER <- lines <- TCP | UNFRAMED over TCP | UDP <- bytes
//! HANDSHAKE, SENDER   -> lines -> TCP | UNFRAMED over TCP | UDP -> bytes
//! ```

mod resolve;
mod tcp;
mod udp;
mod unframed;

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use common::udp::sequence::MAX_PREFIX;
use common::{Address, MAX_DATAGRAM, MAX_LINE};

pub use udp::StatsHandle;
pub use udp::stats::{NO_STATS, UdpStats};

/// How long finding and reaching the server may take in all: longer, and a
/// person believes that the program hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one read or write may block, so that whoever waits for the socket
/// looks at the clock a few times a second.
const TICK: Duration = Duration::from_millis(250);

/// The half of a connection that can only be read.
///
/// A read that brings nothing within 250 ms fails with
/// [`WouldBlock`](ErrorKind::WouldBlock), and one whose bytes are nobody's
/// business with [`Interrupted`](ErrorKind::Interrupted).
pub type ReadHalf = Box<dyn Read + Send>;

/// The half of a connection that can only be written, and closed.
///
/// A write that the peer does not take within 250 ms fails with
/// [`WouldBlock`](ErrorKind::WouldBlock); then the same line is to be written
/// again.
pub type WriteHalf = Box<dyn Write + Send>;

/// How lines get to the server and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Lines over TCP, each with a newline.
    #[default]
    Tcp,
    /// Texts as they are over TCP, for a server that knows no lines.
    Unframed,
    /// Datagrams over UDP, each a line.
    Udp,
}

impl Transport {
    /// The longest line that can be sent, in bytes, without its newline.
    pub fn max_line(self) -> usize {
        match self {
            Transport::Tcp => MAX_LINE - 1,
            Transport::Unframed => unframed::MAX_TEXT,
            Transport::Udp => MAX_DATAGRAM - MAX_PREFIX - 1,
        }
    }
}

/// What one way of talking has and another has not.
#[derive(Clone, Default)]
pub struct ConnectionInfo {
    /// Which way it is.
    pub transport: Transport,
    /// What came and went, where some of it may be lost.
    pub stats: Option<StatsHandle>,
    /// Where the server is, of all its addresses, if it can have files.
    pub server: Option<SocketAddr>,
}

/// Both halves of a connection.
pub struct Connection {
    /// What the server sends.
    pub reader: ReadHalf,
    /// What it is sent.
    pub writer: WriteHalf,
    /// What else there is to know.
    pub info: ConnectionInfo,
}

/// Finds and reaches the server at `address`, within 5 s in all.
///
/// # Errors
///
/// A sentence for the person that names the address and the reason.
pub fn connect(address: &Address, transport: Transport) -> Result<Connection, String> {
    let mut counts = None;
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
            counts = Some(reader.stats());
            server = reader.peer();
            (Box::new(reader), Box::new(writer))
        }
    };
    Ok(Connection {
        reader,
        writer,
        info: ConnectionInfo {
            transport,
            stats: counts,
            server,
        },
    })
}

/// What to tell when `address` was not reached.
fn unreached(address: &Address, why: &str) -> String {
    format!("cannot connect to {address}: {why}")
}

/// What to tell when nobody listens at `address`, which UDP learns only when the
/// first datagram has come back.
pub fn refused_message(address: &Address, transport: Transport) -> String {
    let error = ErrorKind::ConnectionRefused.into();
    unreached(address, &explain(&error, transport))
}

/// An error in words for the person, with what to look at next.
fn explain(error: &io::Error, transport: Transport) -> String {
    match (error.kind(), transport) {
        (ErrorKind::ConnectionRefused, Transport::Udp) => {
            "connection refused. Is the server running over UDP (chat-server --udp)?".into()
        }
        (ErrorKind::ConnectionRefused, _) => "connection refused. Is the server running?".into(),
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => {
            "no answer. Is the address right?".into()
        }
        _ => describe(error),
    }
}

/// An error of the system without its number, which tells a person nothing.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

/// Whether `error` only says that nothing came, or went, for 250 ms.
///
/// Unix calls it `WouldBlock` and Windows `TimedOut`.
pub fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_port_nobody_listens_at_is_refused_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let address = Address::new("127.0.0.1", port);
        for transport in [Transport::Tcp, Transport::Unframed] {
            let told = connect(&address, transport).err().unwrap();
            let expected = format!(
                "cannot connect to 127.0.0.1:{port}: connection refused. Is the server running?"
            );
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn the_number_of_an_error_is_left_out() {
        assert_eq!(
            describe(&io::Error::from_raw_os_error(104)),
            "connection reset by peer"
        );
    }
}
