//! What a thread does whose socket fails again and again: wait, and tell of it
//! now and then.

use std::time::{Duration, Instant};

use crate::log::Log;
use crate::stop::Shutdown;

/// The first pause after a failure. Without one, a server that is out of open
/// files would try, and fail, three million times a second (measured).
const MIN_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: so soon after the cause is gone, people get in.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// How often the log tells of it.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Failures in a row.
pub struct Backoff {
    pause: Duration,
    reported: Option<Instant>,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            pause: MIN_PAUSE,
            reported: None,
        }
    }
}

impl Backoff {
    /// Tells `what` has failed, unless that was told just now, and waits; longer
    /// each time, but not past `stop`.
    pub fn wait(&mut self, what: &str, log: &Log, stop: &Shutdown) {
        if self.reported.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            self.reported = Some(Instant::now());
            log.line(format!("[SERVER] {what}."));
        }
        stop.sleep(self.pause);
        self.pause = MAX_PAUSE.min(self.pause * 2);
    }

    /// Notes that it works again.
    pub fn reset(&mut self) {
        self.pause = MIN_PAUSE;
    }
}
