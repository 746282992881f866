//! Turns the server's bytes into lines that are safe to show.
//!
//! The client cannot know which server it talks to, so nothing is believed: a
//! line may be too long, no text, endless, or full of terminal commands. What
//! comes out of here is a clean line, or a word for why there is none. It knows
//! neither clock nor screen and reads from any [`Read`].

use std::io::{self, ErrorKind, Read};

use common::{LineSplitter, MAX_EVENT, NextLine, text};

use crate::connection::{is_tick, words};

/// What was heard from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its newline and without anything a terminal might obey.
    Line(String),
    /// A line that cannot be shown, and why not.
    Unreadable(&'static str),
    /// Nothing for now: time to look at the clock.
    Nothing,
    /// Bytes that end no line yet: time to look at the clock as well, or a
    /// server that sends them one by one could keep us here for ever.
    Part,
    /// The end; nothing will follow.
    Gone(Gone),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The server closed it in order.
    Closed,
    /// The server sends a line that does not end, so no other can follow.
    Endless,
    /// Nobody listens there: what UDP says in the place of a connection that
    /// could not be made.
    Refused,
    /// It broke, for this reason.
    Broken(String),
}

/// The lines that come from `R`.
pub struct Incoming<R> {
    source: R,
    splitter: LineSplitter,
}

impl<R: Read> Incoming<R> {
    /// Reads lines of at most [`MAX_EVENT`] bytes from `source`.
    pub fn new(source: R) -> Incoming<R> {
        let splitter = LineSplitter::new(MAX_EVENT);
        Incoming { source, splitter }
    }

    /// The next line, with at most one read from `source`, so that whoever
    /// listens gets to the clock as often as `source` lets go of a read.
    pub fn hear(&mut self) -> Heard {
        match self.held() {
            Heard::Part => {}
            heard => return heard,
        }
        match self.splitter.fill(&mut self.source) {
            Ok(_) => self.held(),
            Err(error) => failed(&error),
        }
    }

    /// What can be told from the bytes that are here already.
    fn held(&mut self) -> Heard {
        match self.splitter.next() {
            NextLine::Line(line) => Heard::Line(text::sanitize(line).into_owned()),
            NextLine::TooLong => Heard::Unreadable("a line from the server is too long"),
            NextLine::NotUtf8 => Heard::Unreadable("a line from the server is not text"),
            NextLine::End => Heard::Gone(Gone::Closed),
            NextLine::Overrun => Heard::Gone(Gone::Endless),
            NextLine::Incomplete => Heard::Part,
        }
    }
}

fn failed(error: &io::Error) -> Heard {
    match error.kind() {
        // A signal came in between, or a datagram that is no line.
        ErrorKind::Interrupted => Heard::Part,
        _ if is_tick(error) => Heard::Nothing,
        ErrorKind::ConnectionRefused => Heard::Gone(Gone::Refused),
        _ => Heard::Gone(Gone::Broken(words(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[Heard]) {
        let mut incoming = Incoming::new(bytes);
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(incoming.hear(), *expected, "line {row} of {bytes:?}");
        }
    }

    fn line(text: &str) -> Heard {
        Heard::Line(text.to_string())
    }

    #[test]
    fn terminal_commands_are_taken_out_of_every_line() {
        check(b"a: \x1b[2Jhi\x07\n", &[line("a: [2Jhi")]);
        check("a: \u{9b}2J\u{202e}hi\n".as_bytes(), &[line("a: 2Jhi")]);
    }

    #[test]
    fn a_line_that_cannot_be_shown_does_not_take_the_next_with_it() {
        let long = [&[b'x'; MAX_EVENT][..], b"\nb\n"].concat();
        let too_long = Heard::Unreadable("a line from the server is too long");
        check(&long, &[too_long, line("b"), Heard::Gone(Gone::Closed)]);
        let no_text = Heard::Unreadable("a line from the server is not text");
        check(b"\xff\nb\n", &[no_text, line("b")]);
    }

    #[test]
    fn a_line_without_end_ends_the_connection() {
        let mut incoming = Incoming::new(io::repeat(b'x'));
        assert!(matches!(incoming.hear(), Heard::Unreadable(_)));
        let mut heard = incoming.hear();
        while heard == Heard::Part {
            heard = incoming.hear();
        }
        assert_eq!(heard, Heard::Gone(Gone::Endless));
    }

    #[test]
    fn each_read_that_ends_no_line_is_told() {
        struct Trickles<'a>(&'a [u8]);
        impl Read for Trickles<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut buffer[..1])
            }
        }
        let mut incoming = Incoming::new(Trickles(b"ab\nc"));
        let end = || Heard::Gone(Gone::Closed);
        for expected in [Heard::Part, Heard::Part, line("ab")] {
            assert_eq!(incoming.hear(), expected);
        }
        for expected in [Heard::Part, line("c"), end(), end()] {
            assert_eq!(incoming.hear(), expected);
        }
    }

    #[test]
    fn a_reset_and_a_pause_are_told_apart() {
        struct Fails(ErrorKind);
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
        }
        let mut pause = Incoming::new(Fails(ErrorKind::WouldBlock));
        assert_eq!(pause.hear(), Heard::Nothing);
        let mut reset = Incoming::new(Fails(ErrorKind::ConnectionReset));
        let why = "connection reset".to_string();
        assert_eq!(reset.hear(), Heard::Gone(Gone::Broken(why)));
    }
}
