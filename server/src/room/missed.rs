//! Missed: the lines that a member has not received while its connection was broken.

use std::time::Instant;

use common::Event;
use common::notice::{self, Excerpt};

/// One line that a member has missed.
pub struct MissedLine {
    /// When it was said.
    pub at: Instant,
    /// The line, with its tags if the member receives tags.
    pub bytes: Vec<u8>,
}

/// Returns the lines between two markers that say how many and how old they are.
pub fn between_markers(missed: &[MissedLine], which: Excerpt) -> Vec<u8> {
    let oldest = missed.first().map(|line| line.at);
    let age = oldest.map(|oldest: Instant| oldest.elapsed());
    let header = notice::excerpt_header(which, missed.len(), age.unwrap_or_default());
    let mut lines = Event::HistoryMarker(&header).to_line();
    for line in missed {
        lines.extend_from_slice(&line.bytes);
    }
    Event::HistoryMarker(notice::EXCERPT_END).encode(&mut lines);
    lines
}
