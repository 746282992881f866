//! Reader: bytes from the socket, within a timeout.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Connection;
use super::udp::Mailbox;

/// The shortest timeout, because the operating system takes 0 for "forever".
const MIN_TIMEOUT: Duration = Duration::from_millis(1);

/// The reading side of a connection, in the session's thread.
pub struct ReadHalf {
    connection: Arc<Connection>,
    timeout: Option<Duration>,
    /// The datagrams of a UDP peer, which has no stream of its own.
    mailbox: Option<Mailbox>,
}

impl ReadHalf {
    pub(super) fn of_tcp(connection: Arc<Connection>) -> ReadHalf {
        ReadHalf {
            connection,
            timeout: None,
            mailbox: None,
        }
    }

    pub(super) fn of_udp(connection: Arc<Connection>, mailbox: Mailbox) -> ReadHalf {
        ReadHalf {
            mailbox: Some(mailbox),
            ..ReadHalf::of_tcp(connection)
        }
    }

    /// Sets how long a read may wait for the first byte; `None` is forever.
    ///
    /// # Errors
    ///
    /// When the socket is already broken.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|time| time.max(MIN_TIMEOUT));
        if timeout != self.timeout {
            if let Ok(stream) = self.connection.transport.tcp_stream() {
                stream.set_read_timeout(timeout)?;
            }
            self.timeout = timeout;
        }
        Ok(())
    }

    /// Returns `true` if bytes for the member wait in its backlog.
    pub fn is_lagging(&self) -> bool {
        self.connection.is_lagging()
    }
}

impl Read for ReadHalf {
    /// Reads once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] when the timeout is over, and
    /// [`ErrorKind::FileTooLarge`] for a datagram that is too long.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(mailbox) = &mut self.mailbox {
            // UDP has no close: after the leave there is nothing to wait for.
            return if self.connection.lifecycle.is_done() {
                Ok(0)
            } else {
                mailbox.read(buffer, self.timeout)
            };
        }
        let mut stream = self.connection.transport.tcp_stream()?;
        let begin = Instant::now();
        loop {
            match stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Unix says WouldBlock when a timeout is over, Windows TimedOut.
                // WouldBlock may also come at once, because the socket is not
                // blocking while the write half writes. Only the clock tells.
                Err(error) if is_timeout(&error) => {
                    if self.timeout.is_some_and(|max| begin.elapsed() >= max) {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    thread::yield_now();
                }
                // The kernel reports a reset once, and that may have been to the
                // write half, so that a read sees a mere end. But after a reset,
                // and not after an end, the socket has no peer any more.
                Ok(0) if stream.peer_addr().is_err() => {
                    return Err(ErrorKind::ConnectionReset.into());
                }
                result => return result,
            }
        }
    }
}

/// Returns `true` if `error` is that of a timeout.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
