//! Sequence: numbers on datagrams, which make their loss visible.
//!
//! UDP may lose, duplicate and reorder datagrams. A client that wants to know
//! numbers the lines it sends. From its first number on, the server numbers the
//! lines it sends to that client, and reports how many have arrived. A client
//! such as `nc -u` that sends no numbers receives none.
//!
//! ```text
//! /seq NUMBER ARRIVED LINE
//! ```

/// The beginning of a numbered line.
const PREFIX: &str = "/seq ";

/// The maximum length of the prefix with both numbers, in bytes.
pub const MAX_PREFIX: usize = PREFIX.len() + 2 * 21;

/// The number of previous datagrams that are remembered, to recognise duplicates.
/// A network reorders datagrams within a short distance (RFC 4303, 3.4.3).
const WINDOW: u32 = u64::BITS;

/// A line with its sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// The position among the lines of its sender, from 1.
    pub number: u64,
    /// The number of different numbered lines that its sender has received.
    pub arrived: u64,
    /// The line without the prefix.
    pub line: &'a str,
}

impl<'a> Numbered<'a> {
    /// Parses a line that begins with its number.
    pub fn parse(line: &'a str) -> Option<Numbered<'a>> {
        let (number, rest) = line.strip_prefix(PREFIX)?.split_once(' ')?;
        let (arrived, line) = rest.split_once(' ')?;
        Some(Numbered {
            number: number.parse().ok().filter(|&number| number > 0)?,
            arrived: arrived.parse().ok()?,
            line,
        })
    }

    /// Returns the line to be sent, without a newline.
    pub fn encode(&self) -> String {
        let Numbered {
            number,
            arrived,
            line,
        } = self;
        format!("{PREFIX}{number} {arrived} {line}")
    }
}

/// A count of the datagrams that arrived, are missing, or arrived twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveTracker {
    /// The highest number received.
    highest: u64,
    /// Bit `n` is set if `highest - n` has arrived.
    window: u64,
    arrived: u64,
    duplicates: u64,
}

impl ReceiveTracker {
    /// Records the arrival of line `number`, and returns `true` if it is new.
    ///
    /// A number below the window counts as a duplicate.
    pub fn record(&mut self, number: u64) -> bool {
        let new = match number.checked_sub(self.highest) {
            Some(ahead @ 1..) => {
                self.highest = number;
                let shift = u32::try_from(ahead).unwrap_or(WINDOW);
                self.window = self.window.checked_shl(shift).unwrap_or(0) | 1;
                true
            }
            _ => {
                let behind = u32::try_from(self.highest - number).unwrap_or(WINDOW);
                let bit = 1u64.checked_shl(behind).unwrap_or(0);
                let missing = bit & !self.window;
                self.window |= missing;
                missing != 0 && number > 0
            }
        };
        if new {
            self.arrived += 1;
        } else {
            self.duplicates += 1;
        }
        new
    }

    /// Returns the number of different lines that have arrived.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Returns the number of lines below the highest that have not arrived.
    pub fn missing(&self) -> u64 {
        self.highest.saturating_sub(self.arrived)
    }

    /// Returns the number of duplicates.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(u64, u64, &str)>) {
        let read = Numbered::parse(line);
        let shown = read.map(|it| (it.number, it.arrived, it.line));
        assert_eq!(shown, expected, "{line:?}");
        if let Some(read) = read {
            assert_eq!(read.encode(), line);
        }
    }

    #[test]
    fn a_numbered_line_is_parsed_as_it_was_encoded() {
        check("/seq 1 0 hi", Some((1, 0, "hi")));
        check("/seq 7 12 ", Some((7, 12, "")));
        check("/seq 7 12  two  blanks ", Some((7, 12, " two  blanks ")));
        let longest = format!("/seq {0} {0} ", u64::MAX);
        assert!(longest.len() <= MAX_PREFIX);
        check(&longest, Some((u64::MAX, u64::MAX, "")));
    }

    #[test]
    fn other_lines_have_no_number() {
        for line in [
            "",
            "hi",
            "/seq",
            "/seq 1 2",
            "/seq 0 0 x",
            "/seq -1 0 x",
            "/seq a b c",
            "/seq 99999999999999999999 0 x",
            "/sequel 1 2 x",
        ] {
            check(line, None);
        }
    }

    /// Returns how many of `numbers` arrived, are missing, and are duplicates.
    fn count(numbers: impl IntoIterator<Item = u64>) -> (u64, u64, u64) {
        let mut tracker = ReceiveTracker::default();
        for number in numbers {
            tracker.record(number);
        }
        (tracker.arrived(), tracker.missing(), tracker.duplicates())
    }

    #[test]
    fn gaps_and_duplicates_are_counted() {
        assert_eq!(count([]), (0, 0, 0));
        assert_eq!(count(1..=1000), (1000, 0, 0));
        assert_eq!(count([1, 2, 4]), (3, 1, 0));
        assert_eq!(count([3]), (1, 2, 0));
        assert_eq!(count([1, 1, 2, 2, 2]), (2, 0, 3));
    }

    #[test]
    fn a_late_number_fills_its_gap_once() {
        assert_eq!(count([2, 1, 3]), (3, 0, 0));
        assert_eq!(count([2, 1, 1, 3]), (3, 0, 1));
        assert_eq!(count([64, 1]), (2, 62, 0));
        assert_eq!(count([65, 1]), (1, 64, 1), "too late to tell");
    }

    #[test]
    fn extreme_numbers_are_counted_without_overflow() {
        assert_eq!(count([1, u64::MAX, 1, 0]), (2, u64::MAX - 2, 2));
        let mut tracker = ReceiveTracker::default();
        assert!(!tracker.record(0));
    }
}
