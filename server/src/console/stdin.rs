//! Standard input, read only while the server is in the foreground.
//!
//! A job that a shell runs in the background is stopped as a whole, with all of
//! its threads, when one of them reads from the terminal (SIGTTIN). So
//! `chat-server &` must not read: it has no operator for now, and looks once in
//! a while whether it is in the foreground again.
//!
//! What this cannot help: a server that is put into the background (Ctrl-Z, then
//! `bg`) while it waits for the keyboard is stopped by the kernel at once.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::thread;
use std::time::Duration;

/// How often to look whether it is in the foreground.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A terminal that is left alone while it is somebody else's; or any other
/// input, as it is.
pub struct ConsoleInput<R> {
    input: R,
    terminal: bool,
}

impl<R: Read + IsTerminal> ConsoleInput<R> {
    /// Reads from `input`.
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

/// What the kernel tells of this process; nothing where there is no `/proc`.
fn stat() -> String {
    fs::read_to_string("/proc/self/stat").unwrap_or_default()
}

/// Whether the terminal's foreground group is another than the process's own.
/// The name comes second, in brackets, and may hold anything; behind it stand
/// state, parent, group, session, terminal, foreground group (`proc(5)`).
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
