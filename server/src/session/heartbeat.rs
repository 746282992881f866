//! Tells a program's heartbeat from a person's empty line.
//!
//! Our client sends an empty line at a steady pace, so its silence means that
//! it is gone. Somebody at `nc` who presses Enter once has promised nothing and
//! may then listen for an hour. The rhythm tells them apart: three empty lines
//! in a row, each one interval after the last, give or take a fifth.

use std::time::{Duration, Instant};

/// What is known of one client's heartbeat.
pub struct HeartbeatMonitor {
    interval: Duration,
    last: Option<Instant>,
    /// How many beats in a row came in the rhythm.
    in_rhythm: u32,
    steady: bool,
}

impl HeartbeatMonitor {
    /// No heartbeat seen so far; `interval` is what programs keep.
    pub fn new(interval: Duration) -> HeartbeatMonitor {
        HeartbeatMonitor {
            interval,
            last: None,
            in_rhythm: 0,
            steady: false,
        }
    }

    /// Notes an empty line at `now`.
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

    /// Notes that the client has promised to keep the protocol's own interval.
    pub fn opt_in(&mut self) {
        self.steady = true;
        self.interval = self.interval.max(common::HEARTBEAT);
    }

    /// Notes that every client of its kind has to keep a heartbeat.
    pub fn require(&mut self) {
        self.steady = true;
    }

    /// How long the client may be silent, if it keeps a heartbeat.
    pub fn timeout(&self) -> Option<Duration> {
        let missed = common::MAX_MISSED_HEARTBEATS;
        self.steady.then(|| self.interval * missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The patience after empty lines at these seconds.
    fn patience(seconds: &[u64]) -> Option<u64> {
        let begin = Instant::now();
        let mut pulse = HeartbeatMonitor::new(Duration::from_secs(30));
        for &second in seconds {
            pulse.record_blank(begin + Duration::from_secs(second));
        }
        pulse.timeout().map(|time| time.as_secs())
    }

    #[test]
    fn a_steady_pulse_is_a_promise() {
        assert_eq!(patience(&[0, 30, 60]), Some(90));
        assert_eq!(patience(&[1, 4, 33, 64]), Some(90));
        assert_eq!(patience(&[0, 30, 60, 61]), Some(90));
    }

    #[test]
    fn a_person_pressing_enter_promises_nothing() {
        assert_eq!(patience(&[]), None);
        assert_eq!(patience(&[5, 35]), None);
        assert_eq!(patience(&[0, 1, 2, 10, 300]), None);
    }
}
