//! Lifecycle: how one connection ends, and whether its session can still post.
//!
//! The thread that first finds a cause closes the connection. Its session sees the
//! cause before it reads again. At a shutdown the server must know when every
//! session has made its last post: it waits until none is at work. Two flags could
//! miss each other, as each side writes one and reads the other. So each side
//! writes first and reads second, with a sequentially consistent fence between:
//!
//! ```text
//! step  session                           the thread that stops the server
//! 1     waiting = false (guard dropped)   close = cause
//! 2     fence                             fence
//! 3     reads close                       reads waiting
//! 4     sees the cause, or ...            ... sees that the session is at work
//! ```
//!
//! At least one of the two reads in step 3 sees the other side's write (C++20 memory
//! model, [atomics.fences]). A waiting session posts nothing but its leave. A session
//! that moves a file counts as waiting as well: a shutdown does not wait for it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::{Duration, Instant};

use super::close::{Close, CloseReason};

/// The state of one connection's end.
#[derive(Default)]
pub struct Lifecycle {
    /// Set once, by the first that finds a cause.
    close: OnceLock<Close>,
    /// Set once, when the connection is closed from outside after a break.
    outranking: OnceLock<Close>,
    /// The session blocks on a read, moves a file, or is done.
    waiting: AtomicBool,
    /// The session has made its last post and only waits for the peer to close.
    done: AtomicBool,
    /// When a write first found that the peer is gone.
    peer_gone: OnceLock<Instant>,
}

impl Lifecycle {
    /// Sets why the connection closes. Returns `true` if no cause was set before.
    ///
    /// A session that is at work sees it before its next read. One that waits for
    /// bytes sees it after some come, or after
    /// [`interrupt_read`](super::Connection::interrupt_read).
    pub fn set_close(&self, close: impl Into<Close>) -> bool {
        self.close.set(close.into()).is_ok()
    }

    /// Sets why the connection is closed from outside. It outranks a break, after which
    /// the member could come back. Returns `true` if it counts.
    pub fn set_disconnect(&self, close: Close) -> bool {
        let is_break = |close: &Close| close.reason.is_break();
        self.set_close(close.clone())
            || self.close.get().is_some_and(is_break) && self.outranking.set(close).is_ok()
    }

    /// Returns why the connection closes, if it does.
    pub fn close_cause(&self) -> Option<&Close> {
        self.outranking.get().or_else(|| self.close.get())
    }

    /// Returns why the operator disconnects the member, if so.
    pub fn kick(&self) -> Option<&Close> {
        let is_kick = |close: &&Close| close.reason == CloseReason::Kicked;
        self.close_cause().filter(is_kick)
    }

    /// Marks the session as waiting until the guard is dropped. A session that goes on
    /// to post must look at [`close_cause`](Self::close_cause) right after the drop.
    pub fn begin_wait(&self) -> WaitGuard<'_> {
        self.set_waiting(true);
        WaitGuard(self)
    }

    fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Returns `true` if the session posts nothing more, once a cause is set.
    pub fn has_nothing_to_post(&self) -> bool {
        fence(Ordering::SeqCst);
        self.waiting.load(Ordering::Relaxed)
    }

    /// Marks that the session has made its last post.
    pub fn mark_done(&self) {
        self.done.store(true, Ordering::Relaxed);
        self.set_waiting(true);
    }

    /// Returns `true` if the session has made its last post.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// Records that a write has found the peer gone.
    pub fn record_peer_gone(&self) {
        let _first_time = self.peer_gone.set(Instant::now());
    }

    /// Returns `true` if a write has found the peer gone.
    pub fn is_peer_gone(&self) -> bool {
        self.peer_gone.get().is_some()
    }

    /// Returns for how long the peer is known to be gone; zero if it is not.
    pub fn peer_gone_for(&self) -> Duration {
        let since = self.peer_gone.get();
        since.map(Instant::elapsed).unwrap_or_default()
    }
}

/// A wait of the session. Dropping it marks the session as at work again.
#[must_use]
pub struct WaitGuard<'a>(&'a Lifecycle);

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.set_waiting(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_counts() {
        let lifecycle = Lifecycle::default();
        assert!(lifecycle.close_cause().is_none());
        assert!(lifecycle.set_close(CloseReason::Eof));
        assert!(!lifecycle.set_close(CloseReason::Kicked));
        assert_eq!(lifecycle.close_cause().unwrap().reason, CloseReason::Eof);
    }

    #[test]
    fn a_kick_outranks_a_break_and_nothing_else() {
        let kicked = || Close::from(CloseReason::Kicked);
        let [broken, quit] = [CloseReason::Reset, CloseReason::Quit].map(|first| {
            let lifecycle = Lifecycle::default();
            assert!(lifecycle.set_close(first));
            lifecycle
        });
        assert!(broken.set_disconnect(kicked()) && !broken.set_disconnect(kicked()));
        assert!(broken.kick().is_some());
        assert!(!quit.set_disconnect(kicked()) && quit.kick().is_none());
        assert_eq!(quit.close_cause().unwrap().reason, CloseReason::Quit);
    }

    #[test]
    fn a_session_waits_until_its_guard_is_dropped_and_for_ever_when_done() {
        let lifecycle = Lifecycle::default();
        assert!(!lifecycle.has_nothing_to_post());
        let guard = lifecycle.begin_wait();
        assert!(lifecycle.has_nothing_to_post());
        drop(guard);
        assert!(!lifecycle.has_nothing_to_post() && !lifecycle.is_done());
        lifecycle.mark_done();
        assert!(lifecycle.has_nothing_to_post() && lifecycle.is_done());
    }
}
