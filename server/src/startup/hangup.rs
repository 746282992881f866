//! Tells a closed terminal from a request to end.
//!
//! When a terminal window is closed, its programs get SIGHUP, which `ctrlc`
//! reports just as it does SIGINT and SIGTERM. The room should outlive the
//! window it was started in, as it would with `nohup`; so a signal that comes
//! when the terminal has just gone is taken for that.
//!
//! A terminal may also go without a signal, as it does for a program that was
//! started with `&`. So a thread looks whether it is there, once a second; a
//! signal that comes later than that means what it says.

use crate::sync::lock;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A shell and the kernel may both tell of one closed window.
const SIGNAL_WINDOW: Duration = Duration::from_secs(1);

/// How often the terminal is looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Remembers when the terminal went.
#[derive(Clone)]
pub struct Hangup(Arc<Mutex<Terminal>>);

enum Terminal {
    /// There is none, and has been none for a while.
    None,
    There,
    /// It went at that time.
    Gone(Instant),
}

impl Hangup {
    /// Begins to watch the terminal, if there is one.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn watch() -> io::Result<Hangup> {
        if !has_terminal() {
            return Ok(Hangup(Arc::new(Mutex::new(Terminal::None))));
        }
        let hangup = Hangup(Arc::new(Mutex::new(Terminal::There)));
        let watcher = hangup.clone();
        let thread = thread::Builder::new().name("terminal".to_string());
        // Not joined: it has nothing to lose when the process ends.
        let _detached = thread.spawn(move || {
            while !watcher.is_gone() {
                thread::sleep(POLL_INTERVAL);
            }
        })?;
        Ok(hangup)
    }

    /// Whether a signal that just came says no more than that the terminal is
    /// gone.
    pub fn explains_signal(&self) -> bool {
        self.is_gone() && self.gone_for().is_some_and(|time| time < SIGNAL_WINDOW)
    }

    /// Looks for the terminal, unless it is known to be gone.
    fn is_gone(&self) -> bool {
        let mut terminal = lock(&self.0);
        if matches!(*terminal, Terminal::There) && !has_terminal() {
            *terminal = Terminal::Gone(Instant::now());
        }
        !matches!(*terminal, Terminal::There)
    }

    fn gone_for(&self) -> Option<Duration> {
        match *lock(&self.0) {
            Terminal::Gone(since) => Some(since.elapsed()),
            Terminal::None | Terminal::There => None,
        }
    }
}

/// Opening the controlling terminal fails for a program that has none.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}
