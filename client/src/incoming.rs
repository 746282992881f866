//! Turns the server's bytes into lines that are safe to show.
//!
//! The client cannot know which server it talks to, so nothing is believed: a
//! line may be too long, no text, endless, or full of terminal commands. What
//! comes out of here is a clean line, or a word for why there is none. It knows
//! neither clock nor screen and reads from any [`Read`].

use std::io::{self, ErrorKind, Read};

use common::{LineSplitter, MAX_EVENT, Next, text};

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

    /// Waits for the next line, until `source` says that it takes too long.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.splitter.next() {
                Next::Line(line) => return Heard::Line(text::clean(line).into_owned()),
                Next::TooLong => return Heard::Unreadable("a line from the server is too long"),
                Next::NotUtf8 => return Heard::Unreadable("a line from the server is not text"),
                Next::End => return Heard::Gone(Gone::Closed),
                Next::Endless => return Heard::Gone(Gone::Endless),
                Next::NotYet => match self.splitter.fill(&mut self.source) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return failed(&error),
                },
            }
        }
    }
}

fn failed(error: &io::Error) -> Heard {
    if is_tick(error) {
        return Heard::Nothing;
    }
    Heard::Gone(Gone::Broken(words(error)))
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
        assert_eq!(incoming.hear(), Heard::Gone(Gone::Endless));
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
