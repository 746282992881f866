//! Turns lines into texts as they are, for a server that knows no lines, and back.
//!
//! Such a server takes what one `recv(1024)` brings for a message, sends texts
//! without a newline, answers no heartbeat and perhaps nothing at all. Both
//! halves together play what it lacks, so that nobody above has to know:
//!
//! * a name that is neither refused nor answered by an end is answered by an
//!   empty line: one is in;
//! * a blank line is not sent, and answered by an empty line;
//! * `q:quit` is answered by the end, or by 5 s without one;
//! * our own message, if the server sends it back, is left out: we have seen it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::line::ends_inside_character;
use common::{Address, MAX_EVENT, QUIT};

use super::is_tick;
use super::tcp::{self, TcpReader, TcpWriter};

/// The most bytes that can be sent at once: what a script of the textbook's kind
/// reads at once. The rest would be a message of nobody.
pub(super) const MAX_TEXT: usize = 1024;

/// The time between two texts. If the second came before the server had read the
/// first, both would be one.
const GAP: Duration = Duration::from_millis(100);

/// How long one read may block: shorter than for TCP, as heartbeats are answered
/// only between two reads, and the shortest patience for an answer is 300 ms.
const TICK: Duration = Duration::from_millis(50);

/// How long a server may take to refuse a name, or to close, before one is in.
/// Ours takes 250 ms to see that a peer sends no newlines.
const REFUSAL_WINDOW: Duration = Duration::from_millis(500);

/// How long one who has said `q:quit` waits for the end: as over TCP.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long, and how many of, our messages are remembered, to know them when the
/// server sends them back: it does so at once.
const ECHO_WINDOW: Duration = Duration::from_secs(10);
const MAX_ECHOES: usize = 16; // at ten a second, more than come back in a second

/// How far the conversation has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No name was sent, or the last one was refused.
    Unnamed,
    /// A name was sent, then.
    Named(Instant),
    /// The server has taken it.
    Joined,
    /// `q:quit` was sent, then.
    Leaving(Instant),
}

/// What both halves know.
struct Conversation {
    phase: Phase,
    /// How many blank lines are to be answered.
    blank_lines: usize,
    /// What was said lately, and when.
    recent: VecDeque<(Vec<u8>, Instant)>,
}

type Shared = Arc<Mutex<Conversation>>;

fn lock(talk: &Mutex<Conversation>) -> MutexGuard<'_, Conversation> {
    talk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lines from a server that knows none.
pub(super) struct UnframedReader<R> {
    source: R,
    conversation: Shared,
    /// Lines that were not read yet.
    ready: VecDeque<u8>,
}

/// Lines to a server that knows none.
pub(super) struct UnframedWriter<W> {
    sink: W,
    talk: Shared,
    /// What the socket has not taken yet of the line that is being written.
    rest: Vec<u8>,
    last_sent: Option<Instant>,
}

/// Reaches the server.
///
/// # Errors
///
/// A sentence for the person.
pub(super) fn connect(
    address: &Address,
) -> Result<(UnframedReader<TcpReader>, UnframedWriter<TcpWriter>), String> {
    let (reader, writer) = tcp::connect_with(address, TICK)?;
    Ok(halves(reader, writer))
}

