//! Synchronization: a lock that outlives a panic, and a wait that ends by dropping.
//!
//! Thread: every thread may use these; they know nothing of the chat.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

/// Locks `mutex`, even after a thread has panicked while it held the lock.
///
/// Each value behind a lock of this server is valid after every single statement
/// that changes it, so a panic cannot leave one half changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guard of something that still runs. Dropping the last copy ends the wait: all is
/// done.
#[derive(Clone)]
pub struct WaitGroupGuard {
    _sender: Sender<Infallible>,
}

/// A wait for the drop of all guards.
///
/// It is the receiving end of a channel that never carries a value: `Infallible`
/// has none. The channel disconnects with its last sender. That wakes every
/// receiver, however many there are, and a receiver that looks later sees it too.
#[derive(Clone)]
pub struct WaitGroup(Receiver<Infallible>);

/// Makes a guard and the wait for its drop.
pub fn wait_group() -> (WaitGroupGuard, WaitGroup) {
    let (sender, receiver) = bounded(1);
    (WaitGroupGuard { _sender: sender }, WaitGroup(receiver))
}

impl WaitGroup {
    /// Returns `true` if all guards are dropped.
    pub fn is_done(&self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Blocks until all guards are dropped.
    pub fn wait(&self) {
        let Err(_disconnected) = self.0.recv();
    }

    /// Blocks for at most `time`. Returns `true` if all guards are dropped.
    pub fn wait_timeout(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }

    /// Blocks until `deadline` at most. Returns `true` if all guards are dropped.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        self.0.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_last_guard() {
        let (guard, group) = wait_group();
        let copy = guard.clone();
        drop(guard);
        assert!(!group.is_done());
        assert!(!group.wait_timeout(Duration::from_millis(1)));
        drop(copy);
        assert!(group.is_done() && group.clone().wait_timeout(Duration::from_secs(60)));
        group.wait();
    }
}
