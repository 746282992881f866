//! The threads that write beside the broadcaster, and when the last has ended.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::paced_writer::PacedWriter;
use crate::sync::{WaitGroup, WaitToken, wait_group};

/// Counts the writer threads of all lagging members.
///
/// Each takes memory maps as every thread does, and running out of those ends
/// the process; so there is a most, within what the capacity leaves free.
pub struct WriterThreads {
    running: AtomicUsize,
    max_running: usize,
    /// Writes to unframed members.
    pub(super) paced_writer: PacedWriter,
    /// Dropped with the last outlet and writer, which is how the end is seen.
    alive: WaitToken,
}

impl WriterThreads {
    /// Allows `most` writers at once, and starts the pacer, for which `stall` is how
    /// long a member may take nothing. The receiver disconnects when no outlet and no
    /// writer is left.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(max: usize, stall: Duration) -> io::Result<(Arc<WriterThreads>, WaitGroup)> {
        let (alive, ended) = wait_group();
        let writers = WriterThreads {
            running: AtomicUsize::new(0),
            max_running: max,
            paced_writer: PacedWriter::start(stall, alive.clone())?,
            alive,
        };
        Ok((Arc::new(writers), ended))
    }

    /// Held by a thread, it says that there still is something to write.
    pub fn token(&self) -> WaitToken {
        self.alive.clone()
    }

    /// Leave to run one more writer, until it is dropped.
    pub(super) fn permit(self: &Arc<WriterThreads>) -> Option<WriterPermit> {
        // Made before the check, as dropping it takes the count back.
        let permit = WriterPermit(Arc::clone(self));
        let before = self.running.fetch_add(1, Ordering::Relaxed);
        (before < self.max_running).then_some(permit)
    }
}

/// One writer's place in the count.
pub(super) struct WriterPermit(Arc<WriterThreads>);

impl Drop for WriterPermit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
