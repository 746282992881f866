//! Stdin: standard input, read only while the server is in the foreground.
//!
//! A shell stops a whole background job when one of its threads reads from the terminal
//! (SIGTTIN). So `chat-server &` must not read. It has no operator for now, and looks
//! once in a while whether it is in the foreground again.
//!
//! It cannot help a server that goes into the background (Ctrl-Z, then `bg`) while it
//! waits for input: the kernel stops that at once.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::thread;
use std::time::Duration;

/// How often to check whether the server is in the foreground.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// An input that is not read while the server is in the background.
pub struct ConsoleInput<R> {
    input: R,
    terminal: bool,
}

impl<R: Read + IsTerminal> ConsoleInput<R> {
    /// Makes one that reads from `input`.
    pub fn new(input: R) -> ConsoleInput<R> {
        let terminal = input.is_terminal();
        ConsoleInput { input, terminal }
    }
}

impl<R: Read> Read for ConsoleInput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.terminal && is_background(&stat()) {
            thread::sleep(POLL_INTERVAL);
        }
        self.input.read(buffer)
    }
}

/// Returns what the kernel reports of this process; empty where there is no `/proc`.
fn stat() -> String {
    fs::read_to_string("/proc/self/stat").unwrap_or_default()
}

/// Returns `true` if the terminal's foreground group is not the process's own. The
/// name comes second, in brackets, and may contain anything. Behind it are state,
/// parent, group, session, terminal and foreground group (`proc(5)`).
fn is_background(stat: &str) -> bool {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut fields = fields.split_whitespace().skip(2);
    let (own, foreground) = (fields.next(), fields.nth(2));
    foreground.is_some_and(|group| group != "-1") && own != foreground
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foreground_group_tells() {
        assert!(!is_background("7 (chat) S 1 7 7 34816 7 0 0"));
        assert!(is_background("7 (chat) S 1 7 5 34816 5 0 0"));
        assert!(is_background("7 (a ) b) S 1 7 5 34816 5 0 0"));
        assert!(!is_background("7 (chat) S 1 7 7 0 -1 0 0"));
        assert!(!is_background(""));
    }
}
