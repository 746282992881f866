//! What was said in one room lately, to be shown to those who come later.
//!
//! It holds the posts as they were said, each shared with the log, so keeping
//! one costs the broadcaster no copy. It knows no names: who spoke is a
//! [`Voice`].

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use common::Event;
use common::notice::{self, Excerpt};

use crate::limits;
use crate::post::Lines;

/// Whose lines these are: a number that stands for a name, and for whoever has
/// it. A member that comes back under the same name has the same voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Voice(pub u64);

/// One post, as it was said.
#[derive(Clone)]
pub struct Said {
    /// When.
    pub at: Instant,
    /// By whom; nobody for the operator.
    pub from: Option<Voice>,
    /// The lines, each with its newline.
    pub lines: Lines,
    /// How many they are.
    count: usize,
    /// How many lines were said in this room before them.
    before: u64,
}

/// The last lines of one room.
pub struct History {
    said: VecDeque<Said>,
    /// How many lines it may hold.
    most: usize,
    lines: usize,
    bytes: usize,
    /// How many lines were ever said here.
    total: u64,
    departed: HashMap<Voice, Departure>,
}

/// Up to where somebody has heard what was said.
#[derive(Clone, Copy)]
struct Departure {
    at: Instant,
    heard: u64,
}

impl History {
    /// An empty one, for `most` lines.
    pub fn new(most: usize) -> History {
        History {
            said: VecDeque::new(),
            most,
            lines: 0,
            bytes: 0,
            total: 0,
            departed: HashMap::new(),
        }
    }

    /// Notes that `count` lines were said just now.
    pub fn note(&mut self, from: Option<Voice>, lines: &Lines, count: usize) {
        if self.most == 0 {
            return;
        }
        self.lines += count;
        self.bytes += lines.capacity();
        self.said.push_back(Said {
            at: Instant::now(),
            from,
            lines: Lines::clone(lines),
            count,
            before: self.total,
        });
        self.total += count as u64;
        while let Some(first) = self.said.front() {
            // A post stays as long as one of its lines is among the last.
            let spare = self.lines - first.count >= self.most;
            if !spare && self.bytes <= limits::HISTORY_BYTES {
                return;
            }
            self.lines -= first.count;
            self.bytes -= first.lines.capacity();
            self.said.pop_front();
        }
    }

    /// Notes that somebody goes, who was surely there until `until`.
    pub fn depart(&mut self, voice: Voice, until: Option<Instant>) {
        if self.most == 0 {
            return;
        }
        let at = Instant::now();
        let recent = |_: &Voice, gone: &mut Departure| at - gone.at < limits::RETURN;
        if self.departed.len() >= limits::DEPARTED {
            self.departed.retain(recent);
        }
        if self.departed.len() < limits::DEPARTED {
            let heard = until.map_or(self.total, |until| self.before(until));
            self.departed.insert(voice, Departure { at, heard });
        }
    }

    /// How many lines had been said at a moment.
    fn before(&self, moment: Instant) -> u64 {
        let later = self.said.partition_point(|said| said.at < moment);
        self.said.get(later).map_or(self.total, |said| said.before)
    }

    /// What a member with this voice is shown when it comes in: what it has
    /// missed if it was here within the hour, else the last few lines. Lines of
    /// those that it is `deaf_to` are left out.
    pub fn greet(&mut self, voice: Voice, deaf_to: impl Fn(Voice) -> bool) -> Option<Vec<u8>> {
        let gone = self.departed.remove(&voice);
        let gone = gone.filter(|gone| gone.at.elapsed() < limits::RETURN);
        let kept = self.said.iter().rev();
        let kept = kept.filter(|said| !said.from.is_some_and(&deaf_to));
        match gone {
            None => excerpt(kept, Excerpt::Last, limits::SHOWN.min(self.most), |_| true),
            Some(Departure { heard, .. }) => {
                let kept = kept.take_while(|said| said.before + said.count as u64 > heard);
                // What it said itself as its last is nothing that it missed.
                let kept = kept.filter(|said| said.from != Some(voice));
                excerpt(kept, Excerpt::Missed, limits::MISSED, |_| true)
            }
        }
    }

    /// All of it, the oldest first, for somebody to look through.
    pub fn snapshot(&self) -> Vec<Said> {
        self.said.iter().cloned().collect()
    }
}

/// The newest `most` lines that are `wanted`, in brackets that say how many and
/// how old they are; nothing if there are none. `newest_first` are the posts.
pub fn excerpt<'a>(
    newest_first: impl Iterator<Item = &'a Said>,
    which: Excerpt,
    most: usize,
    wanted: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    let mut lines: Vec<&str> = Vec::new();
    let mut oldest = Duration::ZERO;
    for said in newest_first {
        // All that is said is text; the server has checked it line by line.
        let text = str::from_utf8(&said.lines).unwrap_or_default();
        let before = lines.len();
        let left = most - before;
        lines.extend(text.lines().rev().filter(|line| wanted(line)).take(left));
        if lines.len() > before {
            oldest = said.at.elapsed();
        }
        if lines.len() == most {
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
