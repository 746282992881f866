//! Writer threads: the threads that write beside the broadcaster, and their end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::unframed::PacedWriter;
use crate::sync::{WaitGroup, WaitGroupGuard, wait_group};

/// The count of writer threads of all lagging members, and the paced writer.
///
/// Each thread takes memory maps, and running out of those ends the process. So
/// there is a maximum, within what the capacity leaves free.
pub struct WriterThreads {
    running: AtomicUsize,
    max_running: usize,
    /// Writes to unframed members.
    pub(super) paced_writer: PacedWriter,
    /// Dropped with the last write half and the last thread that writes.
    done: WaitGroupGuard,
}

impl WriterThreads {
    /// Allows `max_running` writers at once, and starts the paced writer. A member
    /// may take nothing for at most `stall_timeout`. The wait is over when no write
    /// half and no writer is left.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(
        max_running: usize,
        stall_timeout: Duration,
    ) -> io::Result<(Arc<WriterThreads>, WaitGroup)> {
        let (done, all_written) = wait_group();
        let writers = WriterThreads {
            running: AtomicUsize::new(0),
            max_running,
            paced_writer: PacedWriter::start(stall_timeout, done.clone())?,
            done,
        };
        Ok((Arc::new(writers), all_written))
    }

    /// Returns a guard for a thread that still has something to write.
    pub fn done_on_drop(&self) -> WaitGroupGuard {
        self.done.clone()
    }

    /// Returns a permit to run one more writer, if there may be one.
    pub(super) fn permit(self: &Arc<WriterThreads>) -> Option<WriterPermit> {
        // Made before the check, because its drop takes the count back.
        let permit = WriterPermit(Arc::clone(self));
        let running = self.running.fetch_add(1, Ordering::Relaxed);
        (running < self.max_running).then_some(permit)
    }
}

/// The place of one writer in the count. Dropping it gives the place back.
pub(super) struct WriterPermit(Arc<WriterThreads>);

impl Drop for WriterPermit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
