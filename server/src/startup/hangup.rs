//! Hangup: tells a closed terminal from a request to stop.
//!
//! When a terminal window closes, its programs receive SIGHUP, which `ctrlc` reports
//! like SIGINT and SIGTERM. The chat should outlive the window, as with `nohup`. So a
//! signal that comes right after the terminal has gone is ignored.
//!
//! A terminal may also go without a signal, for a program that was started with `&`. So
//! a thread looks for it once a second, and a later signal is obeyed.
//!
//! Thread: `terminal`, if there is one.

use crate::sync::lock;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The time in which a shell and the kernel may both report one closed window.
const SIGNAL_WINDOW: Duration = Duration::from_secs(1);

/// How often the terminal is looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The state of the terminal, shared with the thread that watches it.
#[derive(Clone)]
pub struct Hangup(Arc<Mutex<Terminal>>);

enum Terminal {
    /// There has been none for a while.
    None,
    There,
    /// It has gone at that time.
    Gone(Instant),
}

impl Hangup {
    /// Starts to watch the terminal, if there is one.
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
        let _not_joined = thread.spawn(move || {
            while !watcher.is_gone() {
                thread::sleep(POLL_INTERVAL);
            }
        })?;
        Ok(hangup)
    }

    /// Returns `true` if a signal that just came only reports that the terminal has gone.
    pub fn explains_signal(&self) -> bool {
        self.is_gone() && self.gone_for().is_some_and(|time| time < SIGNAL_WINDOW)
    }

    /// Looks for the terminal. Returns `true` if there is none.
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
