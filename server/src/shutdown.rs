//! Shutdown: the signal to stop, which threads can see and wait for.
//!
//! The signal is a `WaitGroup` whose only guard is dropped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::sync::{WaitGroup, WaitGroupGuard, lock, wait_group};

/// Makes the two ends of a shutdown signal.
pub fn channel() -> (ShutdownHandle, Shutdown) {
    let (done, group) = wait_group();
    let handle = ShutdownHandle(Arc::new(Mutex::new(Some(done))));
    (handle, Shutdown(group))
}

/// The end that triggers the signal, from any thread.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<Mutex<Option<WaitGroupGuard>>>);

impl ShutdownHandle {
    /// Triggers the signal. Returns `true` if this was the first time.
    pub fn trigger(&self) -> bool {
        lock(&self.0).take().is_some()
    }
}

/// The end that sees the signal.
#[derive(Clone)]
pub struct Shutdown(WaitGroup);

impl Shutdown {
    /// Returns `true` if the signal was triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.is_done()
    }

    /// Blocks until the signal is triggered.
    pub fn wait(&self) {
        self.0.wait();
    }

    /// Sleeps for `time`, or until the signal. Returns `true` if it was triggered.
    pub fn sleep(&self, time: Duration) -> bool {
        self.0.wait_timeout(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_trigger_counts_and_every_copy_sees_it() {
        let (handle, shutdown) = channel();
        let other = shutdown.clone();
        assert!(!shutdown.is_triggered());
        assert!(!shutdown.sleep(Duration::from_millis(1)));
        assert!(handle.trigger());
        assert!(!handle.clone().trigger());
        assert!(shutdown.is_triggered() && other.sleep(Duration::from_secs(60)));
        shutdown.wait();
    }
}
