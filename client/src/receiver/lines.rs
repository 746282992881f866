//! Turns the server's bytes into lines that are safe to show.
//!
//! The client cannot know which server it talks to, so nothing is believed: a
//! line may be too long, no text, endless, or full of terminal commands. What
//! comes out of here is a clean line, or a word for why there is none. It knows
//! neither clock nor screen and reads from any [`Read`].

use std::io::{self, ErrorKind, Read};

use common::{LineSplitter, MAX_EVENT, NextLine, text};

use crate::connection::{describe, is_tick};

/// What was heard from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// A line, without its newline and without anything a terminal might obey.
    Line(String),
    /// A line that cannot be shown, and why not.
    Unreadable(&'static str),
    /// Nothing for now: time to look at the clock.
    TimedOut,
    /// Bytes that end no line yet: time to look at the clock as well, or a
    /// server that sends them one by one could keep us here for ever.
    Incomplete,
    /// The end; nothing will follow.
    Disconnected(Disconnect),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// The server closed it in order.
    Closed,
    /// The server sends a line that does not end, so no other can follow.
    Overrun,
    /// Nobody listens there: what UDP says in the place of a connection that
    /// could not be made.
    Refused,
    /// It broke, for this reason.
    Broken(String),
}

/// The lines that come from `R`.
pub struct ServerLines<R> {
    source: R,
    splitter: LineSplitter,
}

impl<R: Read> ServerLines<R> {
    /// Reads lines of at most [`MAX_EVENT`] bytes from `source`.
    pub fn new(source: R) -> ServerLines<R> {
        let splitter = LineSplitter::new(MAX_EVENT);
        ServerLines { source, splitter }
    }

    /// The next line, with at most one read from `source`, so that whoever
    /// listens gets to the clock as often as `source` lets go of a read.
    pub fn read_line(&mut self) -> ReadOutcome {
        match self.pending() {
            ReadOutcome::Incomplete => {}
            heard => return heard,
        }
        match self.splitter.fill(&mut self.source) {
            Ok(_) => self.pending(),
            Err(error) => read_error(&error),
        }
    }

    /// What can be told from the bytes that are here already.
    fn pending(&mut self) -> ReadOutcome {
        match self.splitter.next() {
            NextLine::Line(line) => ReadOutcome::Line(text::sanitize(line).into_owned()),
            NextLine::TooLong => ReadOutcome::Unreadable("a line from the server is too long"),
            NextLine::NotUtf8 => ReadOutcome::Unreadable("a line from the server is not text"),
            NextLine::End => ReadOutcome::Disconnected(Disconnect::Closed),
            NextLine::Overrun => ReadOutcome::Disconnected(Disconnect::Overrun),
            NextLine::Incomplete => ReadOutcome::Incomplete,
        }
    }
}

fn read_error(error: &io::Error) -> ReadOutcome {
    match error.kind() {
        // A signal came in between, or a datagram that is no line.
        ErrorKind::Interrupted => ReadOutcome::Incomplete,
        _ if is_tick(error) => ReadOutcome::TimedOut,
        ErrorKind::ConnectionRefused => ReadOutcome::Disconnected(Disconnect::Refused),
        _ => ReadOutcome::Disconnected(Disconnect::Broken(describe(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[ReadOutcome]) {
        let mut incoming = ServerLines::new(bytes);
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(incoming.read_line(), *expected, "line {row} of {bytes:?}");
        }
    }

    fn line(text: &str) -> ReadOutcome {
        ReadOutcome::Line(text.to_string())
    }

    #[test]
    fn terminal_commands_are_taken_out_of_every_line() {
        check(b"a: \x1b[2Jhi\x07\n", &[line("a: [2Jhi")]);
        check("a: \u{9b}2J\u{202e}hi\n".as_bytes(), &[line("a: 2Jhi")]);
    }

    #[test]
    fn a_line_that_cannot_be_shown_does_not_take_the_next_with_it() {
        let long = [&[b'x'; MAX_EVENT][..], b"\nb\n"].concat();
        let too_long = ReadOutcome::Unreadable("a line from the server is too long");
        check(
            &long,
            &[
                too_long,
                line("b"),
                ReadOutcome::Disconnected(Disconnect::Closed),
            ],
        );
        let no_text = ReadOutcome::Unreadable("a line from the server is not text");
        check(b"\xff\nb\n", &[no_text, line("b")]);
    }

    #[test]
    fn a_line_without_end_ends_the_connection() {
        let mut incoming = ServerLines::new(io::repeat(b'x'));
        assert!(matches!(incoming.read_line(), ReadOutcome::Unreadable(_)));
        let mut heard = incoming.read_line();
        while heard == ReadOutcome::Incomplete {
            heard = incoming.read_line();
        }
        assert_eq!(heard, ReadOutcome::Disconnected(Disconnect::Overrun));
    }

    #[test]
    fn each_read_that_ends_no_line_is_told() {
        struct Trickles<'a>(&'a [u8]);
        impl Read for Trickles<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut buffer[..1])
            }
        }
        let mut incoming = ServerLines::new(Trickles(b"ab\nc"));
        let end = || ReadOutcome::Disconnected(Disconnect::Closed);
        for expected in [ReadOutcome::Incomplete, ReadOutcome::Incomplete, line("ab")] {
            assert_eq!(incoming.read_line(), expected);
        }
        for expected in [ReadOutcome::Incomplete, line("c"), end(), end()] {
            assert_eq!(incoming.read_line(), expected);
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
        let mut pause = ServerLines::new(Fails(ErrorKind::WouldBlock));
        assert_eq!(pause.read_line(), ReadOutcome::TimedOut);
        let mut reset = ServerLines::new(Fails(ErrorKind::ConnectionReset));
        let why = "connection reset".to_string();
        assert_eq!(
            reset.read_line(),
            ReadOutcome::Disconnected(Disconnect::Broken(why))
        );
    }
}
