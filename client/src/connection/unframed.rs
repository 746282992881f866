//! Unframed servers: from lines to texts without newlines, and back.
//!
//! Such a server takes what one `recv(1024)` brings for a message. It sends texts
//! without a newline and answers no heartbeat. Both halves together supply what it
//! lacks, so that the callers need not know:
//!
//! * A name that is neither refused nor answered by a close is answered by an empty
//!   line: we have joined.
//! * A blank line is not sent, and answered by an empty line.
//! * `q:quit` is answered by the close, or by 5 s without a close.
//! * Our own message, if the server sends it back, is left out, because it is on the
//!   screen already.
//!
//! Thread: the reader's and the writer's, which share a [`UnframedState`].

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::line::ends_inside_character;
use common::{Address, MAX_EVENT, QUIT};

use super::error::is_tick;
use super::tcp::{self, TcpReader, TcpWriter};
use crate::lock::lock;

/// The time between two texts. If the second came before the server had read the
/// first, the server would take both for one.
const GAP: Duration = Duration::from_millis(100);

/// The longest time that a read blocks. It is shorter than for TCP, because heartbeats
/// are answered only between two reads, and the shortest timeout for them is 300 ms.
const TICK: Duration = Duration::from_millis(50);

/// The time in which a server refuses a name, or closes. Our server takes 250 ms to
/// detect that a peer is unframed.
const REFUSAL_WINDOW: Duration = Duration::from_millis(500);

/// The time to wait for the close after `q:quit`: as over TCP.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time for which our messages are remembered. A server that sends them back does
/// so at once.
const ECHO_WINDOW: Duration = Duration::from_secs(10);

/// The number of messages that are remembered: at ten a second, more than come back in
/// a second.
const MAX_ECHOES: usize = 16;

/// A phase of the session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No name was sent, or the last name was refused.
    Unnamed,
    /// A name was sent, at this time.
    Named(Instant),
    /// The server has accepted the name.
    Joined,
    /// `q:quit` was sent, at this time.
    Leaving(Instant),
}

/// The state that both halves share.
struct UnframedState {
    phase: Phase,
    /// The number of blank lines that must be answered.
    blank_lines: usize,
    /// The messages that were sent lately, and when.
    recent: VecDeque<(Vec<u8>, Instant)>,
}

type Shared = Arc<Mutex<UnframedState>>;

/// A reader of lines from an unframed server.
pub(super) struct UnframedReader<R> {
    source: R,
    state: Shared,
    /// Lines that were not read yet.
    ready: VecDeque<u8>,
}

/// A writer of lines to an unframed server.
pub(super) struct UnframedWriter<W> {
    sink: W,
    state: Shared,
    /// The part of the current line that the socket has not taken yet.
    rest: Vec<u8>,
    last_sent: Option<Instant>,
}

/// Reaches the server.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn connect(
    address: &Address,
) -> Result<(UnframedReader<TcpReader>, UnframedWriter<TcpWriter>), String> {
    let (reader, writer) = tcp::connect_with(address, TICK)?;
    Ok(halves(reader, writer))
}

fn halves<R, W>(source: R, sink: W) -> (UnframedReader<R>, UnframedWriter<W>) {
    let state = Arc::new(Mutex::new(UnframedState {
        phase: Phase::Unnamed,
        blank_lines: 0,
        recent: VecDeque::new(),
    }));
    let reader = UnframedReader {
        source,
        state: Arc::clone(&state),
        ready: VecDeque::new(),
    };
    let writer = UnframedWriter {
        sink,
        state,
        rest: Vec::new(),
        last_sent: None,
    };
    (reader, writer)
}

impl<R: Read> Read for UnframedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            self.refill()?;
        }
        self.ready.read(buffer)
    }
}

impl<R: Read> UnframedReader<R> {
    /// Reads once, for at least one line. No line is ready at the end.
    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = [0; MAX_EVENT - 1];
        let result = self.source.read(&mut chunk);
        let mut state = lock(&self.state);
        // The error if no line comes of it.
        let error = match result {
            Ok(count @ 1..) => {
                let chunk = chunk.get(..count).unwrap_or_default();
                self.ready.extend(state.receive(chunk));
                ErrorKind::Interrupted.into()
            }
            Err(error) if is_tick(&error) || error.kind() == ErrorKind::Interrupted => error,
            // A server that closes before it has read everything resets.
            Ok(_) | Err(_) if state.is_leaving() => {
                self.ready.extend(line(QUIT));
                return Ok(());
            }
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.ready.extend(state.answers(Instant::now()));
        if self.ready.is_empty() {
            Err(error)
        } else {
            Ok(())
        }
    }
}

