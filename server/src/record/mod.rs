//! Where all that happens in the rooms is noted, once, off its way.
//!
//! Whoever notes it must not make the room wait, so behind the tap are bounded
//! channels: the log has one, and the transcript one of its own.

pub mod log;
pub mod timestamp;
pub mod transcript;

use common::Name;

use crate::room::id::Lines;
use log::Log;
use transcript::Transcript;

/// What the broadcaster tells besides the members.
pub struct Recorder {
    /// The log, also for lines that are no room's.
    pub log: Log,
    /// The file of all that the rooms heard, if there is one.
    pub transcript: Option<Transcript>,
}

impl Recorder {
    /// Notes lines that a member, or the operator, said in `room`.
    pub fn record_messages(&self, room: &Name, lines: Lines) {
        if let Some(transcript) = &self.transcript {
            transcript.record(room, &lines);
        }
        self.log.messages(Some(room.clone()), lines);
    }

    /// Notes a notice of `room`; the log has entries of its own for these.
    pub fn record_notice(&self, room: &Name, line: &[u8]) {
        if let Some(transcript) = self.transcript.as_ref().filter(|_| !line.is_empty()) {
            transcript.record(room, &Lines::new(line.to_vec()));
        }
    }
}
