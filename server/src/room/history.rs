//! History: what was said in one room, for members that come later.
//!
//! It holds the posts as they were said. Each shares its lines with the log, so to
//! keep one costs the broadcaster no copy. It knows no names: the sender is a
//! [`SenderId`].

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use common::Event;
use common::notice::{self, Excerpt};

use super::id::{Lines, SenderId};
use crate::limits;

/// One post, as it was said.
#[derive(Clone)]
pub struct HistoryEntry {
    /// When it was said.
    pub at: Instant,
    /// The sender; `None` for the operator.
    pub from: Option<SenderId>,
    /// The lines, each with its newline.
    pub lines: Lines,
    /// The number of lines.
    count: usize,
    /// The number of lines that were said in the room before these.
    lines_before: u64,
}

/// The last lines of one room.
pub struct History {
    entries: VecDeque<HistoryEntry>,
    max_lines: usize,
    lines: usize,
    bytes: usize,
    /// The number of lines that were ever said in the room.
    total: u64,
    departed: HashMap<SenderId, LastRead>,
}

/// Up to where a departed member has received the history.
#[derive(Clone, Copy)]
struct LastRead {
    departed_at: Instant,
    /// The number of lines that had been said by then.
    line: u64,
}

impl LastRead {
    fn is_recent(&self) -> bool {
        self.departed_at.elapsed() < limits::RETURN_WINDOW
    }
}

impl History {
    /// Makes an empty history of at most `max_lines`.
    pub fn new(max_lines: usize) -> History {
        History {
            entries: VecDeque::new(),
            max_lines,
            lines: 0,
            bytes: 0,
            total: 0,
            departed: HashMap::new(),
        }
    }

    /// Records that `count` lines were said just now.
    pub fn record(&mut self, from: Option<SenderId>, lines: &Lines, count: usize) {
        if self.max_lines == 0 {
            return;
        }
        self.lines += count;
        self.bytes += lines.capacity();
        self.entries.push_back(HistoryEntry {
            at: Instant::now(),
            from,
            lines: Lines::clone(lines),
            count,
            lines_before: self.total,
        });
        self.total += count as u64;
        while let Some(first) = self.entries.front() {
            // A post stays as long as one of its lines is among the last.
            let spare = self.lines - first.count >= self.max_lines;
            if !spare && self.bytes <= limits::MAX_HISTORY_BYTES {
                return;
            }
            self.lines -= first.count;
            self.bytes -= first.lines.capacity();
            self.entries.pop_front();
        }
    }

    /// Records that a member leaves, which has received all until `last_received`;
    /// `None` is all until now.
    pub fn record_departure(&mut self, sender_id: SenderId, last_received: Option<Instant>) {
        if self.max_lines == 0 {
            return;
        }
        if self.departed.len() >= limits::MAX_DEPARTED {
            self.departed.retain(|_, last_read| last_read.is_recent());
        }
        if self.departed.len() < limits::MAX_DEPARTED {
            let line = last_received.map_or(self.total, |moment| self.lines_before(moment));
            let departed_at = Instant::now();
            let last_read = LastRead { departed_at, line };
            self.departed.insert(sender_id, last_read);
        }
    }

    /// Returns how many lines had been said at a moment.
    fn lines_before(&self, moment: Instant) -> u64 {
        let later = self.entries.partition_point(|entry| entry.at < moment);
        let first_later = self.entries.get(later);
        first_later.map_or(self.total, |entry| entry.lines_before)
    }

    /// Returns what a member that joins is shown: what it has missed if it was here
    /// within the hour, else the last few lines. Lines of senders for which
    /// `is_ignored` is true are left out.
    pub fn excerpt_for(
        &mut self,
        sender_id: SenderId,
        is_ignored: impl Fn(SenderId) -> bool,
    ) -> Option<Vec<u8>> {
        let last_read = self.departed.remove(&sender_id);
        let entries = self.entries.iter().rev();
        let entries = entries.filter(|entry| !entry.from.is_some_and(&is_ignored));
        match last_read.filter(LastRead::is_recent) {
            None => {
                let max = limits::HISTORY_ON_JOIN.min(self.max_lines);
                excerpt(entries, Excerpt::Last, max, |_| true)
            }
            Some(LastRead { line, .. }) => {
                let missed =
                    entries.take_while(|entry| entry.lines_before + entry.count as u64 > line);
                // The member has not missed what it said itself last.
                let missed = missed.filter(|entry| entry.from != Some(sender_id));
                excerpt(missed, Excerpt::Missed, limits::HISTORY_ON_RETURN, |_| true)
            }
        }
    }

    /// Returns all entries, the oldest first.
    pub fn snapshot(&self) -> Vec<HistoryEntry> {
        self.entries.iter().cloned().collect()
    }
}

/// Returns the newest `max` lines that match, between two markers that say how many
/// and how old they are. Returns `None` if no line matches.
pub fn excerpt<'a>(
    newest_first: impl Iterator<Item = &'a HistoryEntry>,
    which: Excerpt,
    max: usize,
    matches: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    let mut lines: Vec<&str> = Vec::new();
    let mut oldest = Duration::ZERO;
    for entry in newest_first {
        // Every line was checked to be valid UTF-8 when it came.
        let text = str::from_utf8(&entry.lines).unwrap_or_default();
        let count_before = lines.len();
        let matching = text.lines().rev().filter(|line| matches(line));
        lines.extend(matching.take(max - count_before));
        if lines.len() > count_before {
            oldest = entry.at.elapsed();
        }
        if lines.len() == max {
            break;
        }
    }
    if lines.is_empty() {
        return None;
    }
    let header = notice::excerpt_header(which, lines.len(), oldest);
    let mut out = Event::HistoryMarker(&header).to_line();
    for line in lines.iter().rev() {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    Event::HistoryMarker(notice::EXCERPT_END).encode(&mut out);
    Some(out)
}