impl<W: Write> Write for UnframedWriter<W> {
    /// Takes a whole line, or none of it: after an error comes the same line again. A
    /// caller that sends `q:quit` instead completes the line before it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.trim_ascii().is_empty() {
            lock(&self.state).blank_lines += 1;
            return Ok(line.len());
        }
        if self.rest.is_empty() {
            self.wait_for_gap();
            // Before it is sent, because the answer may come at once.
            lock(&self.state).record_sent(text);
            self.rest = text.to_vec();
        }
        while !self.rest.is_empty() {
            let count = self.sink.write(&self.rest)?;
            if count == 0 {
                return Ok(0);
            }
            self.rest.drain(..count);
            self.last_sent = Some(Instant::now());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<W> UnframedWriter<W> {
    fn wait_for_gap(&self) {
        if let Some(last) = self.last_sent {
            thread::sleep(GAP.saturating_sub(last.elapsed()));
        }
    }
}

impl UnframedState {
    /// Records that `text` is sent now.
    fn record_sent(&mut self, text: &[u8]) {
        let now = Instant::now();
        match self.phase {
            Phase::Unnamed | Phase::Named(_) => self.phase = Phase::Named(now),
            _ if text == QUIT.as_bytes() => self.phase = Phase::Leaving(now),
            _ => {
                if self.recent.len() == MAX_ECHOES {
                    self.recent.pop_front();
                }
                self.recent.push_back((text.to_vec(), now));
            }
        }
    }

    fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving(_))
    }

    /// Returns the lines in what one read has brought, each with its newline. An empty
    /// line is left out, because it would be taken for the answer to a heartbeat.
    fn receive(&mut self, chunk: &[u8]) -> Vec<u8> {
        if let Phase::Named(_) = self.phase {
            let refused = chunk.starts_with(b"! ");
            self.phase = if refused {
                Phase::Unnamed
            } else {
                Phase::Joined
            };
        }
        let mut lines = Vec::with_capacity(chunk.len() + 1);
        for line in chunk.split_inclusive(|&byte| byte == b'\n') {
            let text = line.trim_ascii_end();
            if !text.is_empty() && !self.is_echo(text) {
                lines.extend_from_slice(line);
            }
        }
        if !lines.is_empty() && !lines.ends_with(b"\n") && !ends_inside_character(chunk) {
            lines.push(b'\n');
        }
        lines
    }

    /// Returns `true` if we have sent this lately. Each message comes back once.
    fn is_echo(&mut self, text: &[u8]) -> bool {
        self.recent.retain(|(_, when)| when.elapsed() < ECHO_WINDOW);
        let same = self.recent.iter().position(|(sent, _)| sent == text);
        same.and_then(|at| self.recent.remove(at)).is_some()
    }

    /// Returns the answers that a framed server would send.
    fn answers(&mut self, now: Instant) -> Vec<u8> {
        let elapsed = |since: Instant| now.saturating_duration_since(since);
        let mut answers = vec![b'\n'; std::mem::take(&mut self.blank_lines)];
        match self.phase {
            Phase::Named(since) if elapsed(since) >= REFUSAL_WINDOW => {
                self.phase = Phase::Joined;
                answers.push(b'\n');
            }
            Phase::Leaving(since) if elapsed(since) >= QUIT_TIMEOUT => answers.extend(line(QUIT)),
            _ => {}
        }
        answers
    }
}

