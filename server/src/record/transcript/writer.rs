//! Writer: the transcript's thread. Entries in, one write for all that wait.
//!
//! A buffer that cannot be written is discarded, but its count is kept. The next buffer
//! begins with what is missing. It is one more try, made once a second even if nothing
//! is said. So a fault ends as soon as its cause does. Only this file tells the
//! operator.
//!
//! Thread: `transcript`.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use common::Name;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::buffer::TranscriptBuffer;
use super::rotated_file::RotatedFile;
use crate::limits;
use crate::record::log::Log;
use crate::report::ReportInterval;
use crate::room::id::Lines;

/// The pause after a failed write. It is long enough that a nearly full disk, which
/// takes one line and not the next, does not fill the operator's screen. It is short
/// enough to lose little when the disk works again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How often the operator is notified of a lasting fault.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);

pub enum TranscriptEntry {
    /// Lines of one room, with their time.
    Lines {
        at: SystemTime,
        room: Name,
        lines: Lines,
        /// The lines that were dropped just before these.
        dropped: u64,
    },
    /// Nothing follows.
    End,
}

/// The owner of the file.
pub struct TranscriptWriter {
    entries: Receiver<TranscriptEntry>,
    dropped: Arc<AtomicU64>,
    file: RotatedFile,
    /// The name of the file, for the operator.
    path_text: String,
    log: Log,
    /// The fault of the last try, if it failed.
    fault: Option<WriteFault>,
    fault_report: ReportInterval,
}

/// A write that failed.
struct WriteFault {
    /// The number of lines that are missing.
    missing: u64,
    /// When the last of them came.
    at: SystemTime,
    retry_at: Instant,
}

impl TranscriptWriter {
    /// Makes a writer of these entries. `dropped` counts the lines that no entry reports.
    pub fn new(
        entries: Receiver<TranscriptEntry>,
        dropped: Arc<AtomicU64>,
        file: RotatedFile,
        path_text: String,
        log: Log,
    ) -> TranscriptWriter {
        TranscriptWriter {
            entries,
            dropped,
            file,
            path_text,
            log,
            fault: None,
            fault_report: ReportInterval::new(FAULT_INTERVAL),
        }
    }

    /// Runs until [`TranscriptEntry::End`], or until no handle is left.
    pub fn run(mut self) {
        while self.run_once().is_continue() {}
    }

    /// Waits for entries, and writes all of them at once.
    fn run_once(&mut self) -> ControlFlow<()> {
        let mut page = TranscriptBuffer::default();
        if let Some(fault) = &self.fault {
            page.push_dropped(fault.at, fault.missing);
        }
        let flow = self.collect(&mut page);
        match &mut self.fault {
            // The last try is made in any case.
            Some(fault) if flow.is_continue() && Instant::now() < fault.retry_at => {
                fault.missing = page.lines;
                fault.at = SystemTime::now();
            }
            _ => self.write(&page),
        }
        flow
    }

