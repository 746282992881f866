//! Missed: the lines that a member has not received while its connection was broken.

use std::time::Instant;

use common::notice::{self, Excerpt};
use common::{Event, LineId};

use super::{History, HistoryEntry, MessageSender};
use crate::room::rendering::Rendering;

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

impl History {
    /// Returns the time at which a line was said; `None` if it is not kept, or in
    /// another stream.
    pub fn time_of(&self, id: LineId<'_>) -> Option<Instant> {
        if id.stream != self.stream {
            return None;
        }
        let later = |entry: &HistoryEntry| entry.lines_before < id.number;
        let index = self.entries.partition_point(later).checked_sub(1)?;
        let entry = self.entries.get(index)?;
        (id.number <= entry.lines_before + entry.count as u64).then_some(entry.at)
    }

    /// Returns `true` if the ids of the room's lines are of this stream.
    pub fn has_stream(&self, stream: &str) -> bool {
        self.stream == stream
    }

    /// Returns `true` if nothing was said after a line of this stream.
    pub fn is_last(&self, id: LineId<'_>) -> bool {
        id.stream == self.stream && id.number == self.total
    }

    /// Returns the lines after the one that was shown last, the oldest first; and `true`
    /// if none before them is missing. If that line is not of this stream, they begin
    /// after the moment `shown_at`; if that is not known either, they are all lines kept.
    pub fn missed_since(
        &self,
        last_shown: Option<LineId<'_>>,
        shown_at: Option<Instant>,
        rendering: Rendering,
        is_wanted: impl Fn(MessageSender) -> bool,
    ) -> (Vec<MissedLine>, bool) {
        let number = last_shown.filter(|id| id.stream == self.stream);
        let number = number.map(|id| id.number);
        let known = number.or_else(|| shown_at.map(|at| self.lines_until(at)));
        let last = known.unwrap_or(0);
        let oldest = self.entries.front();
        let first_kept = oldest.map_or(self.total, |entry| entry.lines_before);
        let shown = |entry: &HistoryEntry| entry.lines_before + entry.count as u64 <= last;
        let later = self
            .entries
            .iter()
            .skip(self.entries.partition_point(shown));
        let wanted = later.filter(|entry| entry.from.is_none_or(&is_wanted));
        let missed = wanted.flat_map(|entry| self.lines_after(entry, last, rendering));
        let is_complete = match (number, shown_at) {
            (Some(_), _) => last >= first_kept,
            (None, Some(at)) => first_kept == 0 || oldest.is_some_and(|entry| entry.at <= at),
            // Without any id nothing was said when the member came.
            (None, None) => last_shown.is_none() && first_kept == 0 && self.max_lines > 0,
        };
        (missed.collect(), is_complete)
    }

    /// Returns the lines of an entry after the one of number `last`.
    fn lines_after(
        &self,
        entry: &HistoryEntry,
        last: u64,
        rendering: Rendering,
    ) -> impl Iterator<Item = MissedLine> {
        let (writer, _) = self.tag_writer(entry.time, Some(last));
        let lines = entry.lines.split_inclusive(|&byte| byte == b'\n');
        let numbered = (entry.lines_before + 1..).zip(lines);
        let later = numbered.filter(move |&(number, _)| number > last);
        later.map(move |(number, line)| MissedLine {
            at: entry.at,
            bytes: match rendering {
                Rendering::Plain => line.to_vec(),
                Rendering::Tagged => {
                    let mut bytes = Vec::new();
                    writer.push_lines(line, number, &mut bytes);
                    bytes
                }
            },
        })
    }

    /// Returns how many lines had been said up to a moment, and at that moment.
    fn lines_until(&self, moment: Instant) -> u64 {
        let later = self.entries.partition_point(|entry| entry.at <= moment);
        let first_later = self.entries.get(later);
        first_later.map_or(self.total, |entry| entry.lines_before)
    }
}
