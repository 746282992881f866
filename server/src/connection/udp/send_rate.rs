//! Send rate: how fast one peer is sent to.
//!
//! A long answer would else arrive at once. It would overflow the peer's socket, and fill
//! the queues of the network in front of the lines for others.
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::{Duration, Instant};

/// The bytes that a peer is sent in a second. A class of thirty that all receive long
/// answers takes 74 Mbit/s, and so leaves a quarter of a network of 100 Mbit/s to others.
/// They are 2,400 lines of 64 bytes, more than a person reads.
const BYTES_PER_SECOND: u64 = 300 * 1024;

/// The bytes that a datagram takes beside its line: the headers of IP and UDP, the numbers
/// and the newline.
const BYTES_BESIDE: usize = 64;

/// The time whose bytes are sent at once: 3 KiB, in at most 48 datagrams. They fit into
/// a socket's buffer many times, and a hundred wake-ups a second cost next to nothing.
pub const TICK: Duration = Duration::from_millis(10);

/// The state of one peer: the generic cell rate algorithm, as for the lines that members
/// send (`rate_limit/`).
pub struct SendRate {
    /// The time at which a peer of this rate would have received all that was sent.
    arrives_at: Instant,
}

impl SendRate {
    /// Makes the rate of a peer that was sent nothing before `now`.
    pub fn new(now: Instant) -> SendRate {
        SendRate { arrives_at: now }
    }

    /// Returns `true` if the next line need not wait.
    pub fn allows(&self, now: Instant) -> bool {
        self.arrives_at < now + TICK
    }

    /// Records that a line of `length` bytes is sent.
    pub fn record_sent(&mut self, length: usize, now: Instant) {
        let bytes = (length + BYTES_BESIDE) as u64;
        let time = Duration::from_nanos(bytes * 1_000_000_000 / BYTES_PER_SECOND);
        self.arrives_at = self.arrives_at.max(now) + time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_at_once_and_then_the_rate() {
        const LENGTH: usize = 1000;
        let begin = Instant::now();
        let mut rate = SendRate::new(begin);
        let mut sent = [0; 101];
        for (tick, sent) in (0..).zip(&mut sent) {
            let now = begin + TICK * tick;
            // Without any limit it would go on forever.
            while rate.allows(now) && *sent < 100 * LENGTH {
                rate.record_sent(LENGTH, now);
                *sent += LENGTH + BYTES_BESIDE;
            }
        }
        let a_second = BYTES_PER_SECOND as usize;
        assert!((a_second / 100..a_second / 100 + LENGTH + BYTES_BESIDE).contains(&sent[0]));
        let sent: usize = sent[1..].iter().sum();
        assert!(sent.abs_diff(a_second) <= LENGTH + BYTES_BESIDE, "{sent}");
    }
}