    /// Takes all entries that wait, and waits for the first.
    fn collect(&self, page: &mut TranscriptBuffer) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let mut next = self.wait();
        while let Some(entry) = next.take() {
            match entry {
                TranscriptEntry::Lines {
                    at,
                    room,
                    lines,
                    dropped,
                } => {
                    page.push_dropped(at, dropped);
                    page.push_lines(at, &room, &lines);
                }
                TranscriptEntry::End => {
                    flow = ControlFlow::Break(());
                    break;
                }
            }
            if page.text.len() < limits::MAX_BATCH_BYTES {
                // Not a wait with a timeout of zero, which still spins for a moment: in
                // a busy room the next line comes in that time, again and again, and
                // nothing is written before the buffer is full.
                next = self.entries.try_recv().ok();
            }
        }
        if self.entries.is_empty() {
            // No later entry would report the lines dropped after the last one.
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            page.push_dropped(SystemTime::now(), dropped);
        }
        flow
    }

    /// Returns the next entry, or `None` if the next try is due first.
    fn wait(&self) -> Option<TranscriptEntry> {
        let Some(fault) = &self.fault else {
            return Some(self.entries.recv().unwrap_or(TranscriptEntry::End));
        };
        match self.entries.recv_deadline(fault.retry_at) {
            Ok(entry) => Some(entry),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(TranscriptEntry::End),
        }
    }

    fn write(&mut self, page: &TranscriptBuffer) {
        if page.text.is_empty() {
            return;
        }
        match self.file.append(&page.text) {
            Ok(()) => self.report_recovery(),
            Err(error) => self.report_fault(&error, page.lines),
        }
    }

    fn report_recovery(&mut self) {
        if let Some(WriteFault { missing, .. }) = self.fault.take() {
            self.fault_report.reset();
            let shown = &self.path_text;
            let message = format!(
                "[SERVER] the transcript {shown} is written again; {missing} lines are missing."
            );
            self.log.line(message);
        }
    }

    fn report_fault(&mut self, error: &io::Error, missing: u64) {
        if self.fault_report.is_due() {
            let path = &self.path_text;
            let line = format!("[SERVER] cannot write the transcript {path}: {error}.");
            self.log.line(line);
        }
        self.fault = Some(WriteFault {
            missing,
            at: SystemTime::now(),
            retry_at: Instant::now() + RETRY_INTERVAL,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::super::tests::{Scratch, settings, untimed};
    use super::super::{QUEUE, Transcript, new};
    use super::*;
    use crate::record::log::{self, LogScope, Logger};
    use crate::room::id::Lines;

    /// A transcript whose thread is the test itself, and the lines for the operator.
    struct TranscriptFixture {
        scratch: Scratch,
        path: PathBuf,
        transcript: Transcript,
        writer: TranscriptWriter,
        log: Log,
        logger: Logger,
        message: SharedBuffer,
    }

    #[derive(Clone, Default)]
    struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

    impl Write for SharedBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl TranscriptFixture {
        fn new() -> TranscriptFixture {
            let scratch = Scratch::new();
            fs::create_dir(scratch.file("home")).unwrap();
            let path = scratch.file("home/t");
            let message = SharedBuffer::default();
            let (log, logger) = log::new(LogScope::Everything, Box::new(message.clone()), None);
            let (transcript, writer) = new(settings(&path), log.clone()).unwrap();
            TranscriptFixture {
                scratch,
                path,
                transcript,
                writer,
                log,
                logger,
                message,
            }
        }

        fn say(&self, lines: &str) {
            let lines = Lines::from(lines.as_bytes().to_vec());
            self.transcript.record(&"lobby".parse().unwrap(), &lines);
        }

        fn move_away(&self) {
            fs::rename(self.scratch.file("home"), self.scratch.file("away")).unwrap();
        }

        fn move_back(&self) {
            fs::rename(self.scratch.file("away"), self.scratch.file("home")).unwrap();
        }

        /// Makes the next try due.
        fn wait_for_retry(&mut self) {
            self.writer.fault.as_mut().unwrap().retry_at = Instant::now();
        }

        /// Returns the file and the lines for the operator, without times and folders.
        fn end(self) -> (String, String) {
            let text = fs::read_to_string(&self.path).unwrap();
            self.log.finish(Instant::now() + RETRY_INTERVAL);
            self.logger.run();
            let message = String::from_utf8(self.message.0.lock().unwrap().clone()).unwrap();
            let path = self.path.display().to_string();
            (untimed(&text), message.replace(&path, "FILE"))
        }
    }

    #[test]
    fn the_time_is_that_of_the_note() {
        let mut fixture = TranscriptFixture::new();
        let entry = TranscriptEntry::Lines {
            at: SystemTime::UNIX_EPOCH,
            room: "lobby".parse().unwrap(),
            lines: Lines::from(b"bob: hi\n".to_vec()),
            dropped: 0,
        };
        fixture.transcript.entries.send(entry).unwrap();
        assert!(fixture.writer.run_once().is_continue());
        let text = fs::read_to_string(&fixture.path).unwrap();
        assert_eq!(text, "1970-01-01T00:00:00Z lobby bob: hi\n");
    }

    #[test]
    fn what_waits_goes_out_in_order_and_the_end_is_the_last() {
        let mut fixture = TranscriptFixture::new();
        fixture.say("bob: 1\nbob: 2\n");
        fixture.say("ann: 3\n");
        fixture
            .transcript
            .clone()
            .finish(Instant::now() + RETRY_INTERVAL);
        fixture.say("bob: too late\n");
        assert!(fixture.writer.run_once().is_break());
        let (text, message) = fixture.end();
        assert_eq!(text, "lobby bob: 1\nlobby bob: 2\nlobby ann: 3\n");
        assert_eq!(message, "");
    }

    #[test]
    fn a_full_queue_leaves_lines_out_where_the_file_says_so() {
        let mut fixture = TranscriptFixture::new();
        let queued = "lobby bob: x\n".repeat(QUEUE);
        for _ in 0..QUEUE {
            fixture.say("bob: x\n");
        }
        for _ in 0..6 {
            fixture.say("bob: lost\nbob: lost\n");
        }
        // One place is free, and the next line reports what was dropped before it.
        let _ = fixture.writer.entries.recv().unwrap();
        fixture.say("bob: again\n");
        fixture.say("bob: lost\n");
        while !fixture.writer.entries.is_empty() {
            assert!(fixture.writer.run_once().is_continue());
        }
        let (text, _) = fixture.end();
        let (before, after) = text.split_at(queued.len() - "lobby bob: x\n".len());
        assert!(queued.starts_with(before));
        let expected = "- 12 lines were left out.\nlobby bob: again\n- 1 lines were left out.\n";
        assert_eq!(after, expected);
    }

    #[test]
    fn a_fault_is_reported_once_and_its_end_with_what_is_missing() {
        let mut fixture = TranscriptFixture::new();
        fixture.say("bob: before\n");
        assert!(fixture.writer.run_once().is_continue());
        fixture.move_away();
        for _ in 0..3 {
            fixture.say("bob: lost\nbob: lost\n");
            assert!(fixture.writer.run_once().is_continue());
        }
        fixture.wait_for_retry();
        assert!(fixture.writer.run_once().is_continue());
        fixture.move_back();
        // The next try is not due.
        fixture.say("bob: lost\n");
        assert!(fixture.writer.run_once().is_continue());
        fixture.wait_for_retry();
        fixture.say("bob: after\n");
        assert!(fixture.writer.run_once().is_continue());
        fixture.say("bob: and on\n");
        assert!(fixture.writer.run_once().is_continue());
        let (text, message) = fixture.end();
        let expected = "lobby bob: before\n- 7 lines were left out.\nlobby bob: after\n\
            lobby bob: and on\n";
        assert_eq!(text, expected);
        let expected = "\
            [SERVER] cannot write the transcript FILE: No such file or directory (os error 2).\n\
            [SERVER] the transcript FILE is written again; 7 lines are missing.\n";
        assert_eq!(message, expected);
    }

    #[test]
    fn a_lasting_fault_is_reported_again_and_ends_although_nothing_is_said() {
        let mut fixture = TranscriptFixture::new();
        fixture.move_away();
        fixture.say("bob: lost\n");
        assert!(fixture.writer.run_once().is_continue());
        for _ in 0..2 {
            fixture.wait_for_retry();
            fixture.writer.fault_report.reset();
            assert!(fixture.writer.run_once().is_continue());
        }
        fixture.move_back();
        fixture.wait_for_retry();
        assert!(fixture.writer.run_once().is_continue());
        let (text, message) = fixture.end();
        assert_eq!(text, "- 1 lines were left out.\n");
        assert_eq!(message.matches("cannot write").count(), 3);
        assert!(message.ends_with("written again; 1 lines are missing.\n"));
    }

    #[test]
    fn the_last_try_does_not_wait() {
        let mut fixture = TranscriptFixture::new();
        fixture.move_away();
        fixture.say("bob: lost\n");
        assert!(fixture.writer.run_once().is_continue());
        fixture.move_back();
        fixture.say("bob: last\n");
        fixture
            .transcript
            .clone()
            .finish(Instant::now() + RETRY_INTERVAL);
        assert!(fixture.writer.run_once().is_break());
        let (text, _) = fixture.end();
        assert_eq!(text, "- 1 lines were left out.\nlobby bob: last\n");
    }
}
