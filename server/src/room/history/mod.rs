//! History: what was said in one room, for members that come later.
//!
//! It holds the posts as they were said. Each shares its lines with the log, so to
//! keep one costs the broadcaster no copy. It knows no names: the sender is a
//! [`SenderId`].
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: never.

pub mod missed;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use common::notice::{self, Excerpt};
use common::tags::TagWriter;
use common::{Event, Name, Timestamp};

use super::id::{Lines, SenderId};
use super::rendering::Rendering;
use crate::connection::MemberId;
use crate::limits;
use crate::random;
use crate::recent::Recent;

/// The sender of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSender {
    /// The member.
    pub member: MemberId,
    /// The name that it had, and its host.
    pub id: SenderId,
}

/// One post, as it was said.
#[derive(Clone)]
pub struct HistoryEntry {
    /// When it was said.
    pub at: Instant,
    /// The same, for the tags of its lines.
    time: Timestamp,
    /// The sender; `None` for the operator.
    pub from: Option<MessageSender>,
    /// The lines, each with its newline.
    pub lines: Lines,
    /// The number of lines.
    count: usize,
    /// The number of lines that were said in the room before these.
    lines_before: u64,
}

/// The last lines of one room.
pub struct History {
    /// The stream of the ids of the lines: the room's name, and a random word for this
    /// life of the room.
    stream: String,
    entries: VecDeque<HistoryEntry>,
    max_lines: usize,
    lines: usize,
    bytes: usize,
    /// The number of lines that were ever said in the room.
    total: u64,
    left: Recent<SenderId, LastRead>,
}

/// Up to where a member that left has received the history.
#[derive(Clone, Copy)]
struct LastRead {
    left_at: Instant,
    /// The number of lines that had been said by then.
    line: u64,
}

impl LastRead {
    fn is_recent(&self) -> bool {
        self.left_at.elapsed() < limits::RETURN_WINDOW
    }
}

impl History {
    /// Makes an empty history of at most `max_lines`, for the room called `room`.
    pub fn new(room: &Name, max_lines: usize) -> History {
        History {
            stream: format!("{room}-{}", random::word()),
            entries: VecDeque::new(),
            max_lines,
            lines: 0,
            bytes: 0,
            total: 0,
            left: Recent::new(limits::MAX_LEFT),
        }
    }

    /// Returns the writer of tags for lines of the time `time`, and the number of the
    /// first; `None` for lines that the history does not keep.
    pub fn tag_writer(&self, time: Timestamp, first: Option<u64>) -> (TagWriter, u64) {
        match first {
            Some(first) => (TagWriter::with_ids(time, &self.stream), first),
            None => (TagWriter::time(time), 0),
        }
    }

    /// Records that `count` lines were said just now. Returns the number of the first,
    /// unless nothing is kept.
    pub fn record(
        &mut self,
        from: Option<MessageSender>,
        lines: &Lines,
        count: usize,
        time: Timestamp,
    ) -> Option<u64> {
        if self.max_lines == 0 {
            return None;
        }
        let lines_before = self.total;
        self.lines += count;
        self.bytes += lines.capacity();
        self.entries.push_back(HistoryEntry {
            at: Instant::now(),
            time,
            from,
            lines: Lines::clone(lines),
            count,
            lines_before,
        });
        self.total += count as u64;
        self.remove_spare();
        Some(lines_before + 1)
    }

    /// Removes the oldest posts that are too many.
    fn remove_spare(&mut self) {
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

    /// Records that a member leaves, and may have missed lines after
    /// `missed_since`; `None` means that it has missed none. When many have left, a member
    /// that `stayed` for a few seconds is not recorded, because thousands of such visits
    /// would take the places of others.
    pub fn record_leaving(
        &mut self,
        sender_id: SenderId,
        missed_since: Option<Instant>,
        stayed: Duration,
    ) {
        let is_short = stayed < limits::SHORT_VISIT && self.left.is_half_full();
        if self.max_lines == 0 || is_short {
            return;
        }
        let line = missed_since.map_or(self.total, |moment| self.lines_before(moment));
        let left_at = Instant::now();
        let last_read = LastRead { left_at, line };
        self.left.insert(sender_id, last_read);
    }

    /// Returns how many lines had been said at a moment.
    fn lines_before(&self, moment: Instant) -> u64 {
        let later = self.entries.partition_point(|entry| entry.at < moment);
        let first_later = self.entries.get(later);
        first_later.map_or(self.total, |entry| entry.lines_before)
    }

    /// Returns what a member that joins is shown: what it has missed if it was here
    /// within the hour, else the last few lines. Lines of senders for which
    /// `is_ignored` is true are left out. The lines have at most `max_bytes`.
    pub fn excerpt_for(
        &mut self,
        sender_id: SenderId,
        rendering: Rendering,
        max_bytes: usize,
        is_ignored: impl Fn(MemberId) -> bool,
    ) -> Option<Vec<u8>> {
        let bounds = |lines: usize| Bounds {
            lines,
            bytes: max_bytes,
        };
        let last_read = self.left.remove(&sender_id);
        let entries = self.entries.iter().rev();
        let entries =
            entries.filter(|entry| !entry.from.is_some_and(|from| is_ignored(from.member)));
        let stream = (rendering == Rendering::Tagged).then_some(self.stream.as_str());
        match last_read.filter(LastRead::is_recent) {
            None => {
                let max = limits::HISTORY_ON_JOIN.min(self.max_lines);
                excerpt(entries, stream, Excerpt::Last, bounds(max), |_| true)
            }
            Some(LastRead { line, .. }) => {
                let missed =
                    entries.take_while(|entry| entry.lines_before + entry.count as u64 > line);
                // The member has not missed what it said itself last.
                let missed =
                    missed.filter(|entry| entry.from.is_none_or(|from| from.id != sender_id));
                let max = limits::HISTORY_ON_RETURN;
                excerpt(missed, stream, Excerpt::Missed, bounds(max), |_| true)
            }
        }
    }

    /// Returns all entries, the oldest first.
    pub fn snapshot(&self) -> Vec<HistoryEntry> {
        self.entries.iter().cloned().collect()
    }
}

// The figure is that of MAX_UDP_ANSWER, see the test.
const TOO_LONG_OVER_UDP: &str = "Only the newest lines follow, UDP carries 64 KiB at once.";

/// The most lines and bytes of an excerpt.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// The most lines.
    pub lines: usize,
    /// The most bytes, without tags and markers.
    pub bytes: usize,
}

