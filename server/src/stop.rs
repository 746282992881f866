//! Turns "it is time to end" into something that threads can see and wait for.
//!
//! The channel of a [`Stop`] never carries anything. It has one sender, and
//! dropping that is the signal: it reaches every receiver, however many there
//! are, wakes those that wait, and cannot be missed by those that look later.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

/// Makes the two ends of a stop signal.
pub fn channel() -> (ShutdownHandle, Shutdown) {
    let (sender, receiver) = bounded(1);
    let stopper = ShutdownHandle(Arc::new(Mutex::new(Some(sender))));
    (stopper, Shutdown(receiver))
}

/// Raises the signal, from any thread.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<Mutex<Option<Sender<Infallible>>>>);

impl ShutdownHandle {
    /// Raises the signal, and says whether this was the first time.
    pub fn trigger(&self) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        sender.is_some()
    }
}

/// Sees the signal.
#[derive(Clone)]
pub struct Shutdown(Receiver<Infallible>);

impl Shutdown {
    /// Whether it has been raised.
    pub fn is_triggered(&self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Waits until it is raised.
    pub fn wait(&self) {
        let Err(_raised) = self.0.recv();
    }

    /// Sleeps for `time`, or until it is raised, and says whether it is.
    pub fn sleep(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_raise_counts_and_everybody_sees_it() {
        let (stopper, stop) = channel();
        let other = stop.clone();
        assert!(!stop.is_triggered());
        assert!(!stop.sleep(Duration::from_millis(1)));
        assert!(stopper.trigger());
        assert!(!stopper.clone().trigger());
        assert!(stop.is_triggered() && other.sleep(Duration::from_secs(60)));
        stop.wait();
    }
}