fn line(text: &str) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::line::MIN_SEGMENT;

    /// A server that sends a chunk for each read, and then closes.
    struct Chunks<'a>(Vec<&'a [u8]>);

    impl Read for Chunks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            self.0.remove(0).read(buffer)
        }
    }

    /// A server that sends nothing.
    struct Silent;

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::WouldBlock.into())
        }
    }

    fn read_all(reader: &mut impl Read) -> String {
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        all
    }

    #[test]
    fn a_read_is_a_message_and_newlines_split_it() {
        #[track_caller]
        fn check(chunks: &[&[u8]], expected: &str) {
            let (mut reader, _writer) = halves(Chunks(chunks.to_vec()), io::sink());
            assert_eq!(read_all(&mut reader), expected);
        }
        check(&[b"bob: a", b"bob: b"], "bob: a\nbob: b\n");
        check(&[b"bob: a\nbob: b"], "bob: a\nbob: b\n");
        check(&[b"bob: a\n\n\r\n", b"\n"], "bob: a\n");
        let long = "x".repeat(MIN_SEGMENT) + "é";
        let (first, rest) = long.as_bytes().split_at(MIN_SEGMENT + 1);
        check(&[first, rest], &format!("{long}\n"));
    }

    #[test]
    fn texts_are_sent_apart_and_without_newline_and_blank_ones_are_not_sent() {
        let mut out = Vec::new();
        let (_reader, mut writer) = halves(Silent, &mut out);
        let start = Instant::now();
        for text in ["ann\n", " \t \n", "\n", "ann: hi\n", "q:quit\n"] {
            assert_eq!(writer.write(text.as_bytes()).unwrap(), text.len());
        }
        assert!(start.elapsed() >= 2 * GAP);
        assert_eq!(out, b"annann: hiq:quit");
    }

    #[test]
    fn a_text_that_is_written_in_pieces_is_sent_once() {
        struct Pieces(Vec<u8>, bool);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    self.0.write(&bytes[..1])
                } else {
                    Err(ErrorKind::WouldBlock.into())
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (_reader, mut writer) = halves(Silent, Pieces(Vec::new(), false));
        for _ in 0..2 {
            assert!(is_tick(&writer.write(b"ann\n").unwrap_err()));
        }
        assert_eq!(writer.write(b"ann\n").unwrap(), 4);
        assert_eq!(writer.sink.0, b"ann");
    }

    #[test]
    fn every_heartbeat_is_answered_as_often_as_it_was_sent() {
        let (mut reader, mut writer) = halves(Silent, Vec::new());
        let mut buffer = [0; 9];
        assert!(is_tick(&reader.read(&mut buffer).unwrap_err()));
        writer.write_all(b" \t \n").unwrap();
        writer.write_all(b"\n").unwrap();
        assert_eq!(reader.read(&mut buffer).unwrap(), 2);
        assert_eq!(buffer[..2], *b"\n\n");
        assert!(is_tick(&reader.read(&mut buffer).unwrap_err()));
    }

    #[test]
    fn an_echo_of_the_own_message_is_dropped_once() {
        let echo: &[u8] = b"ann: hi";
        let chunks = vec![b"welcome", echo, echo, b"bob: hi"];
        let (mut reader, mut writer) = halves(Chunks(chunks), Vec::new());
        writer.write_all(b"ann\n").unwrap();
        let mut buffer = [0; 99];
        assert_eq!(reader.read(&mut buffer).unwrap(), "welcome\n".len());
        writer.write_all(b"ann: hi\n").unwrap();
        assert_eq!(read_all(&mut reader), "ann: hi\nbob: hi\n");
    }

    /// Returns the answers after every timeout has passed.
    fn answered(state: &Shared) -> Vec<u8> {
        lock(state).answers(Instant::now() + QUIT_TIMEOUT)
    }

    #[test]
    fn a_name_that_is_not_refused_is_accepted() {
        let (mut reader, mut writer) = halves(Chunks(vec![b"! taken"]), Vec::new());
        writer.write_all(b"ann\n").unwrap();
        assert_eq!(lock(&reader.state).answers(Instant::now()), b"");
        assert_eq!(read_all(&mut reader), "! taken\n");
        assert_eq!(answered(&reader.state), b"");
        writer.write_all(b"bob\n").unwrap();
        assert_eq!(answered(&reader.state), b"\n");
        assert_eq!(answered(&reader.state), b"");
    }

    #[test]
    fn q_quit_is_answered_by_the_close_or_after_the_timeout() {
        let (reader, mut writer) = halves(Silent, Vec::new());
        lock(&reader.state).phase = Phase::Joined;
        writer.write_all(b"q:quit\n").unwrap();
        assert_eq!(answered(&reader.state), b"q:quit\n");

        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::ConnectionReset.into())
            }
        }
        for leaving in [false, true] {
            let (mut reader, mut writer) = halves(Broken, Vec::new());
            lock(&reader.state).phase = Phase::Joined;
            if leaving {
                writer.write_all(b"q:quit\n").unwrap();
            }
            assert_eq!(reader.read(&mut [0; 9]).is_ok(), leaving);
        }
    }
}
