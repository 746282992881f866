//! Record: every event of the rooms, once, beside the way of a message.
//!
//! The broadcaster reports here and must not wait, so bounded queues are behind it:
//! one of the log, and one of the transcript.
//!
//! Writes: nothing to a socket.
//! Locks: nothing.
//! Blocks: the log's and the transcript's own threads, on their outputs.

pub mod log;
pub mod log_file;
pub mod transcript;

use common::Name;

use crate::room::id::Lines;
use log::Log;
use transcript::Transcript;

/// The receivers of all events.
pub struct Recorder {
    /// The log, also for lines of no room.
    pub log: Log,
    /// The transcript, if there is one.
    pub transcript: Option<Transcript>,
}

impl Recorder {
    /// Records messages of a member, or of the operator, in `room`.
    pub fn record_messages(&self, room: &Name, lines: Lines) {
        if let Some(transcript) = &self.transcript {
            transcript.record(room, &lines);
        }
        self.log.messages(Some(room.clone()), lines);
    }

    /// Records a notice of `room`. The log has lines of its own for these.
    pub fn record_notice(&self, room: &Name, line: &[u8]) {
        if let Some(transcript) = self.transcript.as_ref().filter(|_| !line.is_empty()) {
            transcript.record(room, &Lines::new(line.to_vec()));
        }
    }
}
