//! Writer: bytes to the socket, never blocking.
//!
//! The broadcaster owns every write half and serves all members from one thread, so
//! a member that does not read must not hold it up.
//!
//! | state   | who writes          | it ends when                               |
//! |---------|---------------------|--------------------------------------------|
//! | Direct  | the broadcaster     | a write takes less than all: Lagging       |
//! |         |                     | the peer turns out to be unframed: Paced   |
//! | Lagging | a writer thread     | all is written: Direct                     |
//! | Paced   | the paced writer    | the connection closes                      |
//! | Udp     | the UDP sender      | the connection closes                      |
//! | Dead    | nobody              | never: too much waited, or a write failed  |

use std::io::IoSlice;
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::backlog::{Backlog, PushOutcome};
use super::blocking_writer::BlockingWriter;
use super::close::CloseReason;
use super::host::Host;
use super::transport::Transport;
use super::udp::UdpTransport;
use super::unframed::{PacedWriter, QueueFull};
use super::writer_threads::WriterThreads;
use super::{Connection, ConnectionId};
use crate::limits::Limits;

/// The most slices in one write. The kernel takes 1,024 (`IOV_MAX`), but from about
/// here on it costs no more to copy them together.
const MAX_SLICES: usize = 64;

/// The writing side of a connection, owned by the broadcaster.
pub struct WriteHalf {
    connection: Arc<Connection>,
    state: State,
    max_backlog: usize,
    stall_timeout: Duration,
    writers: Arc<WriterThreads>,
}

enum State {
    /// The socket has taken everything so far.
    Direct,
    /// A writer thread sends the backlog, and alone may write.
    Lagging(Arc<Backlog>),
    /// The paced writer alone may write.
    Paced,
    /// Each line is a datagram, which may be lost.
    Udp(UdpTransport),
    /// The connection is aborted, broken or closed. Nothing is sent.
    Dead,
}

impl WriteHalf {
    pub(super) fn new(
        connection: Arc<Connection>,
        limits: &Limits,
        writers: Arc<WriterThreads>,
    ) -> WriteHalf {
        WriteHalf {
            state: match &connection.transport {
                Transport::Tcp(_) => State::Direct,
                Transport::Closed => State::Dead,
                Transport::Udp(udp) => State::Udp(udp.clone()),
            },
            connection,
            max_backlog: limits.max_backlog,
            stall_timeout: limits.stall_timeout,
            writers,
        }
    }

    /// Returns the number of the connection.
    pub fn id(&self) -> ConnectionId {
        self.connection.id
    }

    /// Returns the most bytes of lines in a long answer.
    pub fn max_answer(&self) -> usize {
        self.connection.max_answer()
    }

    /// Sends `slices` one after the other, now or through the backlog; in that case
    /// `copy` makes the bytes that wait.
    pub fn send(&mut self, slices: &[IoSlice<'_>], copy: impl Fn() -> Arc<[u8]>) {
        if let State::Lagging(backlog) = &self.state {
            match backlog.push(copy()) {
                // The machine may have had no thread left before.
                PushOutcome::Queued => return self.writers.add_thread(),
                PushOutcome::Drained => self.state = State::Direct,
                PushOutcome::Full => return self.abort(),
            }
        }
        match &self.state {
            State::Direct => self.send_directly(slices),
            State::Paced if self.connection.lifecycle.is_peer_gone() => self.state = State::Dead,
            State::Paced => {
                let max = self.max_backlog;
                self.push_paced(|writer, connection| writer.push(connection, copy(), max));
            }
            State::Udp(udp) => udp.send(copy()),
            State::Lagging(_) | State::Dead => {}
        }
    }

    /// Sends through the paced writer from now on, because the peer is unframed. The
    /// peer is new, so nothing waits for it yet.
    pub fn set_unframed(&mut self) {
        if let State::Direct = self.state {
            self.state = State::Paced;
        }
    }

    fn push_paced(
        &mut self,
        push: impl FnOnce(&PacedWriter, &Arc<Connection>) -> Result<(), QueueFull>,
    ) {
        if let Err(QueueFull) = push(&self.writers.paced_writer, &self.connection) {
            self.abort();
        }
    }

    /// Leaves the writing to the session. Nothing waits to be sent, because the peer
    /// has received nothing yet.
    pub fn into_blocking_writer(self) -> BlockingWriter {
        BlockingWriter::new(self.connection)
    }

    /// Sends `final_bytes`, then closes the writing side.
    pub fn close(&mut self, final_bytes: &[u8]) {
        if let State::Paced = self.state {
            self.push_paced(|writer, connection| writer.close(connection, final_bytes.into()));
            self.state = State::Dead;
            return;
        }
        self.send(&[IoSlice::new(final_bytes)], || final_bytes.into());
        match mem::replace(&mut self.state, State::Dead) {
            // The writer thread closes it, after the last byte.
            State::Lagging(backlog) if backlog.close_when_drained() => {}
            State::Lagging(_) | State::Direct | State::Udp(_) => {
                let _peer_may_be_gone = self.connection.transport.shutdown(Shutdown::Write);
            }
            State::Paced | State::Dead => {}
        }
    }

    fn send_directly(&mut self, slices: &[IoSlice<'_>]) {
        if slices.len() > MAX_SLICES {
            let whole = remaining(slices, 0);
            return self.send_directly(&[IoSlice::new(&whole)]);
        }
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        match self.connection.transport.write_nonblocking(slices) {
            Ok(taken) if taken == total => {}
            Ok(taken) => self.start_lagging(remaining(slices, taken)),
            // Lines of the peer may still wait to be read, so the session closes the
            // connection.
            Err(_broken) => {
                self.state = State::Dead;
                self.connection.lifecycle.record_peer_gone();
            }
        }
    }

    /// Leaves `rest`, which the socket did not take, to a writer thread.
    fn start_lagging(&mut self, rest: Arc<[u8]>) {
        let connection = Arc::clone(&self.connection);
        let host = Host::of(connection.address.ip());
        connection.outbound.lagging.store(true, Ordering::Relaxed);
        let (limit, stall_timeout) = (self.max_backlog, self.stall_timeout);
        let backlog = Arc::new(Backlog::new(connection, rest, limit, stall_timeout));
        self.writers.send(host, Arc::clone(&backlog));
        self.state = State::Lagging(backlog);
    }

    fn abort(&mut self) {
        self.state = State::Dead;
        self.connection.abort(CloseReason::Slow);
    }
}

/// Returns what `slices` contain after the first `skip` bytes.
fn remaining(slices: &[IoSlice<'_>], mut skip: usize) -> Arc<[u8]> {
    let after = |slice: &IoSlice<'_>| {
        let skipped = skip.min(slice.len());
        skip -= skipped;
        slice.get(skipped..).unwrap_or_default().to_vec()
    };
    let parts: Vec<Vec<u8>> = slices.iter().map(after).collect();
    parts.concat().into()
}
