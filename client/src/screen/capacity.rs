//! Capacity: the memory of all updates that wait for the screen, and who may add to it.
//!
//! A terminal that was stopped (Ctrl-S) takes nothing for as long as its user likes. The
//! client goes on with the server meanwhile. So each producer has a limit of its own, and
//! the one that can slow its source down has the lowest:
//!
//! ```text
//! 0           1 MiB                2 MiB               4 MiB
//! | all go on | RECEIVER: no reads | SENDER: no input  | everybody blocks
//! ```
//!
//! Thread: any; the receiver waits here, the screen thread wakes it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::lock::lock;

/// The bytes beyond which the receiver does not read: some thousand lines. Then TCP slows
/// the server down.
const MAX_FOR_SERVER: usize = 1 << 20;

/// The bytes beyond which no input is taken. It is more than the server can fill, so that
/// its flood does not keep what is typed waiting.
const MAX_FOR_INPUT: usize = 2 << 20;

/// The bytes beyond which everything blocks. Nobody gets here who checks the other limits.
const MAX: usize = 4 << 20;

/// A counter of the bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Capacity {
    waiting: Mutex<Waiting>,
    /// Notified when there are fewer.
    shrunk: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: usize,
    /// `true` if nobody takes updates any more. Then nobody waits.
    is_closed: bool,
}

impl Capacity {
    /// Adds an update of so many bytes; blocks while there are far too many.
    pub(super) fn add(&self, bytes: usize) {
        let waiting = lock(&self.waiting);
        let is_full = |waiting: &mut Waiting| waiting.bytes >= MAX && !waiting.is_closed;
        let waited = self.shrunk.wait_while(waiting, is_full);
        waited.unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    /// Removes an update of so many bytes, because it was written.
    pub(super) fn remove(&self, bytes: usize) {
        let mut waiting = lock(&self.waiting);
        // Below that nobody waits.
        let may_wake = waiting.bytes >= MAX_FOR_SERVER;
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        if may_wake {
            self.shrunk.notify_all();
        }
    }

    /// Ends all waits for good.
    pub(super) fn close(&self) {
        lock(&self.waiting).is_closed = true;
        self.shrunk.notify_all();
    }

    /// Waits until the receiver may read. Returns `false` if `timeout` ends before.
    pub(super) fn wait_for_server(&self, timeout: Duration) -> bool {
        let waiting = lock(&self.waiting);
        let is_full = |waiting: &mut Waiting| waiting.bytes >= MAX_FOR_SERVER && !waiting.is_closed;
        let waited = self.shrunk.wait_timeout_while(waiting, timeout, is_full);
        let (_waiting, result) = waited.unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    /// Returns `true` if input may be taken.
    pub(super) fn has_room(&self) -> bool {
        let waiting = lock(&self.waiting);
        waiting.is_closed || waiting.bytes < MAX_FOR_INPUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_receiver_stops_first_then_the_input() {
        let capacity = Capacity::default();
        capacity.add(MAX_FOR_SERVER - 1);
        assert!(capacity.wait_for_server(SHORT));
        capacity.add(1);
        assert!(!capacity.wait_for_server(SHORT));
        assert!(capacity.has_room());
        capacity.add(MAX_FOR_INPUT - MAX_FOR_SERVER);
        assert!(!capacity.has_room());
        capacity.remove(MAX_FOR_INPUT);
        assert!(capacity.wait_for_server(SHORT) && capacity.has_room());
    }

    #[test]
    fn a_waiting_thread_goes_on_when_bytes_are_written_or_it_is_closed() {
        for closes in [false, true] {
            let capacity = Arc::new(Capacity::default());
            capacity.add(MAX);
            let copy = Arc::clone(&capacity);
            let waits = thread::spawn(move || {
                let read = copy.wait_for_server(LONG);
                copy.add(1);
                read
            });
            if closes {
                capacity.close();
            } else {
                capacity.remove(MAX);
            }
            assert!(waits.join().unwrap());
        }
    }
}
