//! Tells a closed terminal from a request to end.
//!
//! When a terminal window is closed, its programs get SIGHUP, which `ctrlc`
//! reports just as it does SIGINT and SIGTERM. The room should outlive the
//! window it was started in, as it would with `nohup`; so a signal that comes
//! when the terminal has just gone is taken for that.

use std::fs::File;
use std::time::{Duration, Instant};

/// A shell and the kernel may both tell of one closed window.
const ECHO: Duration = Duration::from_secs(1);

/// Remembers whether there is a terminal.
pub struct Hangup {
    terminal: bool,
    gone: Option<Instant>,
}

impl Hangup {
    /// To be made while the server starts.
    pub fn watch() -> Hangup {
        Hangup {
            terminal: has_terminal(),
            gone: None,
        }
    }

    /// Whether a signal that just came says no more than that the terminal is
    /// gone. True once, and for its echo; any later signal means what it says.
    pub fn explains_signal(&mut self) -> bool {
        if let Some(gone) = self.gone {
            return gone.elapsed() < ECHO;
        }
        let now_gone = self.terminal && !has_terminal();
        self.gone = now_gone.then(Instant::now);
        now_gone
    }
}

/// Opening the controlling terminal fails for a program that has none.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}
