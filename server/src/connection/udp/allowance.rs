//! Allowance: how many bytes a peer may receive that anybody can speak for.
//!
//! The datagrams of a peer without a secret start may be from a made-up source. Each of
//! them can ask for 64 KiB (`/history 1000`), and the real owner of the address receives
//! it all. So such a peer receives little more than it sends.
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::{Duration, Instant};

/// The bytes that a peer may receive at once, and again in each minute, beyond those that
/// it has sent, without headers. They are 18 lines of 60 bytes a second, more than a person
/// reads, and no more than a slow line carries beside its owner's work.
const BYTES_PER_MINUTE: usize = 64 * 1024;

/// The part of it for the notice that lines were dropped, which has its number with it.
const NOTICE_BYTES: usize = 128;

const MINUTE: Duration = Duration::from_secs(60);

/// The notice for a peer whose lines were dropped.
pub const DROPPED: &str = "! Some lines were dropped, UDP without numbers carries 64 KiB a minute.";

/// The bytes of one peer: the generic cell rate algorithm, as for the lines that members
/// send (`rate_limit/`).
pub struct Allowance {
    /// The time at which all is allowed again.
    full_at: Instant,
    notified_at: Option<Instant>,
}

/// The outcome of a request for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The datagram may be sent.
    Granted,
    /// It must be dropped.
    Denied,
    /// It must be dropped, and the first in a minute.
    FirstDenied,
}

impl Allowance {
    /// Makes the allowance of a peer that has received nothing before `now`.
    pub fn new(now: Instant) -> Allowance {
        Allowance {
            full_at: now,
            notified_at: None,
        }
    }

    /// Adds `bytes` that the peer has sent.
    pub fn earn(&mut self, bytes: usize) {
        self.full_at = self
            .full_at
            .checked_sub(time_of(bytes))
            .unwrap_or(self.full_at);
    }

    /// Takes `bytes` for a datagram. A shorter one may still be granted after a denial.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Spent {
        let full_at = self.full_at.max(now) + time_of(bytes);
        if full_at <= now + time_of(BYTES_PER_MINUTE - NOTICE_BYTES) {
            self.full_at = full_at;
            return Spent::Granted;
        }
        let is_recent = |at| now.saturating_duration_since(at) < MINUTE;
        if self.notified_at.is_some_and(is_recent) {
            return Spent::Denied;
        }
        self.notified_at = Some(now);
        Spent::FirstDenied
    }
}

/// Returns the time in which so many bytes come back.
fn time_of(bytes: usize) -> Duration {
    Duration::from_nanos(bytes as u64 * 60_000_000_000 / BYTES_PER_MINUTE as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many bytes are granted at `now`.
    fn spend_all(allowance: &mut Allowance, now: Instant) -> usize {
        let granted = |_: &&()| allowance.spend(1000, now) == Spent::Granted;
        1000 * [(); 1000].iter().take_while(granted).count()
    }

    #[test]
    fn the_bytes_of_a_minute_are_granted_at_once_and_come_back_in_a_minute() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        let most = BYTES_PER_MINUTE - NOTICE_BYTES;
        assert_eq!(spend_all(&mut allowance, now), most / 1000 * 1000);
        allowance.earn(1000);
        assert_eq!(spend_all(&mut allowance, now), 1000);
        // Also around the end of a minute there are no two of them at once.
        let almost = now + MINUTE - Duration::from_secs(1);
        let before = spend_all(&mut allowance, almost);
        let after = spend_all(&mut allowance, now + MINUTE);
        assert!(before + after <= BYTES_PER_MINUTE, "{before}, {after}");
        assert!(
            before + after > BYTES_PER_MINUTE - 2000,
            "{before}, {after}"
        );
        let much_later = now + 10 * MINUTE;
        assert_eq!(spend_all(&mut allowance, much_later), most / 1000 * 1000);
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
