//! The writing side of a connection that carries a file: it may block.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Connection;

/// Writes to one connection, in its session's thread. Made of its outlet, so that
/// nobody else writes there.
pub struct BlockingWriter(Arc<Connection>);

impl BlockingWriter {
    pub(super) fn new(connection: Arc<Connection>) -> BlockingWriter {
        connection
            .outbound
            .has_blocking_writer
            .store(true, Ordering::Relaxed);
        BlockingWriter(connection)
    }

    /// The socket itself, for `io::copy` to know it for one. A write to it may take
    /// `patience` before some of it is taken.
    ///
    /// # Errors
    ///
    /// When the socket is already broken.
    pub fn stream(&self, timeout: Duration) -> io::Result<&TcpStream> {
        let stream = self.0.transport.tcp_stream()?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(stream)
    }

    /// Tells the peer that nothing follows.
    pub fn close(&self) {
        let _peer_may_be_gone = self.0.transport.shutdown(Shutdown::Write);
    }
}
