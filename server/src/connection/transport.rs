//! What carries a connection: a stream of its own, or its share of a UDP socket.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::{Shutdown, TcpStream};

use super::udp::UdpTransport;

/// Carries bytes both ways.
pub enum Transport {
    /// They come and go in order, or not at all.
    Tcp(TcpStream),
    /// Each datagram comes, or does not.
    Udp(UdpTransport),
}

impl Transport {
    /// Its stream, which datagrams do not have.
    pub fn tcp_stream(&self) -> io::Result<&TcpStream> {
        match self {
            Transport::Tcp(stream) => Ok(stream),
            Transport::Udp(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// Writes what the socket takes at once, and says how many bytes that was.
    pub fn write_nonblocking(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut stream = self.tcp_stream()?;
        stream.set_nonblocking(true)?;
        let written = match pieces {
            [piece] => stream.write(piece),
            pieces => stream.write_vectored(pieces),
        };
        stream.set_nonblocking(false)?;
        match written {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            written => written,
        }
    }

    /// Tells the peer that nothing follows, or itself that nothing will be read.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Transport::Tcp(stream) => stream.shutdown(how),
            // There is nothing to shut; its session waits for the mailbox.
            Transport::Udp(udp) => {
                udp.peer.interrupt();
                Ok(())
            }
        }
    }
}
