//! Standard input: from its bytes to lines on a channel.
//!
//! Thread: `stdin`. Nothing but input can interrupt a read from stdin, so this thread
//! is never joined. It ends at the end of the input, when the channel is dropped, or
//! with the process.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::thread;

use common::{LineSplitter, MAX_LINE, NextLine};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::screen::{Screen, ScreenUpdate};

/// The number of lines from a pipe that may wait. A long file waits in the pipe, not in
/// memory. Some slack keeps the two threads from alternating at every line.
const MAX_PIPED_LINES: usize = 64;

/// The number of typed lines that may wait: more than a person pastes at once. The
/// terminal must be read at all times, or it does not process Ctrl-C.
const MAX_TYPED_LINES: usize = 10_000;

/// A line from standard input.
#[derive(Debug, PartialEq, Eq)]
pub enum InputLine {
    /// A line, without its newline.
    Line(String),
    /// A line of more than [`MAX_LINE`] bytes.
    TooLong,
    /// A line that is not valid UTF-8.
    NotUtf8,
}

/// The kind of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A terminal: the user can be asked again.
    Terminal,
    /// A pipe or a file: it contains all there will be.
    Pipe,
    /// Nothing is read, because the client was started for one file.
    None,
}

/// The ends of the stdin thread's channels.
pub struct Input {
    /// The lines; closed at the end of the input.
    pub lines: Receiver<InputLine>,
    /// Fires when something was read, perhaps less than a line.
    pub reads: Receiver<()>,
}

/// Standard input, which reports each read.
struct ReportingStdin {
    reads: Sender<()>,
}

impl Read for ReportingStdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = io::stdin().read(buffer);
        // A full channel reports one already.
        let _ = self.reads.try_send(());
        result
    }
}

/// Starts the stdin thread.
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start(source: InputSource, screen: Screen) -> io::Result<Input> {
    let (sender, lines) = bounded(match source {
        InputSource::Terminal => MAX_TYPED_LINES,
        InputSource::Pipe | InputSource::None => MAX_PIPED_LINES,
    });
    let (read_sender, reads) = bounded(1);
    let input = Input { lines, reads };
    if source == InputSource::None {
        return Ok(input);
    }
    let on_line = move || {
        // Enter has moved the terminal's cursor.
        if source == InputSource::Terminal {
            screen.show(ScreenUpdate::EnterPressed);
        }
    };
    thread::Builder::new()
        .name("stdin".to_string())
        .spawn(move || {
            let stdin = ReportingStdin { reads: read_sender };
            read_lines(BufReader::new(stdin), &sender, on_line);
        })?;
    Ok(input)
}

/// Sends each line of `source` to `lines`, after a call of `on_line`.
///
/// Returns at the end of `source` or when the receiver was dropped. An error counts as
/// the end, because a closed terminal reports one.
pub fn read_lines(mut source: impl BufRead, lines: &Sender<InputLine>, on_line: impl Fn()) {
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
            // The splitter stops at such a line, because a peer's line may be endless.
            // A file ends, so skip to its next line.
            NextLine::Overrun => match source.skip_until(b'\n') {
                Ok(_) => {
                    splitter = LineSplitter::new(MAX_LINE);
                    continue;
                }
                Err(_) => return,
            },
            NextLine::End => return,
        };
        on_line();
        if lines.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[InputLine]) {
        let (sender, lines) = bounded(16);
        read_lines(input, &sender, || {});
        drop(sender);
        assert_eq!(lines.iter().collect::<Vec<_>>(), expected);
    }

    fn line(text: &str) -> InputLine {
        InputLine::Line(text.to_string())
    }

    #[test]
    fn each_line_is_sent_once_with_or_without_a_last_newline() {
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
