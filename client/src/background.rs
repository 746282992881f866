//! Background: runs what may block in a thread of its own, so that its caller can wait for
//! something else too.
//!
//! A thread that nobody waits for any more ends by itself or with the process.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, bounded};

/// Starts a thread of this name. The channel carries the result of `work`, or is closed if
/// that panics.
///
/// # Errors
///
/// If the system cannot start a thread.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Receiver<T>> {
    let (sender, result) = bounded(1);
    thread::Builder::new()
        .name(name.to_string())
        .spawn(move || {
            // Perhaps nobody waits any more.
            let _ = sender.send(work());
        })?;
    Ok(result)
}
