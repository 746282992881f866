//! Sequence: numbers on datagrams, which make their loss visible.
//!
//! UDP may lose, duplicate and reorder datagrams. A client that wants to know
//! numbers the lines it sends. The server numbers the lines it sends to that client
//! too, and reports how many have arrived. A client such as `nc -u` that sends no
//! numbers receives none.
//!
//! ```text
//! /seq NUMBER ARRIVED LINE
//! ```
//!
//! The numbers also make forged datagrams visible. If the server gave the client a
//! secret START, both sides count from START + 1. Then a number that is
//! [far](is_near) from the expected one is not from the other side.

/// The beginning of a numbered line.
const PREFIX: &str = "/seq ";

/// The maximum length of the prefix with both numbers, in bytes.
pub const MAX_PREFIX: usize = PREFIX.len() + 2 * 21;

/// The number of previous datagrams that are remembered, to recognise duplicates.
/// A network reorders datagrams within a short distance (RFC 4303, 3.4.3).
const WINDOW: u32 = u64::BITS;

/// The lowest START. Numbers of a session without a START stay below it, so the number
/// alone tells which of the two a session is.
pub const MIN_START: u64 = 1 << 32;

/// The first number that is too high for a START. So no count from there overflows.
pub const END_START: u64 = 1 << 63;

/// The greatest distance of a number from the expected one.
///
/// It allows for as many lines lost in a row. A forged number is this near by a chance
/// of 1 in 2^51.
pub const MAX_DISTANCE: u64 = 1024;

/// Returns `true` if `number` is near enough to `expected` to be from the other side.
pub fn is_near(number: u64, expected: u64) -> bool {
    number.abs_diff(expected) <= MAX_DISTANCE
}

/// A line with its sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// The position among the lines of its sender, from 1 or from START + 1.
    pub number: u64,
    /// The number of different numbered lines that its sender has received.
    pub arrived: u64,
    /// The line without the prefix.
    pub line: &'a str,
}

impl<'a> Numbered<'a> {
    /// Parses a line that begins with its number.
    pub fn parse(line: &'a str) -> Option<Numbered<'a>> {
        split(line).filter(|numbered| numbered.number > 0)
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

/// Splits `/seq NUMBER ARRIVED LINE`, where NUMBER may be 0.
pub(super) fn split(line: &str) -> Option<Numbered<'_>> {
    let (number, rest) = line.strip_prefix(PREFIX)?.split_once(' ')?;
    let (arrived, line) = rest.split_once(' ')?;
    Some(Numbered {
        number: number.parse().ok()?,
        arrived: arrived.parse().ok()?,
        line,
    })
}

/// Returns the number of a datagram, whose line need not be valid UTF-8.
pub fn number_of(datagram: &[u8]) -> Option<u64> {
    let (head, _) = datagram
        .split_at_checked(MAX_PREFIX)
        .unwrap_or((datagram, b""));
    let end = head.utf8_chunks().next()?.valid();
    Numbered::parse(end).map(|numbered| numbered.number)
}

/// A count of the datagrams that arrived, are missing, or arrived twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveTracker {
    /// The number before the first.
    start: u64,
    /// The highest number received, or `start`.
    highest: u64,
    /// Bit `n` is set if `highest - n` has arrived.
    window: u64,
    arrived: u64,
    duplicates: u64,
}

impl ReceiveTracker {
    /// Makes a tracker of numbers from `start` + 1.
    pub fn after(start: u64) -> ReceiveTracker {
        ReceiveTracker {
            start,
            highest: start,
            ..ReceiveTracker::default()
        }
    }

    /// Returns `true` if `number` is near the next one.
    pub fn expects(&self, number: u64) -> bool {
        is_near(number, self.highest.saturating_add(1))
    }

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
                missing != 0 && number > self.start
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
        (self.highest - self.start).saturating_sub(self.arrived)
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
    fn a_count_may_begin_anywhere() {
        let start = END_START - 1;
        let mut tracker = ReceiveTracker::after(start);
        for number in [start + 3, start + 1, start, start - 1, start + 3] {
            tracker.record(number);
        }
        let counts = (tracker.arrived(), tracker.missing(), tracker.duplicates());
        assert_eq!(counts, (2, 1, 3));
    }

    #[test]
    fn a_number_is_expected_up_to_the_distance() {
        let mut tracker = ReceiveTracker::after(MIN_START);
        let next = MIN_START + 1;
        for (number, expected) in [
            (next, true),
            (next + MAX_DISTANCE, true),
            (next + MAX_DISTANCE + 1, false),
            (next - MAX_DISTANCE, true),
            (next - MAX_DISTANCE - 1, false),
            (0, false),
            (u64::MAX, false),
        ] {
            assert_eq!(tracker.expects(number), expected, "{number}");
        }
        // It is the highest number that counts, not the last.
        tracker.record(next + 10);
        tracker.record(next);
        assert!(tracker.expects(next + 11 + MAX_DISTANCE));
        assert!(!tracker.expects(next + 12 + MAX_DISTANCE));
    }

    #[test]
    fn a_number_is_found_before_any_bytes() {
        let full = format!("/seq {0} {0} \u{e9}", u64::MAX);
        for (datagram, number) in [
            (&b"/seq 7 0 hi"[..], Some(7)),
            (b"/seq 7 0 \xff\xfe", Some(7)),
            (b"/seq 7 0 ", Some(7)),
            (full.as_bytes(), Some(u64::MAX)),
            (b"/seq 0 0 ann", None),
            (b"/seq 7\xff 0 hi", None),
            (b"\xff/seq 7 0 hi", None),
            (b"hi", None),
            (b"", None),
        ] {
            assert_eq!(number_of(datagram), number, "{datagram:?}");
        }
    }

    #[test]
    fn extreme_numbers_are_counted_without_overflow() {
        assert_eq!(count([1, u64::MAX, 1, 0]), (2, u64::MAX - 2, 2));
        let mut tracker = ReceiveTracker::default();
        assert!(!tracker.record(0));
    }
}
