//! Blocking writer: the writing side of a connection that carries a file.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Connection;

/// The writing side in the session's thread. It is made of the write half, so that no
/// other thread writes.
pub struct BlockingWriter(Arc<Connection>);

impl BlockingWriter {
    pub(super) fn new(connection: Arc<Connection>) -> BlockingWriter {
        connection
            .outbound
            .has_blocking_writer
            .store(true, Ordering::Relaxed);
        BlockingWriter(connection)
    }

    /// Returns the socket. A write to it blocks for at most `timeout`.
    ///
    /// # Errors
    ///
    /// When the socket is already broken.
    pub fn stream(&self, timeout: Duration) -> io::Result<&TcpStream> {
        let stream = self.0.transport.tcp_stream()?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(stream)
    }

    /// Closes the writing side.
    pub fn close(&self) {
        let _peer_may_be_gone = self.0.transport.shutdown(Shutdown::Write);
    }
}
