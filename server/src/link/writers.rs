//! How many writer threads there are, and when the last has ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

/// Counts the writer threads of all lagging members.
///
/// Each takes memory maps as every thread does, and running out of those ends
/// the process; so there is a most, within what the capacity leaves free.
pub struct Writers {
    running: AtomicUsize,
    most: usize,
    /// Dropped with the last outlet and writer, which is how the end is seen.
    _alive: Sender<Infallible>,
}

impl Writers {
    /// Allows `most` writers at once. The receiver disconnects when no outlet
    /// and no writer is left.
    pub fn new(most: usize) -> (Arc<Writers>, Receiver<Infallible>) {
        let (_alive, ended) = bounded(1);
        let running = AtomicUsize::new(0);
        let writers = Writers {
            running,
            most,
            _alive,
        };
        (Arc::new(writers), ended)
    }

    /// Leave to run one more writer, until it is dropped.
    pub(super) fn permit(self: &Arc<Writers>) -> Option<Permit> {
        // Made before the check, as dropping it takes the count back.
        let permit = Permit(Arc::clone(self));
        let before = self.running.fetch_add(1, Ordering::Relaxed);
        (before < self.most).then_some(permit)
    }
}

/// One writer's place in the count.
pub(super) struct Permit(Arc<Writers>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
