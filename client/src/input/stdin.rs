//! Turns standard input into typed lines on a channel: the keyboard thread.
//!
//! A thread that is blocked in reading stdin cannot be woken by anything but
//! input, so nobody joins this one: it ends at the end of the input, when
//! nobody takes its lines any more, or with the process. It knows no socket.

use std::io::{self, BufRead, ErrorKind};
use std::thread;

use common::{LineSplitter, MAX_LINE, NextLine};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::screen::{Screen, ScreenUpdate};

/// How many lines from a pipe may wait to be sent. A long file waits in the
/// pipe, not in memory; a few lines of slack keep the two threads from taking
/// turns at every line.
const MAX_PIPED_LINES: usize = 64;

/// How many typed lines may wait to be sent: more than anybody pastes at once.
/// Ctrl-C comes the same way as the lines, so while we do not read, the
/// terminal does not see it.
const MAX_TYPED_LINES: usize = 10_000;

/// What came from the keyboard, or from a pipe in its place.
#[derive(Debug, PartialEq, Eq)]
pub enum InputLine {
    /// A line, without its newline.
    Line(String),
    /// A line of more than [`MAX_LINE`] bytes.
    TooLong,
    /// A line that is no UTF-8.
    NotUtf8,
}

/// Whether a person sits at standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A terminal: one can ask again.
    Terminal,
    /// A pipe or a file: what it holds is all there will be.
    Pipe,
    /// Nothing is read: the client was started for a file alone.
    None,
}

/// Starts the keyboard thread. The channel closes at the end of the input.
///
/// # Errors
///
/// If the system has no thread to give.
pub fn start(input: InputSource, screen: Screen) -> io::Result<Receiver<InputLine>> {
    let (sender, typed) = bounded(match input {
        InputSource::Terminal => MAX_TYPED_LINES,
        InputSource::Pipe | InputSource::None => MAX_PIPED_LINES,
    });
    if input == InputSource::None {
        return Ok(typed);
    }
    let entered = move || {
        // The terminal has moved its cursor when Enter was pressed.
        if input == InputSource::Terminal {
            screen.show(ScreenUpdate::EnterPressed);
        }
    };
    thread::Builder::new()
        .name("keyboard".to_string())
        .spawn(move || read_lines(io::stdin().lock(), &sender, entered))?;
    Ok(typed)
}

/// Sends each line of `source` to `typed`, and calls `entered` before that.
///
/// Returns at the end of `source` or when nobody receives. An error counts as
/// the end: it is what a terminal says that has been closed.
pub fn read_lines(mut source: impl BufRead, typed: &Sender<InputLine>, entered: impl Fn()) {
    let mut splitter = LineSplitter::new(MAX_LINE);
    loop {
        let line = match splitter.next() {
            NextLine::Line(line) => InputLine::Line(line.to_string()),
            NextLine::TooLong => InputLine::TooLong,
            NextLine::NotUtf8 => InputLine::NotUtf8,
            NextLine::Incomplete => match splitter.fill(&mut source) {
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            },
            // The splitter gives up on such a line, as a peer's may go on for
            // ever. A file ends: skip to its next line and begin anew.
            NextLine::Overrun => match source.skip_until(b'\n') {
                Ok(_) => {
                    splitter = LineSplitter::new(MAX_LINE);
                    continue;
                }
                Err(_) => return,
            },
            NextLine::End => return,
        };
        entered();
        if typed.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[InputLine]) {
        let (sender, typed) = bounded(16);
        read_lines(input, &sender, || {});
        drop(sender);
        assert_eq!(typed.iter().collect::<Vec<_>>(), expected);
    }

    fn line(text: &str) -> InputLine {
        InputLine::Line(text.to_string())
    }

    #[test]
    fn each_line_is_typed_once_with_or_without_a_last_newline() {
        check(b"", &[]);
        check(b"a\n\nb\n", &[line("a"), line(""), line("b")]);
        check(b"a\r\nb", &[line("a"), line("b")]);
    }

    #[test]
    fn a_line_that_cannot_be_sent_does_not_take_the_next_with_it() {
        let long = [&[b'x'; MAX_LINE][..], b"\nb\n"].concat();
        check(&long, &[InputLine::TooLong, line("b")]);
        check(b"\xff\nb\n", &[InputLine::NotUtf8, line("b")]);
    }

    #[test]
    fn a_megabyte_without_a_newline_costs_one_line_as_well() {
        let long = [&[b'x'; 1 << 20][..], b"\nb\nc"].concat();
        check(&long, &[InputLine::TooLong, line("b"), line("c")]);
    }
}
