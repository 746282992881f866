//! Signals: from Ctrl-C, SIGTERM and SIGHUP to a quit request.
//!
//! The first signal leaves in order, with a `q:quit`, within a second whatever is stuck. The
//! second restores the terminal and ends the process at once, because the user does not want
//! to wait.
//!
//! Thread: that of the `ctrlc` crate, until the end of the process.

use std::convert::Infallible;
use std::process;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::exit::FAILURE;
use crate::quit::QuitRequest;
use crate::screen::Screen;

/// The time that the second Ctrl-C waits for a terminal that may be stuck.
const RESTORE_TIMEOUT: Duration = Duration::from_millis(500);

/// Watches for signals. A process has at most one such watcher. Returns the channel that the
/// first signal closes, see [`QuitReceiver`](crate::quit::QuitReceiver).
///
/// # Errors
///
/// A sentence, if the system does not permit it.
pub fn watch(
    quit_requests: Sender<QuitRequest>,
    screen: Screen,
) -> Result<Receiver<Infallible>, String> {
    let (running, interrupted) = bounded(0);
    let mut running = Some(running);
    let handler = move || {
        if running.take().is_none() {
            screen.close_within(RESTORE_TIMEOUT);
            process::exit(FAILURE.into());
        }
        let _ = quit_requests.try_send(QuitRequest::Signal);
    };
    let watched = ctrlc::set_handler(handler);
    watched.map_err(|error| format!("cannot watch for Ctrl-C: {error}"))?;
    Ok(interrupted)
}
