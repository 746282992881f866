//! Open: a new socket becomes the three parts of a connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::transport::Transport;
use super::udp::{Mailbox, UdpTransport};
use super::{Connection, ConnectionId, ReadHalf, WriteHalf, WriterThreads};
use crate::limits::Limits;

/// The three parts of one connection.
pub struct ConnectionParts {
    /// The part that all threads share.
    pub connection: Arc<Connection>,
    /// The part that the session reads from.
    pub read_half: ReadHalf,
    /// The part that the broadcaster writes to.
    pub write_half: WriteHalf,
}

/// Makes the parts of connections, all within the same limits.
pub struct ConnectionFactory {
    /// The limits of the write halves.
    pub limits: Arc<Limits>,
    /// The threads that write to lagging and unframed members.
    pub writers: Arc<WriterThreads>,
}

impl ConnectionFactory {
    /// Opens connection `id` on a stream that was just accepted from `address`.
    ///
    /// # Errors
    ///
    /// When the socket is already broken.
    pub fn open_tcp(
        &self,
        id: ConnectionId,
        stream: TcpStream,
        address: SocketAddr,
    ) -> io::Result<ConnectionParts> {
        // A batch is written at once, so a delay for more to send gains nothing.
        stream.set_nodelay(true)?;
        let connection = Connection::new(id, address, Transport::Tcp(stream));
        let read_half = ReadHalf::of_tcp(Arc::clone(&connection));
        Ok(self.parts(connection, read_half))
    }

    /// Opens connection `id` for a peer over UDP.
    pub fn open_udp(
        &self,
        id: ConnectionId,
        udp: UdpTransport,
        mailbox: Mailbox,
    ) -> ConnectionParts {
        let address = udp.peer.address;
        let connection = Connection::new(id, address, Transport::Udp(udp));
        let read_half = ReadHalf::of_udp(Arc::clone(&connection), mailbox);
        self.parts(connection, read_half)
    }

    fn parts(&self, connection: Arc<Connection>, read_half: ReadHalf) -> ConnectionParts {
        let writers = Arc::clone(&self.writers);
        let write_half = WriteHalf::new(Arc::clone(&connection), &self.limits, writers);
        ConnectionParts {
            connection,
            read_half,
            write_half,
        }
    }
}
