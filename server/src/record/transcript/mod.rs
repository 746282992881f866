//! Transcript: what is said in the rooms, as lines of a file with time and room.
//!
//! The rooms must never wait for a disk. So a thread with a bounded queue writes the
//! file. When the queue is full, lines are dropped, and a line in the file says how
//! many, where they are missing. A file that cannot be written costs lines as well,
//! and the operator is notified.
//!
//! Writes: nothing to a socket.
//! Locks: nothing.
//! Blocks: its own thread, on the disk.

mod buffer;
mod rotated_file;
mod writer;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use common::Name;
use crossbeam_channel::{Sender, bounded};

use crate::record::log::Log;
use crate::room::id::Lines;
use rotated_file::RotatedFile;
pub use rotated_file::TranscriptConfig;
use writer::{TranscriptEntry, TranscriptWriter};

/// The default size of a file, in bytes. Thirty people who say two lines a minute
/// fill it in 36 hours, and any editor opens it at once.
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// The default number of older files: more than a week of such talk, and no disk
/// minds 60 MiB.
pub const OLD_FILES: u32 = 5;

/// The most posts that wait for the thread. A thousand people who speak as fast as
/// they may fill it in half a second, which is longer than a disk stalls. Posts of
/// the longest kind, 16 KiB, take 64 MiB then.
const QUEUE: usize = 4096;

/// A handle to the transcript's thread.
#[derive(Clone)]
pub struct Transcript {
    entries: Sender<TranscriptEntry>,
    /// The lines that were dropped, until an entry or the thread reports them.
    dropped: Arc<AtomicU64>,
}

impl Transcript {
    /// Opens the file and starts the thread. Faults are reported to `log`.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, with its name in the text; or when the machine
    /// has no thread left.
    pub fn start(settings: TranscriptConfig, log: Log) -> io::Result<(Transcript, JoinHandle<()>)> {
        let (transcript, writer) = new(settings, log)?;
        let thread = thread::Builder::new().name("transcript".to_string());
        Ok((transcript, thread.spawn(move || writer.run())?))
    }

    /// Records lines that were said in `room`, each with its newline. Never blocks.
    pub fn record(&self, room: &Name, lines: &Lines) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let entry = TranscriptEntry::Lines {
            at: SystemTime::now(),
            room: room.clone(),
            lines: Arc::clone(lines),
            dropped,
        };
        if self.entries.try_send(entry).is_err() {
            let count = dropped + buffer::count_lines(lines);
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Makes the thread write the rest and end. Blocks until `deadline` at most.
    pub fn finish(self, deadline: Instant) {
        let _ = self.entries.send_deadline(TranscriptEntry::End, deadline);
    }
}

/// Opens the file, for a thread that is started later.
fn new(settings: TranscriptConfig, log: Log) -> io::Result<(Transcript, TranscriptWriter)> {
    let shown = settings.path.display().to_string();
    let file = RotatedFile::open(settings).map_err(|error| {
        let message = format!("cannot write the transcript {shown}: {error}");
        io::Error::new(error.kind(), message)
    })?;
    let (sender, entries) = bounded(QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    let transcript = Transcript {
        entries: sender,
        dropped: Arc::clone(&dropped),
    };
    Ok((
        transcript,
        TranscriptWriter::new(entries, dropped, file, shown, log),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::record::log::{self, LogScope};
    use std::path::PathBuf;

    /// A folder of its own for one test.
    pub struct Scratch(PathBuf);

    impl Scratch {
        pub fn new() -> Scratch {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("chat-transcript-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Scratch(path)
        }

        pub fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    pub fn settings(path: &Path) -> TranscriptConfig {
        TranscriptConfig {
            path: path.to_path_buf(),
            max_bytes: MAX_BYTES,
            old_files: OLD_FILES,
        }
    }

    /// Returns the lines of a transcript without their times.
    pub fn untimed(text: &str) -> String {
        let lines = text.lines().map(|line| line.split_once("Z ").unwrap().1);
        lines.map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn the_thread_ends_when_nobody_can_note_any_more() {
        let scratch = Scratch::new();
        let path = scratch.file("t");
        let (log, _logger) = log::new(LogScope::Everything, Box::new(io::sink()), None);
        let (transcript, thread) = Transcript::start(settings(&path), log).unwrap();
        assert_eq!(thread.thread().name(), Some("transcript"));
        let lines = Lines::from(b"bob: hi\n".to_vec());
        transcript.clone().record(&"lobby".parse().unwrap(), &lines);
        drop(transcript);
        thread.join().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(untimed(&text), "lobby bob: hi\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let scratch = Scratch::new();
        let path = scratch.file("nowhere/t");
        let (log, _logger) = log::new(LogScope::Everything, Box::new(io::sink()), None);
        let error = Transcript::start(settings(&path), log).err().unwrap();
        let expected = format!("cannot write the transcript {}: No such", path.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
