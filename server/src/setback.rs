//! What a thread does whose socket fails again and again: wait, and tell of it
//! now and then.

use std::time::{Duration, Instant};

use crate::log::Log;
use crate::stop::Stop;

/// The first pause after a failure. Without one, a server that is out of open
/// files would try, and fail, three million times a second (measured).
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: so soon after the cause is gone, people get in.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often the log tells of it.
const REPEAT: Duration = Duration::from_secs(10);

/// Failures in a row.
pub struct Setback {
    pause: Duration,
    reported: Option<Instant>,
}

impl Default for Setback {
    fn default() -> Setback {
        Setback {
            pause: SHORTEST_PAUSE,
            reported: None,
        }
    }
}

impl Setback {
    /// Tells `what` has failed, unless that was told just now, and waits; longer
    /// each time, but not past `stop`.
    pub fn suffer(&mut self, what: &str, log: &Log, stop: &Stop) {
        if self.reported.is_none_or(|at| at.elapsed() >= REPEAT) {
            self.reported = Some(Instant::now());
            log.line(format!("[SERVER] {what}."));
        }
        stop.sleep(self.pause);
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
    }

    /// Notes that it works again.
    pub fn is_over(&mut self) {
        self.pause = SHORTEST_PAUSE;
    }
}
