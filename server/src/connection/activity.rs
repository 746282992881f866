//! Activity: when a connection was opened, and when something last came.
//!
//! Thread: the times are written by the session alone, and read by every thread.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The times of one connection.
pub struct Activity {
    opened: Instant,
    /// When its member last said something, in nanoseconds after `opened`.
    last_message: AtomicU64,
    /// When its last bytes came, in nanoseconds after `opened`.
    last_received: AtomicU64,
    /// The number of other connections that wait for the name.
    pub name_waits: AtomicUsize,
}

impl Activity {
    /// Makes the times of a connection that was opened just now.
    pub fn new() -> Activity {
        Activity {
            opened: Instant::now(),
            last_message: AtomicU64::new(0),
            last_received: AtomicU64::new(0),
            name_waits: AtomicUsize::new(0),
        }
    }

    /// Returns a copy of the times so far.
    pub fn snapshot(&self) -> Activity {
        let copy = |time: &AtomicU64| AtomicU64::new(time.load(Ordering::Relaxed));
        Activity {
            opened: self.opened,
            last_message: copy(&self.last_message),
            last_received: copy(&self.last_received),
            name_waits: AtomicUsize::new(0),
        }
    }

    /// Returns the time at which the connection was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// Records that the member said something just now.
    pub fn record_message(&self) {
        self.last_message.store(self.now(), Ordering::Relaxed);
    }

    /// Records that bytes came just now.
    pub fn record_received(&self) {
        self.last_received.store(self.now(), Ordering::Relaxed);
    }

    /// Returns the time at which the last bytes came.
    pub fn last_received(&self) -> Instant {
        self.opened + Duration::from_nanos(self.last_received.load(Ordering::Relaxed))
    }

    /// Returns for how long the member has said nothing.
    pub fn idle_time(&self) -> Duration {
        let last = Duration::from_nanos(self.last_message.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(last)
    }

    /// Returns the nanoseconds since `opened`.
    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