/// Returns the newest lines that match, as many as fit, between two markers that say how
/// many and how old they are. Returns `None` if no line matches. With a `stream` the lines
/// have their tags.
pub fn excerpt<'a>(
    newest_first: impl Iterator<Item = &'a HistoryEntry>,
    stream: Option<&str>,
    which: Excerpt,
    bounds: Bounds,
    matches: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    let mut lines: Vec<(&HistoryEntry, u64, &str)> = Vec::new();
    let mut bytes = 0;
    let mut oldest = Duration::ZERO;
    for entry in newest_first {
        // Every line was checked to be valid UTF-8 when it came.
        let text = str::from_utf8(&entry.lines).unwrap_or_default();
        let count_before = lines.len();
        let numbers = (entry.lines_before + 1..=entry.lines_before + entry.count as u64).rev();
        let matching = numbers.zip(text.split_inclusive('\n').rev());
        let matching = matching.filter(|(_, line)| matches(line));
        let matching = matching.map(|(number, line)| (entry, number, line));
        lines.extend(matching.take(bounds.lines - count_before).take_while(|it| {
            bytes += it.2.len();
            bytes <= bounds.bytes
        }));
        if lines.len() > count_before {
            oldest = entry.at.elapsed();
        }
        if lines.len() == bounds.lines || bytes > bounds.bytes {
            break;
        }
    }
    if lines.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    if bytes > bounds.bytes {
        Event::Notice(TOO_LONG_OVER_UDP).encode(&mut out);
    }
    let header = notice::excerpt_header(which, lines.len(), oldest);
    Event::HistoryMarker(&header).encode(&mut out);
    for &(entry, number, line) in lines.iter().rev() {
        match stream {
            None => out.extend_from_slice(line.as_bytes()),
            Some(stream) => {
                let writer = TagWriter::with_ids(entry.time, stream);
                writer.push_lines(line.as_bytes(), number, &mut out);
            }
        }
    }
    Event::HistoryMarker(notice::EXCERPT_END).encode(&mut out);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_within_the_bytes_are_shown_and_a_line_says_so() {
        let mut history = History::new(&Name::from_static("lobby"), 10);
        let time = Timestamp::from_millis(0);
        for text in ["ann: one\n", "ann: two\n", "ann: three\n"] {
            history.record(None, &Lines::new(text.into()), 1, time);
        }
        let mut shown = |bytes: usize| {
            let shown = history.excerpt_for(SenderId(1), Rendering::Plain, bytes, |_| false);
            String::from_utf8(shown.unwrap()).unwrap()
        };
        let all = "ann: one\nann: two\nann: three\n--- now ---\n";
        assert!(shown(29).starts_with("--- the last 3 lines") && shown(29).ends_with(all));
        let part = shown(28);
        let (notice, rest) = part.split_once('\n').unwrap();
        assert_eq!(Event::parse(notice), Event::Notice(TOO_LONG_OVER_UDP));
        assert!(
            !notice.contains(':'),
            "a small script takes it for a message"
        );
        assert!(notice.contains(&format!("{} KiB", limits::MAX_UDP_ANSWER / 1024)));
        assert!(rest.starts_with("--- the last 2 lines"), "{rest}");
        assert!(rest.contains("\nann: two\nann: three\n"), "{rest}");
    }

    #[test]
    fn many_short_visits_do_not_take_the_places_of_others() {
        let id = |number: usize| SenderId(number as u64);
        let mut history = History::new(&Name::from_static("lobby"), 10);
        history.record_leaving(id(0), None, Duration::from_secs(600));
        for visitor in 1..2 * limits::MAX_LEFT {
            history.record_leaving(id(visitor), None, Duration::from_secs(3));
        }
        assert!(history.left.get(&id(0)).is_some());
        let late = id(2 * limits::MAX_LEFT);
        history.record_leaving(late, None, limits::SHORT_VISIT);
        assert!(history.left.get(&late).is_some());
    }
}
