//! Server lines: from the server's bytes to lines that are safe to show.
//!
//! The client cannot know which server it talks to, so it trusts nothing. A line may
//! be too long, not valid UTF-8, endless, or full of terminal commands. The result is
//! a sanitized line, or the reason why there is none.
//!
//! Invariant: no clock and no screen; it reads from any [`Read`].

use std::io::{self, ErrorKind, Read};

use common::tags::MAX_TAGS;
use common::{LineSplitter, MAX_EVENT, NextLine, text};

use crate::connection::{describe, is_tick};

/// The result of one attempt to read a line.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// A line, without its newline, and without anything a terminal might obey.
    Line(String),
    /// A line that cannot be shown, and the reason.
    Unreadable(&'static str),
    /// Nothing arrived. The caller can check the clock.
    TimedOut,
    /// Bytes that end no line yet. The caller must check the clock, or a server that
    /// sends single bytes could block it forever.
    Incomplete,
    /// The connection has ended.
    Disconnected(Disconnect),
}

/// The way in which a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// The server closed it in order.
    Closed,
    /// The server sends a line that does not end, so no other can follow.
    Overrun,
    /// The port is closed, which UDP learns only from a datagram that comes back.
    Refused,
    /// It broke, for this reason.
    Broken(String),
}

/// A source of sanitized lines.
pub struct ServerLines<R> {
    source: R,
    splitter: LineSplitter,
    /// `true` if a last line without a newline is no line.
    needs_newlines: bool,
}

impl<R: Read> ServerLines<R> {
    /// Reads lines of at most [`MAX_EVENT`] bytes, and their tags, from `source`.
    pub fn new(source: R) -> ServerLines<R> {
        let splitter = LineSplitter::new(MAX_EVENT + MAX_TAGS);
        ServerLines {
            source,
            splitter,
            needs_newlines: false,
        }
    }

    /// Discards a last line without a newline from now on. It is the beginning of a line
    /// that a server with ids sends whole again, unless we took it for shown.
    pub fn require_newlines(&mut self) {
        self.needs_newlines = true;
    }

    /// Returns the next line after at most one read, so that the caller can check the
    /// clock between two reads.
    pub fn read_line(&mut self) -> ReadOutcome {
        match self.pending() {
            ReadOutcome::Incomplete => {}
            outcome => return outcome,
        }
        match self.splitter.fill(&mut self.source) {
            Ok(_) => self.pending(),
            Err(error) => read_error(&error),
        }
    }

    /// Returns a line from the bytes that were read before.
    fn pending(&mut self) -> ReadOutcome {
        if self.needs_newlines && self.splitter.has_ended() {
            return ReadOutcome::Disconnected(Disconnect::Closed);
        }
        match self.splitter.next() {
            NextLine::Line(line) => ReadOutcome::Line(text::sanitize(line).into_owned()),
            NextLine::TooLong => ReadOutcome::Unreadable("a line from the server is too long"),
            NextLine::NotUtf8 => {
                ReadOutcome::Unreadable("a line from the server is not valid UTF-8")
            }
            NextLine::End => ReadOutcome::Disconnected(Disconnect::Closed),
            NextLine::Overrun => ReadOutcome::Disconnected(Disconnect::Overrun),
            NextLine::Incomplete => ReadOutcome::Incomplete,
        }
    }
}

fn read_error(error: &io::Error) -> ReadOutcome {
    match error.kind() {
        // A signal arrived, or a datagram that contains no line.
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
        let mut lines = ServerLines::new(bytes);
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(lines.read_line(), *expected, "line {row} of {bytes:?}");
        }
    }

    fn line(text: &str) -> ReadOutcome {
        ReadOutcome::Line(text.to_string())
    }

    #[test]
    fn terminal_commands_are_removed_from_every_line() {
        check(b"a: \x1b[2Jhi\x07\n", &[line("a: [2Jhi")]);
        check("a: \u{9b}2J\u{202e}hi\n".as_bytes(), &[line("a: 2Jhi")]);
    }

    #[test]
    fn an_unreadable_line_does_not_affect_the_next() {
        let long = [&[b'x'; MAX_EVENT + MAX_TAGS][..], b"\nb\n"].concat();
        let too_long = ReadOutcome::Unreadable("a line from the server is too long");
        check(
            &long,
            &[
                too_long,
                line("b"),
                ReadOutcome::Disconnected(Disconnect::Closed),
            ],
        );
        let not_utf8 = ReadOutcome::Unreadable("a line from the server is not valid UTF-8");
        check(b"\xff\nb\n", &[not_utf8, line("b")]);
    }

    #[test]
    fn a_line_without_end_ends_the_connection() {
        let mut lines = ServerLines::new(io::repeat(b'x'));
        assert!(matches!(lines.read_line(), ReadOutcome::Unreadable(_)));
        let mut outcome = lines.read_line();
        while outcome == ReadOutcome::Incomplete {
            outcome = lines.read_line();
        }
        assert_eq!(outcome, ReadOutcome::Disconnected(Disconnect::Overrun));
    }

    #[test]
    fn each_read_that_ends_no_line_is_reported() {
        struct Trickles<'a>(&'a [u8]);
        impl Read for Trickles<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut buffer[..1])
            }
        }
        let mut lines = ServerLines::new(Trickles(b"ab\nc"));
        let end = || ReadOutcome::Disconnected(Disconnect::Closed);
        for expected in [ReadOutcome::Incomplete, ReadOutcome::Incomplete, line("ab")] {
            assert_eq!(lines.read_line(), expected);
        }
        for expected in [ReadOutcome::Incomplete, line("c"), end(), end()] {
            assert_eq!(lines.read_line(), expected);
        }
    }

    #[test]
    fn the_beginning_of_a_line_is_no_line_where_newlines_are_required() {
        for bytes in [&b"@id=1:7 a: h"[..], b"@id=1:7 a: \xc3"] {
            let source = [b"@id=1:6 a: hi\n", bytes].concat();
            let mut lines = ServerLines::new(&source[..]);
            lines.require_newlines();
            assert_eq!(lines.read_line(), line("@id=1:6 a: hi"));
            let end = ReadOutcome::Disconnected(Disconnect::Closed);
            assert_eq!(lines.read_line(), end);
        }
    }

    #[test]
    fn a_reset_and_a_pause_differ() {
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
