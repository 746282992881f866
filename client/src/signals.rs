//! Turns Ctrl-C, and its relatives SIGTERM and SIGHUP, into the wish to leave.
//!
//! The first one leaves in order, with a `q:quit`. Somebody who presses Ctrl-C
//! again does not want to wait for that: the second ends the process at once,
//! and all that is done before is to restore the terminal.

use std::process;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::exit::FAILURE;
use crate::quit::QuitRequest;
use crate::screen::Screen;

/// How long the second Ctrl-C waits for a terminal that may be stuck.
const RESTORE_TIMEOUT: Duration = Duration::from_millis(500);

/// Watches for signals, in a thread of the `ctrlc` crate, until the end of the
/// process. A process has one such watcher at most.
///
/// # Errors
///
/// If the system does not let us, in words.
pub fn watch(leave: Sender<QuitRequest>, screen: Screen) -> Result<(), String> {
    let mut signals = 0;
    let handler = move || {
        signals += 1;
        if signals > 1 {
            screen.close(Some(RESTORE_TIMEOUT));
            process::exit(FAILURE.into());
        }
        let _ = leave.try_send(QuitRequest::Signal);
    };
    ctrlc::set_handler(handler).map_err(|error| format!("cannot watch for Ctrl-C: {error}"))
}
