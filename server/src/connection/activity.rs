//! Activity: when a connection was opened, and when something last came.
//!
//! Thread: the times are written by the session alone, and read by every thread.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::limits;
use crate::sync::lock;

/// The times of one connection.
pub struct Activity {
    opened: Instant,
    /// When its member last said something, in nanoseconds after `opened`.
    last_message: AtomicU64,
    /// When its last bytes came, in nanoseconds after `opened`.
    last_received: AtomicU64,
    /// The requests of others for the name of its member, in a row.
    name_requests: Mutex<NameRequests>,
    /// The number of other connections that wait for the name.
    pub name_waits: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct NameRequests {
    count: u32,
    last: Option<Instant>,
}

/// The pause after which a request for a name counts as the first again.
const REQUESTS_FORGOTTEN: Duration = Duration::from_secs(60);

/// The requests in a row that are refused at once: a class may all want one name.
const FREE_REQUESTS: u32 = 60;

/// The delay of the first refusal after those. It doubles with each.
const FIRST_REFUSAL_DELAY: Duration = Duration::from_millis(250);

impl Activity {
    /// Makes the times of a connection that was opened just now.
    pub fn new() -> Activity {
        Activity {
            opened: Instant::now(),
            last_message: AtomicU64::new(0),
            last_received: AtomicU64::new(0),
            name_requests: Mutex::default(),
            name_waits: AtomicUsize::new(0),
        }
    }

    /// Records that another peer has requested the name of the member. Returns how long
    /// to delay the refusal: the first come at once, each further one later.
    pub fn record_name_request(&self) -> Duration {
        let mut requests = lock(&self.name_requests);
        let last = requests.last.replace(Instant::now());
        if last.is_none_or(|last| last.elapsed() > REQUESTS_FORGOTTEN) {
            requests.count = 0;
        }
        requests.count += 1;
        let Some(excess) = requests.count.checked_sub(FREE_REQUESTS + 1) else {
            return Duration::ZERO;
        };
        let delay = FIRST_REFUSAL_DELAY.saturating_mul(2_u32.saturating_pow(excess));
        delay.min(limits::MAX_NAME_REFUSAL_DELAY)
    }

    /// Returns a copy of the times so far.
    pub fn snapshot(&self) -> Activity {
        let copy = |time: &AtomicU64| AtomicU64::new(time.load(Ordering::Relaxed));
        Activity {
            opened: self.opened,
            last_message: copy(&self.last_message),
            last_received: copy(&self.last_received),
            name_requests: Mutex::new(*lock(&self.name_requests)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_requested_again_and_again_is_refused_later_and_later() {
        let activity = Activity::new();
        let next = || activity.record_name_request().as_millis();
        assert!((0..FREE_REQUESTS).all(|_| next() == 0));
        let delays: Vec<u128> = (0..7).map(|_| next()).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 8000]);
    }
}
