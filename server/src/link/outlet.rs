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
use super::pacer::{PacedWriter, QueueFull};
use super::pipe::BlockingWriter;
use super::wire::Transport;
use super::writers::WriterThreads;
use crate::limits::Limits;
use crate::reason::CloseReason;
use crate::udp::UdpPeer;

/// The most pieces handed to one write; the kernel takes 1,024 (`IOV_MAX`), but
/// from about here on copying them together costs no more.
const MAX_SLICES: usize = 64;

/// Writes to one connection, on behalf of the broadcaster.
pub struct WriteHalf {
    link: Arc<Connection>,
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
    Udp(Arc<UdpPeer>),
    /// Given up, broken, or closed: what is sent goes nowhere.
    Dead,
}

impl WriteHalf {
    pub(super) fn new(link: Arc<Connection>, limits: &Limits, writers: Arc<WriterThreads>) -> WriteHalf {
        WriteHalf {
            state: match &link.transport {
                Transport::Tcp(_) => State::Direct,
                Transport::Udp(peer) => State::Udp(Arc::clone(peer)),
            },
            link,
            max_backlog: limits.max_backlog,
            stall_timeout: limits.stall_timeout,
            writers,
        }
    }

    /// The number of its connection.
    pub fn id(&self) -> super::ConnectionId {
        self.link.id
    }

    /// Sends `pieces` one after the other, now or through the backlog; for that
    /// `keep` gives a copy of them.
    pub fn send(&mut self, pieces: &[IoSlice<'_>], keep: impl Fn() -> Arc<[u8]>) {
        if let State::Lagging(backlog) = &self.state {
            match backlog.push(keep()) {
                PushOutcome::Queued => return,
                PushOutcome::Drained => self.state = State::Direct,
                PushOutcome::Full => return self.abort(),
            }
        }
        match &self.state {
            State::Direct => self.send_directly(pieces),
            State::Paced => {
                let most = self.max_backlog;
                self.push_paced(|pacer, link| pacer.push(link, keep(), most));
            }
            State::Udp(peer) => peer.send(keep()),
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

    fn push_paced(&mut self, order: impl FnOnce(&PacedWriter, &Arc<Connection>) -> Result<(), QueueFull>) {
        if let Err(QueueFull) = order(&self.writers.paced_writer, &self.link) {
            self.abort();
        }
    }

    /// Leaves the writing to the session. Whoever asks for a file has been told
    /// nothing yet, so nothing waits to be sent.
    pub fn into_blocking_writer(self) -> BlockingWriter {
        BlockingWriter::new(self.link)
    }

    /// Sends `farewell` as the last, then tells the peer that nothing follows.
    pub fn close(&mut self, farewell: &[u8]) {
        if let State::Paced = self.state {
            self.push_paced(|pacer, link| pacer.close(link, farewell.into()));
            self.state = State::Dead;
            return;
        }
        self.send(&[IoSlice::new(farewell)], || farewell.into());
        match mem::replace(&mut self.state, State::Dead) {
            // Its writer does it, after the last byte.
            State::Lagging(backlog) if backlog.close_when_drained() => {}
            State::Lagging(_) | State::Direct | State::Udp(_) => {
                let _peer_may_be_gone = self.link.transport.shutdown(Shutdown::Write);
            }
            State::Paced | State::Dead => {}
        }
    }

    fn send_directly(&mut self, pieces: &[IoSlice<'_>]) {
        if pieces.len() > MAX_SLICES {
            let whole = remaining(pieces, 0);
            return self.send_directly(&[IoSlice::new(&whole)]);
        }
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        match self.link.transport.write_nonblocking(pieces) {
            Ok(taken) if taken == total => {}
            Ok(taken) => self.start_lagging(remaining(pieces, taken)),
            // What the peer said before may still be waiting to be read, so it
            // is for the session to end this.
            Err(_broken) => {
                self.state = State::Dead;
                self.link.record_peer_gone();
            }
        }
    }

    /// From here on the member is lagging: `rest` waits, a writer is started.
    fn start_lagging(&mut self, rest: Arc<[u8]>) {
        let backlog = Arc::new(Backlog::new(rest, self.max_backlog));
        let link = Arc::clone(&self.link);
        self.link.lagging.store(true, Ordering::Relaxed);
        match backlog.start_writer(link, self.stall_timeout, &self.writers) {
            Ok(()) => self.state = State::Lagging(backlog),
            Err(_no_thread_left) => self.abort(),
        }
    }

    fn abort(&mut self) {
        self.state = State::Dead;
        self.link.abort(CloseReason::Slow);
    }
}

/// What stands in `pieces` after the first `skip` bytes.
fn remaining(pieces: &[IoSlice<'_>], mut skip: usize) -> Arc<[u8]> {
    let after = |piece: &IoSlice<'_>| {
        let skipped = skip.min(piece.len());
        skip -= skipped;
        piece.get(skipped..).unwrap_or_default().to_vec()
    };
    let parts: Vec<Vec<u8>> = pieces.iter().map(after).collect();
    parts.concat().into()
}
