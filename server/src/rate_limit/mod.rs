//! Rate limit: how fast a client may send. A token bucket, kept as one point in time.
//!
//! Writes: nothing.
//! Locks: the allowances of hosts, in `hosts`, and their requests, in `name_requests`.
//! Blocks: never; the session waits.
//!
//! Instead of counting tokens it stores when the bucket would be full again (the
//! generic cell rate algorithm, ITU-T I.371). Every line moves that point on, and a
//! line must wait for as long as the point lies too far ahead.

pub mod hosts;
pub mod name_requests;

use std::time::{Duration, Instant};

use crate::limits::Rate;

/// The allowance of one client.
#[derive(Clone, Copy)]
pub struct TokenBucket {
    /// The time one token takes to come back, and how far ahead a burst may run.
    pace: Option<(Duration, Duration)>,
    full_at: Instant,
}

impl TokenBucket {
    /// Makes a bucket that is full at `now`.
    pub fn new(rate: Rate, now: Instant) -> TokenBucket {
        let pace = match rate {
            Rate::Unlimited => None,
            Rate::Limited { per_second, burst } => {
                let token = Duration::from_secs(1) / per_second.max(1);
                Some((token, token * burst.max(1)))
            }
        };
        TokenBucket { pace, full_at: now }
    }

    /// Takes a token. Returns how long to wait until it is there.
    pub fn take(&mut self) -> Duration {
        match self.pace {
            None => Duration::ZERO, // without a look at the clock
            Some(_) => self.take_at(Instant::now()),
        }
    }

    /// Takes `tokens` more at once, for which later lines must wait.
    pub fn charge(&mut self, tokens: u32) {
        if let Some((token, _)) = self.pace {
            self.full_at += token * tokens;
        }
    }

    /// Returns `true` if nothing of the allowance is used at `now`.
    fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// Returns the bucket with what this one and `other` have used.
    pub fn union(self, other: TokenBucket) -> TokenBucket {
        TokenBucket {
            pace: self.pace,
            full_at: self.full_at.max(other.full_at),
        }
    }

    fn take_at(&mut self, now: Instant) -> Duration {
        let Some((token, burst)) = self.pace else {
            return Duration::ZERO;
        };
        self.full_at = self.full_at.max(now) + token;
        (self.full_at - now).saturating_sub(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::Limited {
        per_second: 10,
        burst: 3,
    };

    #[test]
    fn a_burst_is_free_and_then_each_line_waits_its_turn() {
        let now = Instant::now();
        let mut bucket = TokenBucket::new(RATE, now);
        let waits: Vec<u128> = (0..5).map(|_| bucket.take_at(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
    }

    #[test]
    fn a_pause_fills_the_bucket_and_no_more() {
        let now = Instant::now();
        let mut bucket = TokenBucket::new(RATE, now);
        for _ in 0..3 {
            bucket.take_at(now);
        }
        let later = now + Duration::from_secs(60);
        let waits: Vec<u128> = (0..4).map(|_| bucket.take_at(later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100]);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut bucket = TokenBucket::new(Rate::Unlimited, Instant::now());
        assert!((0..1000).all(|_| bucket.take().is_zero()));
    }
}
