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
pub fn signal() -> (Stopper, Stop) {
    let (sender, receiver) = bounded(1);
    let stopper = Stopper(Arc::new(Mutex::new(Some(sender))));
    (stopper, Stop(receiver))
}

/// Raises the signal, from any thread.
#[derive(Clone)]
pub struct Stopper(Arc<Mutex<Option<Sender<Infallible>>>>);

impl Stopper {
    /// Raises the signal, and says whether this was the first time.
    pub fn raise(&self) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        sender.is_some()
    }
}

/// Sees the signal.
#[derive(Clone)]
pub struct Stop(Receiver<Infallible>);

impl Stop {
    /// Whether it has been raised.
    pub fn is_raised(&self) -> bool {
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
        let (stopper, stop) = signal();
        let other = stop.clone();
        assert!(!stop.is_raised());
        assert!(!stop.sleep(Duration::from_millis(1)));
        assert!(stopper.raise());
        assert!(!stopper.clone().raise());
        assert!(stop.is_raised() && other.sleep(Duration::from_secs(60)));
        stop.wait();
    }
}
