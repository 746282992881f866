//! Uncounted: lines of a client that no server knows, and the server's answers.
//!
//! They have the form of [numbered](super::sequence) lines, with 0 for their number.
//!
//! ```text
//! client -> server   /seq 0 0 LINE        the first line; it asks for a START
//! server -> client   /seq 0 ANSWERED LINE
//! ```
//!
//! ANSWERED is the number of the datagram that is answered. Only its sender knows that
//! number, so a client does not believe another.

use std::fmt;

use super::sequence::{Numbered, split};

/// A line with the number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncounted<'a> {
    /// The number of the datagram that the line answers; 0 for a first line, and for
    /// the answer to one.
    pub answered: u64,
    /// The line without the prefix.
    pub line: &'a str,
}

impl<'a> Uncounted<'a> {
    /// Parses a line whose number is 0.
    pub fn parse(line: &'a str) -> Option<Uncounted<'a>> {
        let numbered = split(line).filter(|numbered| numbered.number == 0)?;
        Some(Uncounted {
            answered: numbered.arrived,
            line: numbered.line,
        })
    }
}

impl fmt::Display for Uncounted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbered = Numbered {
            number: 0,
            arrived: self.answered,
            line: self.line,
        };
        f.write_str(&numbered.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_uncounted_if_its_number_is_0() {
        let check = |line: &str, expected: Option<(u64, &str)>| {
            let read = Uncounted::parse(line);
            assert_eq!(read.map(|it| (it.answered, it.line)), expected, "{line:?}");
            assert!(read.is_none_or(|read| read.to_string() == line));
        };
        check("/seq 0 0 ann", Some((0, "ann")));
        check("/seq 0 0 /cap time", Some((0, "/cap time")));
        check("/seq 0 4294967299 ! no", Some((4_294_967_299, "! no")));
        check("/seq 1 0 ann", None);
        check("/seq 0 ann", None);
        check("ann", None);
    }
}
