//! Bandwidth: how fast several transfers may be together.
//!
//! One alone is as fast as the machine. Several would take all of its cores, and the
//! chat would wait: with four of them on two cores its delay rose to five times
//! (measured, see tests/README.md). So together they keep to a rate that leaves most
//! of the machine free, and is more than a network of one gigabit a second carries.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::sync::lock;

/// The bandwidth that all transfers share.
pub struct Bandwidth {
    /// The rate in bytes per second.
    rate: u64,
    running: AtomicUsize,
    /// The time until which the bytes moved so far use the rate.
    paid_until: Mutex<Instant>,
}

impl Bandwidth {
    /// Makes a rate of at most `rate` bytes per second.
    pub fn new(rate: u64) -> Bandwidth {
        Bandwidth {
            rate: rate.max(1),
            running: AtomicUsize::new(0),
            paid_until: Mutex::new(Instant::now()),
        }
    }

    /// Counts one more running transfer.
    pub fn begin(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one running transfer less.
    pub fn end(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns how long to pause after `bytes` were moved.
    pub fn pause(&self, bytes: u64, now: Instant) -> Duration {
        if self.running.load(Ordering::Relaxed) < 2 {
            return Duration::ZERO;
        }
        let cost = Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / self.rate);
        let mut paid = lock(&self.paid_until);
        *paid = (*paid).max(now) + cost;
        *paid - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_never_pauses_and_several_share_the_rate() {
        let pace = Bandwidth::new(1000);
        let now = Instant::now() + Duration::from_secs(1);
        pace.begin();
        assert_eq!(pace.pause(5000, now), Duration::ZERO);
        pace.begin();
        assert_eq!(pace.pause(500, now), Duration::from_millis(500));
        assert_eq!(pace.pause(500, now), Duration::from_millis(1000));
        // What was not used is not saved up.
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.pause(100, later), Duration::from_millis(100));
        pace.end();
        assert_eq!(pace.pause(500, later), Duration::ZERO);
    }
}
