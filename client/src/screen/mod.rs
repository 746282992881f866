//! The screen: from updates to writes to the terminal.
//!
//! While the session lasts, everything that is printed passes this one thread, so two
//! lines never mix. The other threads only hold a [`Screen`], which is a channel, and
//! know nothing of how lines look:
//!
//! ```text
//! received, typed, resized -> updates -> RENDERER -> one write each -> terminal
//!                            (channel)
//! ```
//!
//! Thread: `screen`.
//!
//! Writes: no socket; the screen thread writes to standard output and error.
//! Locks: the count of the bytes that wait, for an instant.
//! Blocks: the screen thread in writes, the receiver while too much waits.

pub mod bell;
mod capacity;
pub mod clock;
mod handle;
pub mod highlight;
mod renderer;
pub mod size;
pub mod split;
pub mod status_line;
mod update;
pub mod watcher;
mod wrap;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::quit::QuitRequest;
pub use handle::Screen;
use handle::ScreenQueue;
pub use renderer::{PromptOutput, Renderer};
pub use update::{Line, ScreenUpdate};

/// The time that a panic, or an early end, waits for the terminal to be restored.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);

/// A guard that closes the screen when it is dropped, so that a panic, or a `?`, restores
/// the terminal too.
pub struct ScreenGuard(Option<Screen>);

impl ScreenGuard {
    /// Ends the guard, because the screen was closed.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for ScreenGuard {
    fn drop(&mut self) {
        if let Some(screen) = &self.0 {
            screen.close_within(RESTORE_TIMEOUT);
        }
    }
}

/// Starts the screen thread. It sends a quit request when a write fails.
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start<O, E>(
    renderer: Renderer<O, E>,
    quit_requests: Sender<QuitRequest>,
) -> io::Result<(Screen, ScreenGuard)>
where
    O: Write + Send + 'static,
    E: Write + Send + 'static,
{
    let (screen, queue) = Screen::new();
    thread::Builder::new()
        .name("screen".to_string())
        .spawn(move || render_all(renderer, &queue, &quit_requests))?;
    Ok((screen.clone(), ScreenGuard(Some(screen))))
}

/// Renders updates until the screen is closed. A failure is reported once. Later
/// updates are dropped, so that nothing waits.
fn render_all(
    mut renderer: Renderer<impl Write, impl Write>,
    queue: &ScreenQueue,
    quit_requests: &Sender<QuitRequest>,
) {
    let mut failed = false;
    while let Some(update) = queue.next()
        && update != ScreenUpdate::Close
    {
        let bytes = update.bytes();
        if !failed && let Err(error) = renderer.render(update) {
            failed = true;
            // A full channel contains another request already.
            let _ = quit_requests.try_send(error.into());
        }
        queue.record_written(bytes);
    }
}
