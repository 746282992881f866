//! Heartbeat: tells a program's blank lines from a person's.
//!
//! Our client sends a blank line at a steady pace, so its silence means that it is
//! gone. A person at `nc` who presses Enter once may then read for an hour. The
//! rhythm tells them apart: three blank lines in a row, each one interval after the
//! previous one, give or take a fifth.

use std::time::{Duration, Instant};

/// The blank lines of one client, and whether they are a heartbeat.
pub struct HeartbeatMonitor {
    interval: Duration,
    last: Option<Instant>,
    /// The number of lines in a row that kept the rhythm.
    in_rhythm: u32,
    steady: bool,
}

impl HeartbeatMonitor {
    /// Makes a monitor for programs that send a blank line each `interval`.
    pub fn new(interval: Duration) -> HeartbeatMonitor {
        HeartbeatMonitor {
            interval,
            last: None,
            in_rhythm: 0,
            steady: false,
        }
    }

    /// Records a blank line at `now`.
    pub fn record_blank(&mut self, now: Instant) {
        let fifth = self.interval / 5;
        let gap = self.last.replace(now).map(|last| now - last);
        let expected = self.interval - fifth..=self.interval + fifth;
        match gap {
            Some(gap) if expected.contains(&gap) => self.in_rhythm += 1,
            _ => self.in_rhythm = 0,
        }
        self.steady |= self.in_rhythm == 2;
    }

    /// Records that the client keeps a heartbeat in the protocol's own interval.
    pub fn opt_in(&mut self) {
        self.steady = true;
        self.interval = self.interval.max(common::HEARTBEAT);
    }

    /// Records that every client of its kind must keep a heartbeat.
    pub fn require(&mut self) {
        self.steady = true;
    }

    /// Returns how long the client may be silent, if it keeps a heartbeat.
    pub fn timeout(&self) -> Option<Duration> {
        let missed = common::MAX_MISSED_HEARTBEATS;
        self.steady.then(|| self.interval * missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the timeout after blank lines at these seconds.
    fn timeout(seconds: &[u64]) -> Option<u64> {
        let begin = Instant::now();
        let mut monitor = HeartbeatMonitor::new(Duration::from_secs(30));
        for &second in seconds {
            monitor.record_blank(begin + Duration::from_secs(second));
        }
        monitor.timeout().map(|time| time.as_secs())
    }

    #[test]
    fn a_steady_rhythm_is_a_heartbeat() {
        assert_eq!(timeout(&[0, 30, 60]), Some(90));
        assert_eq!(timeout(&[1, 4, 33, 64]), Some(90));
        assert_eq!(timeout(&[0, 30, 60, 61]), Some(90));
    }

    #[test]
    fn a_person_who_presses_enter_keeps_no_heartbeat() {
        assert_eq!(timeout(&[]), None);
        assert_eq!(timeout(&[5, 35]), None);
        assert_eq!(timeout(&[0, 1, 2, 10, 300]), None);
    }
}
