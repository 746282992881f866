//! Backoff: the pauses and reports of a thread whose socket fails again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::record::log::Log;
use crate::report::ReportInterval;
use crate::shutdown::Shutdown;
use crate::sync::lock;

/// The first pause after a failure. Without it, a server that is out of open files
/// would try, and fail, three million times a second (measured).
const MIN_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: so soon after the cause is gone, peers can connect.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// How often the failure is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The pauses and reports of a thread whose socket fails again and again. Copies, for
/// threads with the same socket, report together.
#[derive(Clone)]
pub struct Backoff {
    pause: Duration,
    report: Arc<Mutex<ReportInterval>>,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            pause: MIN_PAUSE,
            report: Arc::new(Mutex::new(ReportInterval::new(LOG_INTERVAL))),
        }
    }
}

impl Backoff {
    /// Logs `what` has failed, unless that was logged a moment ago, and sleeps.
    /// Each sleep is longer than the previous one; `shutdown` ends it.
    pub fn wait(&mut self, what: &str, log: &Log, shutdown: &Shutdown) {
        if lock(&self.report).is_due() {
            log.line(format!("[SERVER] {what}."));
        }
        shutdown.sleep(self.pause);
        self.pause = MAX_PAUSE.min(self.pause * 2);
    }

    /// Returns to the shortest pause, because the socket works again.
    pub fn reset(&mut self) {
        self.pause = MIN_PAUSE;
    }
}
