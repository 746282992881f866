//! Where all that happens in the rooms can be noted, once, off its way.
//!
//! Whoever notes it must not make the room wait, so behind the tap are bounded
//! channels: the log has one, and whatever is added gets one of its own.

use common::Name;

use crate::log::Log;
use crate::post::Lines;

/// What the broadcaster tells besides the members.
pub struct Tap {
    /// The log, for lines that are no room's.
    pub log: Log,
}

impl Tap {
    /// Notes lines that a member said in `room`.
    pub fn said(&self, room: &Name, lines: Lines) {
        self.log.said(Some(room.clone()), lines);
    }

    /// Notes a line that the server told in `room`.
    pub fn told(&self, room: &Name, line: &Lines) {
        self.said(room, Lines::clone(line));
    }
}
