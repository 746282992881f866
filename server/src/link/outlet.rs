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

use super::Link;
use super::backlog::{Backlog, Pushed};
use super::pacer::{Pacer, Stuck};
use super::pipe::Pipe;
use super::wire::Wire;
use super::writers::Writers;
use crate::limits::Limits;
use crate::reason::Reason;
use crate::udp::Peer;

/// The most pieces handed to one write; the kernel takes 1,024 (`IOV_MAX`), but
/// from about here on copying them together costs no more.
const MOST_PIECES: usize = 64;

/// Writes to one connection, on behalf of the broadcaster.
pub struct Outlet {
    link: Arc<Link>,
    state: State,
    backlog_limit: usize,
    stall_limit: Duration,
    writers: Arc<Writers>,
}

enum State {
    /// Everything so far has been taken by the socket.
    Direct,
    /// A writer thread drains the backlog; nobody else may write.
    Lagging(Arc<Backlog>),
    /// The pacer writes; nobody else may.
    Paced,
    /// Each line is a datagram; one that is lost is lost.
    Datagrams(Arc<Peer>),
    /// Given up, broken, or closed: what is sent goes nowhere.
    Dead,
}

impl Outlet {
    pub(super) fn new(link: Arc<Link>, limits: &Limits, writers: Arc<Writers>) -> Outlet {
        Outlet {
            state: match &link.wire {
                Wire::Stream(_) => State::Direct,
                Wire::Datagrams(peer) => State::Datagrams(Arc::clone(peer)),
            },
            link,
            backlog_limit: limits.backlog,
            stall_limit: limits.stall,
            writers,
        }
    }

    /// The number of its connection.
    pub fn id(&self) -> super::Id {
        self.link.id
    }

    /// Sends `pieces` one after the other, now or through the backlog; for that
    /// `keep` gives a copy of them.
    pub fn send(&mut self, pieces: &[IoSlice<'_>], keep: impl Fn() -> Arc<[u8]>) {
        if let State::Lagging(backlog) = &self.state {
            match backlog.push(keep()) {
                Pushed::Waiting => return,
                Pushed::Drained => self.state = State::Direct,
                Pushed::Full => return self.give_up(),
            }
        }
        match &self.state {
            State::Direct => self.send_directly(pieces),
            State::Paced => {
                let most = self.backlog_limit;
                self.hand_over(|pacer, link| pacer.push(link, keep(), most));
            }
            State::Datagrams(peer) => peer.send(keep()),
            State::Lagging(_) | State::Dead => {}
        }
    }

    /// From here on what is sent goes through the pacer, as the peer knows no
    /// lines. It is new, so nothing waits for it yet.
    pub fn unframe(&mut self) {
        if let State::Direct = self.state {
            self.state = State::Paced;
        }
    }

    fn hand_over(&mut self, order: impl FnOnce(&Pacer, &Arc<Link>) -> Result<(), Stuck>) {
        if let Err(Stuck) = order(&self.writers.pacer, &self.link) {
            self.give_up();
        }
    }

    /// Leaves the writing to the session. Whoever asks for a file has been told
    /// nothing yet, so nothing waits to be sent.
    pub fn into_pipe(self) -> Pipe {
        Pipe::new(self.link)
    }

    /// Sends `farewell` as the last, then tells the peer that nothing follows.
    pub fn close(&mut self, farewell: &[u8]) {
        if let State::Paced = self.state {
            self.hand_over(|pacer, link| pacer.close(link, farewell.into()));
            self.state = State::Dead;
            return;
        }
        self.send(&[IoSlice::new(farewell)], || farewell.into());
        match mem::replace(&mut self.state, State::Dead) {
            // Its writer does it, after the last byte.
            State::Lagging(backlog) if backlog.close_when_drained() => {}
            State::Lagging(_) | State::Direct | State::Datagrams(_) => {
                let _peer_may_be_gone = self.link.wire.shutdown(Shutdown::Write);
            }
            State::Paced | State::Dead => {}
        }
    }

    fn send_directly(&mut self, pieces: &[IoSlice<'_>]) {
        if pieces.len() > MOST_PIECES {
            let whole = rest(pieces, 0);
            return self.send_directly(&[IoSlice::new(&whole)]);
        }
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        match self.link.wire.write_without_waiting(pieces) {
            Ok(taken) if taken == total => {}
            Ok(taken) => self.lag(rest(pieces, taken)),
            // What the peer said before may still be waiting to be read, so it
            // is for the session to end this.
            Err(_broken) => {
                self.state = State::Dead;
                self.link.deafen();
            }
        }
    }

    /// From here on the member is lagging: `rest` waits, a writer is started.
    fn lag(&mut self, rest: Arc<[u8]>) {
        let backlog = Arc::new(Backlog::new(rest, self.backlog_limit));
        let link = Arc::clone(&self.link);
        self.link.lagging.store(true, Ordering::Relaxed);
        match backlog.start_writer(link, self.stall_limit, &self.writers) {
            Ok(()) => self.state = State::Lagging(backlog),
            Err(_no_thread_left) => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        self.state = State::Dead;
        self.link.give_up(Reason::Slow);
    }
}

/// What stands in `pieces` after the first `skip` bytes.
fn rest(pieces: &[IoSlice<'_>], mut skip: usize) -> Arc<[u8]> {
    let after = |piece: &IoSlice<'_>| {
        let skipped = skip.min(piece.len());
        skip -= skipped;
        piece.get(skipped..).unwrap_or_default().to_vec()
    };
    let parts: Vec<Vec<u8>> = pieces.iter().map(after).collect();
    parts.concat().into()
}
