//! The writing side of a connection: bytes to the socket, never waiting.
//!
//! The broadcaster owns every outlet and serves all members from one thread, so
//! a member that does not read must not hold it up. std has no "write, but do
//! not wait" for one call; making the socket non-blocking around a single write
//! comes to the same, for some 3 % of the time (measured).
//!
//! ```text
//! Direct --- a write takes less than all ---> Lagging --- too much waits ---> Dead
//!    ^  |                                        |                             ^
//!    |  |      its writer has sent everything    |                             |
//!    +--|----------------------------------------+                             |
//!       +--- its peer knows no lines ---> Paced ------- too much waits --------+
//! ```

use std::io::IoSlice;
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Connection;
use super::backlog::{Backlog, PushOutcome};
use super::blocking_writer::BlockingWriter;
use super::close::CloseReason;
use super::paced_writer::{PacedWriter, QueueFull};
use super::transport::Transport;
use super::udp::UdpTransport;
use super::writer_threads::WriterThreads;
use crate::limits::Limits;

/// The most slices handed to one write; the kernel takes 1,024 (`IOV_MAX`), but
/// from about here on copying them together costs no more.
const MAX_SLICES: usize = 64;

/// Writes to one connection, on behalf of the broadcaster.
pub struct WriteHalf {
    connection: Arc<Connection>,
    state: State,
    max_backlog: usize,
    stall_timeout: Duration,
    writers: Arc<WriterThreads>,
}

enum State {
    /// Everything so far has been taken by the socket.
    Direct,
    /// A writer thread drains the backlog; nobody else may write.
    Lagging(Arc<Backlog>),
    /// The pacer writes; nobody else may.
    Paced,
    /// Each line is a datagram; one that is lost is lost.
    Udp(UdpTransport),
    /// Given up, broken, or closed: what is sent goes nowhere.
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
                Transport::Udp(udp) => State::Udp(udp.clone()),
            },
            connection,
            max_backlog: limits.max_backlog,
            stall_timeout: limits.stall_timeout,
            writers,
        }
    }

    /// The number of its connection.
    pub fn id(&self) -> super::ConnectionId {
        self.connection.id
    }

    /// Sends `slices` one after the other, now or through the backlog; for that
    /// `copy` gives a copy of them.
    pub fn send(&mut self, slices: &[IoSlice<'_>], copy: impl Fn() -> Arc<[u8]>) {
        if let State::Lagging(backlog) = &self.state {
            match backlog.push(copy()) {
                PushOutcome::Queued => return,
                PushOutcome::Drained => self.state = State::Direct,
                PushOutcome::Full => return self.abort(),
            }
        }
        match &self.state {
            State::Direct => self.send_directly(slices),
            State::Paced => {
                let max = self.max_backlog;
                self.push_paced(|pacer, connection| pacer.push(connection, copy(), max));
            }
            State::Udp(udp) => udp.send(copy()),
            State::Lagging(_) | State::Dead => {}
        }
    }

    /// From here on what is sent goes through the pacer, as the peer knows no
    /// lines. It is new, so nothing waits for it yet.
    pub fn set_unframed(&mut self) {
        if let State::Direct = self.state {
            self.state = State::Paced;
        }
    }

    fn push_paced(
        &mut self,
        order: impl FnOnce(&PacedWriter, &Arc<Connection>) -> Result<(), QueueFull>,
    ) {
        if let Err(QueueFull) = order(&self.writers.paced_writer, &self.connection) {
            self.abort();
        }
    }

    /// Leaves the writing to the session. Whoever asks for a file has been told
    /// nothing yet, so nothing waits to be sent.
    pub fn into_blocking_writer(self) -> BlockingWriter {
        BlockingWriter::new(self.connection)
    }

    /// Sends `farewell` as the last, then tells the peer that nothing follows.
    pub fn close(&mut self, final_bytes: &[u8]) {
        if let State::Paced = self.state {
            self.push_paced(|pacer, connection| pacer.close(connection, final_bytes.into()));
            self.state = State::Dead;
            return;
        }
        self.send(&[IoSlice::new(final_bytes)], || final_bytes.into());
        match mem::replace(&mut self.state, State::Dead) {
            // Its writer does it, after the last byte.
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
        let total: usize = slices.iter().map(|piece| piece.len()).sum();
        match self.connection.transport.write_nonblocking(slices) {
            Ok(taken) if taken == total => {}
            Ok(taken) => self.start_lagging(remaining(slices, taken)),
            // What the peer said before may still be waiting to be read, so it
            // is for the session to end this.
            Err(_broken) => {
                self.state = State::Dead;
                self.connection.lifecycle.record_peer_gone();
            }
        }
    }

    /// From here on the member is lagging: `rest` waits, a writer is started.
    fn start_lagging(&mut self, rest: Arc<[u8]>) {
        let backlog = Arc::new(Backlog::new(rest, self.max_backlog));
        let connection = Arc::clone(&self.connection);
        self.connection
            .outbound
            .lagging
            .store(true, Ordering::Relaxed);
        match backlog.start_writer(connection, self.stall_timeout, &self.writers) {
            Ok(()) => self.state = State::Lagging(backlog),
            Err(_no_thread_left) => self.abort(),
        }
    }

    fn abort(&mut self) {
        self.state = State::Dead;
        self.connection.abort(CloseReason::Slow);
    }
}

/// What stands in `slices` after the first `skip` bytes.
fn remaining(slices: &[IoSlice<'_>], mut skip: usize) -> Arc<[u8]> {
    let after = |piece: &IoSlice<'_>| {
        let skipped = skip.min(piece.len());
        skip -= skipped;
        piece.get(skipped..).unwrap_or_default().to_vec()
    };
    let parts: Vec<Vec<u8>> = slices.iter().map(after).collect();
    parts.concat().into()
}
