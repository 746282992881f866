//! What was said in one room lately, to be shown to those who come later.
//!
//! It holds the posts as they were said, each shared with the log, so keeping
//! one costs the broadcaster no copy. It knows no names: who spoke is a
//! [`Voice`].

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use common::Event;
use common::notice::{self, Excerpt};

use super::id::{Lines, SenderId};
use crate::limits;

/// One post, as it was said.
#[derive(Clone)]
pub struct HistoryEntry {
    /// When.
    pub at: Instant,
    /// By whom; nobody for the operator.
    pub from: Option<SenderId>,
    /// The lines, each with its newline.
    pub lines: Lines,
    /// How many they are.
    count: usize,
    /// How many lines were said in this room before them.
    lines_before: u64,
}

/// The last lines of one room.
pub struct History {
    entries: VecDeque<HistoryEntry>,
    /// How many lines it may hold.
    max_lines: usize,
    lines: usize,
    bytes: usize,
    /// How many lines were ever said here.
    total: u64,
    departed: HashMap<SenderId, Departure>,
}

/// Up to where somebody has heard what was said.
#[derive(Clone, Copy)]
struct Departure {
    at: Instant,
    last_line: u64,
}

impl History {
    /// An empty one, for `most` lines.
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

    /// Notes that `count` lines were said just now.
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

    /// Notes that somebody goes, who was surely there until `until`.
    pub fn record_departure(&mut self, sender_id: SenderId, until: Option<Instant>) {
        if self.max_lines == 0 {
            return;
        }
        let at = Instant::now();
        let recent = |_: &SenderId, gone: &mut Departure| at - gone.at < limits::RETURN_WINDOW;
        if self.departed.len() >= limits::MAX_DEPARTED {
            self.departed.retain(recent);
        }
        if self.departed.len() < limits::MAX_DEPARTED {
            let heard = until.map_or(self.total, |until| self.lines_before(until));
            self.departed.insert(
                sender_id,
                Departure {
                    at,
                    last_line: heard,
                },
            );
        }
    }

    /// How many lines had been said at a moment.
    fn lines_before(&self, moment: Instant) -> u64 {
        let later = self.entries.partition_point(|said| said.at < moment);
        self.entries
            .get(later)
            .map_or(self.total, |said| said.lines_before)
    }

    /// What a member with this voice is shown when it comes in: what it has
    /// missed if it was here within the hour, else the last few lines. Lines of
    /// those that it is `deaf_to` are left out.
    pub fn excerpt_for(
        &mut self,
        sender_id: SenderId,
        deaf_to: impl Fn(SenderId) -> bool,
    ) -> Option<Vec<u8>> {
        let gone = self.departed.remove(&sender_id);
        let gone = gone.filter(|gone| gone.at.elapsed() < limits::RETURN_WINDOW);
        let kept = self.entries.iter().rev();
        let kept = kept.filter(|said| !said.from.is_some_and(&deaf_to));
        match gone {
            None => excerpt(
                kept,
                Excerpt::Last,
                limits::HISTORY_ON_JOIN.min(self.max_lines),
                |_| true,
            ),
            Some(Departure {
                last_line: heard, ..
            }) => {
                let kept = kept.take_while(|said| said.lines_before + said.count as u64 > heard);
                // What it said itself as its last is nothing that it missed.
                let kept = kept.filter(|said| said.from != Some(sender_id));
                excerpt(kept, Excerpt::Missed, limits::HISTORY_ON_RETURN, |_| true)
            }
        }
    }

    /// All of it, the oldest first, for somebody to look through.
    pub fn snapshot(&self) -> Vec<HistoryEntry> {
        self.entries.iter().cloned().collect()
    }
}

/// The newest `most` lines that are `wanted`, in brackets that say how many and
/// how old they are; nothing if there are none. `newest_first` are the posts.
pub fn excerpt<'a>(
    newest_first: impl Iterator<Item = &'a HistoryEntry>,
    which: Excerpt,
    max: usize,
    wanted: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    let mut lines: Vec<&str> = Vec::new();
    let mut oldest = Duration::ZERO;
    for said in newest_first {
        // All that is said is text; the server has checked it line by line.
        let text = str::from_utf8(&said.lines).unwrap_or_default();
        let before = lines.len();
        let left = max - before;
        lines.extend(text.lines().rev().filter(|line| wanted(line)).take(left));
        if lines.len() > before {
            oldest = said.at.elapsed();
        }
        if lines.len() == max {
            break;
        }
    }
    if lines.is_empty() {
        return None;
    }
    let mut out =
        Event::HistoryMarker(&notice::excerpt_header(which, lines.len(), oldest)).to_line();
    for line in lines.iter().rev() {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    Event::HistoryMarker(notice::EXCERPT_END).encode(&mut out);
    Some(out)
}
