//! The window's size, from the program `stty`.
//!
//! std can neither ask a terminal for its size nor wait for the signal (SIGWINCH) that
//! reports a change. `stty size` exists on every Unix and takes a millisecond. It saves
//! a dependency and `unsafe`.

use std::process::{Command, Stdio};

/// The size of a window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From top to bottom.
    pub rows: u16,
    /// From left to right.
    pub columns: u16,
}

/// Returns the size of the terminal at standard input. Returns `None` without a
/// terminal or without `stty`.
pub fn query() -> Option<Size> {
    let answer = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_size(&String::from_utf8_lossy(&answer.stdout))
}

/// Parses `24 80`. A terminal that does not know its size reports `0 0`.
fn parse_size(answer: &str) -> Option<Size> {
    let (rows, columns) = answer.trim().split_once(' ')?;
    let (rows, columns) = (rows.parse().ok()?, columns.parse().ok()?);
    (rows > 0 && columns > 0).then_some(Size { rows, columns })
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