fn halves<R, W>(source: R, sink: W) -> (UnframedReader<R>, UnframedWriter<W>) {
    let talk = Arc::new(Mutex::new(Conversation {
        phase: Phase::Unnamed,
        blank_lines: 0,
        recent: VecDeque::new(),
    }));
    let reader = UnframedReader {
        source,
        conversation: Arc::clone(&talk),
        ready: VecDeque::new(),
    };
    let writer = UnframedWriter {
        sink,
        talk,
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
    /// Reads once, for at least one line; none are ready at the end.
    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = [0; MAX_EVENT - 1];
        let result = self.source.read(&mut chunk);
        let mut talk = lock(&self.conversation);
        // What to say if no line comes of it.
        let nothing = match result {
            Ok(count @ 1..) => {
                let chunk = chunk.get(..count).unwrap_or_default();
                self.ready.extend(talk.receive(chunk));
                ErrorKind::Interrupted.into()
            }
            Err(error) if is_tick(&error) || error.kind() == ErrorKind::Interrupted => error,
            // A server that closes before it has read everything resets.
            Ok(_) | Err(_) if talk.is_leaving() => {
                self.ready.extend(line(QUIT));
                return Ok(());
            }
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.ready.extend(talk.answers(Instant::now()));
        match self.ready.is_empty() {
            true => Err(nothing),
            false => Ok(()),
        }
    }
}

impl<W: Write> Write for UnframedWriter<W> {
    /// Takes a whole line, or none of it: what comes after an error is the same
    /// line again. One that hurries away instead has that line finished.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.trim_ascii().is_empty() {
            lock(&self.talk).blank_lines += 1;
            return Ok(line.len());
        }
        if self.rest.is_empty() {
            self.wait_for_gap();
            // Before it is sent, as the answer may come at once.
            lock(&self.talk).record_sent(text);
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

impl Conversation {
    /// Notes that `text` is sent now.
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

    /// The lines in what one read has brought, each with its newline. An empty
    /// one is left out, as it would be taken for an answer.
    fn receive(&mut self, chunk: &[u8]) -> Vec<u8> {
        if let Phase::Named(_) = self.phase {
            let refused = chunk.starts_with(b"! ");
            self.phase = if refused {
                Phase::Unnamed
            } else {
                Phase::Joined
            };
        }
        let mut heard = Vec::with_capacity(chunk.len() + 1);
        for line in chunk.split_inclusive(|&byte| byte == b'\n') {
            let text = line.trim_ascii_end();
            if !text.is_empty() && !self.is_echo(text) {
                heard.extend_from_slice(line);
            }
        }
        if !heard.is_empty() && !heard.ends_with(b"\n") && !ends_inside_character(chunk) {
            heard.push(b'\n');
        }
        heard
    }

    /// Whether we have said this lately; each message comes back once.
    fn is_echo(&mut self, text: &[u8]) -> bool {
        self.recent.retain(|(_, when)| when.elapsed() < ECHO_WINDOW);
        let same = self.recent.iter().position(|(said, _)| said == text);
        same.and_then(|at| self.recent.remove(at)).is_some()
    }

    /// What the server would answer if it knew how to.
    fn answers(&mut self, now: Instant) -> Vec<u8> {
        let passed = |since: Instant| now.saturating_duration_since(since);
        let mut answers = vec![b'\n'; std::mem::take(&mut self.blank_lines)];
        match self.phase {
            Phase::Named(since) if passed(since) >= REFUSAL_WINDOW => {
                self.phase = Phase::Joined;
                answers.push(b'\n');
            }
            Phase::Leaving(since) if passed(since) >= QUIT_TIMEOUT => answers.extend(line(QUIT)),
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

    /// A server whose every chunk is one read, and then the end.
    struct Chunks<'a>(Vec<&'a [u8]>);

    impl Read for Chunks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.is_empty() {
                true => Ok(0),
                false => self.0.remove(0).read(buffer),
            }
        }
    }

    /// A server that says nothing.
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
    fn texts_go_without_newline_and_apart_and_blank_ones_do_not() {
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
    fn a_text_that_is_taken_in_pieces_is_sent_once() {
        struct Pieces(Vec<u8>, bool);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                match self.1 {
                    true => self.0.write(&bytes[..1]),
                    false => Err(ErrorKind::WouldBlock.into()),
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
    fn the_own_message_is_left_out_once_when_it_comes_back() {
        let echo: &[u8] = b"ann: hi";
        let chunks = vec![b"welcome", echo, echo, b"bob: hi"];
        let (mut reader, mut writer) = halves(Chunks(chunks), Vec::new());
        writer.write_all(b"ann\n").unwrap();
        let mut buffer = [0; 99];
        assert_eq!(reader.read(&mut buffer).unwrap(), "welcome\n".len());
        writer.write_all(b"ann: hi\n").unwrap();
        assert_eq!(read_all(&mut reader), "ann: hi\nbob: hi\n");
    }

    /// What the reader says when all that was sent has got old.
    fn answered(talk: &Shared) -> Vec<u8> {
        lock(talk).answers(Instant::now() + QUIT_TIMEOUT)
    }

    #[test]
    fn a_name_that_is_not_refused_is_taken() {
        let (mut reader, mut writer) = halves(Chunks(vec![b"! taken"]), Vec::new());
        writer.write_all(b"ann\n").unwrap();
        assert_eq!(lock(&reader.conversation).answers(Instant::now()), b"");
        assert_eq!(read_all(&mut reader), "! taken\n");
        assert_eq!(answered(&reader.conversation), b"");
        writer.write_all(b"bob\n").unwrap();
        assert_eq!(answered(&reader.conversation), b"\n");
        assert_eq!(answered(&reader.conversation), b"");
    }

    #[test]
    fn leaving_is_answered_by_the_end_or_by_time() {
        let (reader, mut writer) = halves(Silent, Vec::new());
        lock(&reader.conversation).phase = Phase::Joined;
        writer.write_all(b"q:quit\n").unwrap();
        assert_eq!(answered(&reader.conversation), b"q:quit\n");

        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::ConnectionReset.into())
            }
        }
        for leaving in [false, true] {
            let (mut reader, mut writer) = halves(Broken, Vec::new());
            lock(&reader.conversation).phase = Phase::Joined;
            if leaving {
                writer.write_all(b"q:quit\n").unwrap();
            }
            assert_eq!(reader.read(&mut [0; 9]).is_ok(), leaving);
        }
    }
}
