//! Finds out how large the terminal's window is, and when that changes.
//!
//! std can neither ask a terminal for its size nor wait for the signal
//! (SIGWINCH) that tells of a change. So `stty size` is asked, a program that
//! every Unix has, and once a second again. This costs a millisecond of work
//! and up to a second of delay, and saves a dependency and `unsafe`. It knows
//! nothing of what the window shows.

use std::io;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::{Screen, ScreenUpdate};

/// How often the size is asked for.
const INTERVAL: Duration = Duration::from_secs(1);

/// The size of a window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From top to bottom.
    pub rows: u16,
    /// From left to right.
    pub columns: u16,
}

/// The size of the terminal at standard input; `None` if there is none, or no
/// `stty` to ask.
pub fn query() -> Option<Size> {
    let answer = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_size(&String::from_utf8_lossy(&answer.stdout))
}

/// Reads `24 80`. A terminal that does not know its size says `0 0`.
fn parse_size(answer: &str) -> Option<Size> {
    let (rows, columns) = answer.trim().split_once(' ')?;
    let (rows, columns) = (rows.parse().ok()?, columns.parse().ok()?);
    (rows > 0 && columns > 0).then_some(Size { rows, columns })
}

/// Tells the screen about each change until it is dropped.
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

/// Starts the thread that watches the window, which was `known` so far.
///
/// # Errors
///
/// If the system has no thread to give.
pub fn watch(known: Size, screen: Screen) -> io::Result<SizeWatcher> {
    let (stop, stopped) = bounded(0);
    let thread = thread::Builder::new()
        .name("window".to_string())
        .spawn(move || {
            let mut known = known;
            // Nobody ever sends: the channel closes when the watcher is dropped.
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                // No answer is no news: Ctrl-C reaches `stty` as well as us.
                let now = query().unwrap_or(known);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stty_says_is_understood() {
        let size = |rows, columns| Some(Size { rows, columns });
        assert_eq!(parse_size("24 80\n"), size(24, 80));
        assert_eq!(parse_size("0 0\n"), None);
        assert_eq!(parse_size(""), None);
        assert_eq!(parse_size("24\n"), None);
        assert_eq!(parse_size("stty: not a terminal"), None);
    }
}
