//! Log: events become lines on standard output and in the log file.
//!
//! The log must never make the room wait, even if a terminal is stopped or a disk is
//! full. So a thread with a bounded queue writes it. When the queue fills up,
//! messages are dropped and counted, and there still is room for joins and leaves.
//! One thread writes both outputs, so one that is stuck stops the other.
//!
//! Thread: `logger`.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};

use common::{LOBBY, Name, Timestamp, text};

use super::log_file::LogFile;
use crate::limits;
use crate::report::ReportInterval;
use crate::room::id::Lines;

/// How often the operator is notified that the log file cannot be written.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);

/// The most blanks in a row that are shown: two tabs before a line of a program.
const MAX_BLANKS: usize = 16;

/// An item in the log's queue.
pub enum LogEntry {
    /// Messages as members receive them, in this room or in all.
    Messages(Option<Name>, Lines),
    /// Any other line, ready to be shown.
    Line(String),
    /// Nothing follows.
    End,
}

/// A handle to the logger.
#[derive(Clone)]
pub struct Log {
    entries: Sender<LogEntry>,
    dropped: Arc<AtomicU64>,
    scope: LogScope,
}

/// The events that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogScope {
    /// Messages, joins and leaves.
    Everything,
    /// Joins and leaves alone.
    NoMessages,
}

impl Log {
    /// Logs messages, or drops them if the queue is nearly full.
    pub fn messages(&self, room: Option<Name>, lines: Lines) {
        if self.scope == LogScope::Everything {
            if self.entries.len() < limits::LOG_MESSAGE_QUEUE {
                self.push(LogEntry::Messages(room, lines));
            } else {
                let count = lines.iter().filter(|&&byte| byte == b'\n').count();
                self.count_dropped(u64::try_from(count).unwrap_or(u64::MAX));
            }
        }
    }

    fn count_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Logs `entry`, or drops it if the queue is full.
    pub fn push(&self, entry: LogEntry) {
        if self.entries.try_send(entry).is_err() {
            self.count_dropped(1);
        }
    }

    /// Makes the logger end, after all that was logged before. Blocks until `deadline`
    /// at most. Other threads may still have a handle, such as the console.
    pub fn finish(self, deadline: Instant) {
        let _ = self.entries.send_deadline(LogEntry::End, deadline);
    }

    /// Logs one line.
    pub fn line(&self, line: impl Into<String>) {
        self.push(LogEntry::Line(line.into()));
    }
}

/// The outputs of the log, owned by its thread.
pub struct Logger {
    entries: Receiver<LogEntry>,
    dropped: Arc<AtomicU64>,
    output: Box<dyn Write + Send>,
    file: Option<LogFile>,
    fault_report: ReportInterval,
}

/// Makes a log that writes to `output`, and to `file` with the time before each line.
pub fn new(scope: LogScope, output: Box<dyn Write + Send>, file: Option<LogFile>) -> (Log, Logger) {
    let (sender, entries) = bounded(limits::LOG_QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    let log = Log {
        entries: sender,
        dropped: Arc::clone(&dropped),
        scope,
    };
    let logger = Logger {
        entries,
        dropped,
        output,
        file,
        fault_report: ReportInterval::new(FAULT_INTERVAL),
    };
    (log, logger)
}

impl Logger {
    /// Runs until [`Log::finish`].
    pub fn run(mut self) {
        let mut text = String::new();
        while let Ok(mut entry) = self.entries.recv() {
            // All that waits goes out in one write.
            loop {
                format_entry(&entry, &mut text);
                if matches!(entry, LogEntry::End) || text.len() >= limits::MAX_BATCH_BYTES {
                    break;
                }
                match self.entries.try_recv() {
                    Ok(next) => entry = next,
                    Err(_none_waits) => break,
                }
            }
            match self.dropped.swap(0, Ordering::Relaxed) {
                0 => {}
                count => text.push_str(&format!("[SERVER] {count} lines were dropped.\n")),
            }
            self.write(&text);
            text.clear();
            if matches!(entry, LogEntry::End) {
                return;
            }
        }
    }

    fn write(&mut self, text: &str) {
        // A closed pipe or a full device: the room matters more than its log, and nobody
        // can be notified.
        let _ = write_and_flush(&mut self.output, text);
        let Some(file) = &mut self.file else { return };
        let now = Timestamp::from(SystemTime::now());
        let lines = text.lines().map(|line| format!("{now} {line}\n"));
        match file.append(&lines.collect::<String>()) {
            Ok(()) => self.fault_report.reset(),
            Err(error) => self.report_fault(&error),
        }
    }

    fn report_fault(&mut self, error: &io::Error) {
        if self.fault_report.is_due() {
            let line = format!("[SERVER] cannot write the log file: {error}.\n");
            let _ = write_and_flush(&mut self.output, &line);
        }
    }
}

fn write_and_flush(output: &mut Box<dyn Write + Send>, text: &str) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}

