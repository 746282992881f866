//! Report: how often a repeated fault is reported.

use std::time::{Duration, Instant};

/// A limit on how often a repeated fault is reported.
pub struct ReportInterval {
    interval: Duration,
    reported: Option<Instant>,
}

impl ReportInterval {
    /// Makes one that allows a report each `interval`, the first at once.
    pub fn new(interval: Duration) -> ReportInterval {
        ReportInterval {
            interval,
            reported: None,
        }
    }

    /// Returns `true` if a report is due, and counts it as made.
    pub fn is_due(&mut self) -> bool {
        let due = self.reported.is_none_or(|at| at.elapsed() >= self.interval);
        if due {
            self.reported = Some(Instant::now());
        }
        due
    }

    /// Allows the next report at once, because the fault is over.
    pub fn reset(&mut self) {
        self.reported = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_reported_once_an_interval_and_again_after_its_end() {
        let mut report = ReportInterval::new(Duration::from_secs(3600));
        assert!(report.is_due() && !report.is_due());
        report.reset();
        assert!(report.is_due());
    }
}
