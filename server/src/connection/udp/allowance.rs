//! Allowance: how many bytes a peer may receive that anybody can speak for.
//!
//! The datagrams of a peer without a secret start may be from a made-up source. Each of
//! them can ask for 64 KiB (`/history 1000`), and the real owner of the address receives
//! it all. So such a peer receives little more than it sends.
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::{Duration, Instant};

/// The bytes that a peer may receive in a minute beyond those that it has sent, without
/// headers. They are 18 lines of 60 bytes a second, more than a person reads, and no
/// more than a slow line carries beside its owner's work.
const BYTES_PER_MINUTE: usize = 64 * 1024;

/// The part of it for the notice that lines were dropped, which has its number with it.
const NOTICE_BYTES: usize = 128;

const MINUTE: Duration = Duration::from_secs(60);

/// The notice for a peer whose lines were dropped.
pub const DROPPED: &str = "! Some lines were dropped, UDP without numbers carries 64 KiB a minute.";

/// The bytes of one peer in one minute.
pub struct Allowance {
    minute_began: Instant,
    left: usize,
    notified: bool,
}

/// The outcome of a request for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The datagram may be sent.
    Granted,
    /// It must be dropped.
    Denied,
    /// It is the first one of this minute that must be dropped.
    FirstDenied,
}

impl Allowance {
    /// Makes the allowance of a minute that begins at `now`.
    pub fn new(now: Instant) -> Allowance {
        Allowance {
            minute_began: now,
            left: BYTES_PER_MINUTE - NOTICE_BYTES,
            notified: false,
        }
    }

    /// Adds `bytes` that the peer has sent.
    pub fn earn(&mut self, bytes: usize, now: Instant) {
        self.renew(now);
        self.left = self.left.saturating_add(bytes);
    }

    /// Takes `bytes` for a datagram. A shorter one may still be granted after a denial.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Spent {
        self.renew(now);
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Spent::Granted
            }
            None if self.notified => Spent::Denied,
            None => {
                self.notified = true;
                Spent::FirstDenied
            }
        }
    }

    /// Begins a new minute if the last one is over.
    fn renew(&mut self, now: Instant) {
        if now.saturating_duration_since(self.minute_began) >= MINUTE {
            *self = Allowance::new(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_carries_its_bytes_and_those_that_were_sent() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        let mut granted = 0;
        while allowance.spend(1000, now) == Spent::Granted {
            granted += 1000;
        }
        assert!(granted + NOTICE_BYTES <= BYTES_PER_MINUTE, "{granted}");
        assert!(
            granted + NOTICE_BYTES + 1000 > BYTES_PER_MINUTE,
            "{granted}"
        );
        assert_eq!(allowance.spend(1000, now), Spent::Denied);
        allowance.earn(1000, now);
        assert_eq!(allowance.spend(1000, now), Spent::Granted);
        let almost = now + MINUTE - Duration::from_millis(1);
        assert_eq!(allowance.spend(1000, almost), Spent::Denied);
        assert_eq!(allowance.spend(1000, now + MINUTE), Spent::Granted);
    }

    #[test]
    fn the_peer_is_notified_once_a_minute() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        let too_much = BYTES_PER_MINUTE + 1;
        for minute in 0..3 {
            let now = now + MINUTE * minute;
            assert_eq!(allowance.spend(too_much, now), Spent::FirstDenied);
            assert_eq!(allowance.spend(too_much, now), Spent::Denied);
        }
    }

    #[test]
    fn the_notice_has_its_place() {
        assert!(DROPPED.len() + common::udp::sequence::MAX_PREFIX < NOTICE_BYTES);
        assert!(!DROPPED.contains(':'));
    }
}