fn format_entry(entry: &LogEntry, text: &mut String) {
    match entry {
        LogEntry::Line(line) => {
            text.push_str(line);
            text.push('\n');
        }
        LogEntry::End => {}
        LogEntry::Messages(room, lines) => {
            let room = room.as_ref().filter(|room| !room.matches(LOBBY));
            let room = room.map(|room| format!("@{room}")).unwrap_or_default();
            for line in String::from_utf8_lossy(lines).lines() {
                let (from, said) = line.split_once(": ").unwrap_or((line, ""));
                text.push_str(&format!("[{from}{room}] "));
                push_collapsed(said, text);
                text.push('\n');
            }
        }
    }
}

/// Appends `said`, with a count in the place of each long run of blanks. A terminal wraps
/// a line by itself, so behind enough blanks a text would begin a row as if it were a
/// line of the server's.
fn push_collapsed(said: &str, text: &mut String) {
    let mut rest = said;
    while !rest.is_empty() {
        let words = rest.trim_start_matches(is_blank);
        let (blanks, _) = rest.split_at(rest.len() - words.len());
        let columns: usize = blanks.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum();
        if columns > MAX_BLANKS {
            text.push_str(&format!("[{columns} blanks]"));
        } else {
            text.push_str(blanks);
        }
        let (word, next) = words.split_at(words.find(is_blank).unwrap_or(words.len()));
        text.push_str(word);
        rest = next;
    }
}

/// Returns `true` for what looks blank, and for what has no width.
fn is_blank(c: char) -> bool {
    text::looks_blank(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_look_as_in_the_classroom() {
        let mut text = String::new();
        let mut said = |room, lines: &str| {
            let lines = Lines::new(lines.as_bytes().to_vec());
            format_entry(&LogEntry::Messages(room, lines), &mut text);
        };
        said(Some(Name::from_static(LOBBY)), "A: Hello\nB: a: b\n");
        said(Some(Name::from_static("games")), "A: Chess?\n* B: nods\n");
        said(None, "Server: tea\n");
        format_entry(&LogEntry::Line("x".into()), &mut text);
        let expected = "[A] Hello\n[B] a: b\n[A@games] Chess?\n[* B@games] nods\n[Server] tea\nx\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_blanks_lead_to_the_next_row_of_a_terminal() {
        let collapsed = |said: &str| {
            let mut text = String::new();
            push_collapsed(said, &mut text);
            text
        };
        for said in ["", "a  b ", "\t\tif x {", " a [SERVER] b"] {
            assert_eq!(collapsed(said), said);
        }
        let padding = " ".repeat(73);
        let padded = format!("hi{padding}[SERVER] stopped.{padding}");
        assert_eq!(
            collapsed(&padded),
            "hi[73 blanks][SERVER] stopped.[73 blanks]"
        );
        for blank in ['\u{3000}', '\u{2800}', '\u{3164}'] {
            let padded = format!(" {blank}\u{200d}").repeat(20) + "x";
            assert_eq!(collapsed(&padded), "[60 blanks]x", "{blank:?}");
        }
        assert_eq!(collapsed("\t\t x"), "[17 blanks]x");
    }

    #[test]
    fn a_log_that_is_not_read_leaves_out_messages_but_no_arrivals() {
        let (log, logger) = new(LogScope::Everything, Box::new(io::sink()), None);
        for _ in 0..limits::LOG_MESSAGE_QUEUE + 10 {
            log.messages(None, Lines::new(b"a: b\na: c\n".to_vec()));
        }
        log.line("c arrived");
        assert_eq!(logger.entries.len(), limits::LOG_MESSAGE_QUEUE + 1);
        assert_eq!(logger.dropped.load(Ordering::Relaxed), 20);
    }
}
