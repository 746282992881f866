//! The size watcher: it reports each change of the window's size to the screen.
//!
//! Thread: `size watcher`, which queries the size once a second.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::handle::Screen;
use super::size::{self, Size};
use super::update::ScreenUpdate;

/// The time between two queries.
const INTERVAL: Duration = Duration::from_secs(1);

/// A watcher that runs until it is dropped.
pub struct SizeWatcher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SizeWatcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the thread. The window's size is `known` already.
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start(known: Size, screen: Screen) -> io::Result<SizeWatcher> {
    let (stop, stopped) = bounded(0);
    let thread = thread::Builder::new()
        .name("size watcher".to_string())
        .spawn(move || {
            let mut known = known;
            // The channel carries nothing; it closes when the watcher is dropped.
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                // A missing answer is no change: Ctrl-C ends `stty` as well as us.
                let now = size::query().unwrap_or(known);
                if now != known {
                    known = now;
                    screen.show(ScreenUpdate::Resized(now));
                }
            }
        })?;
    Ok(SizeWatcher {
        stop: Some(stop),
        thread: Some(thread),
    })
}
