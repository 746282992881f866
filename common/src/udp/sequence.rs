//! Numbers on datagrams, so that their loss can be seen.
//!
//! UDP may lose a datagram, bring it twice, or bring it late. A client that
//! wants to know puts a number before each line it sends; from then on the
//! server does the same with what it sends to that client, and says how many
//! have arrived. Somebody at `nc -u` sends no numbers and never sees any.
//!
//! ```text
//! /seq NUMBER ARRIVED LINE
//! ```

/// What a numbered line begins with.
const PREFIX: &str = "/seq ";

/// The most bytes that the mark and both numbers take.
pub const MAX_PREFIX: usize = PREFIX.len() + 2 * 21;

/// How far back a datagram that comes late is still known to be new or not: a
/// network that reorders does so among a few (RFC 4303, 3.4.3).
const WINDOW: u32 = u64::BITS;

/// A line with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// Counts what its sender has sent, from 1 on.
    pub number: u64,
    /// How many different numbered lines its sender has got.
    pub arrived: u64,
    /// The line itself.
    pub line: &'a str,
}

impl<'a> Numbered<'a> {
    /// Reads a line that begins with its number; any other has none.
    pub fn parse(line: &'a str) -> Option<Numbered<'a>> {
        let (number, rest) = line.strip_prefix(PREFIX)?.split_once(' ')?;
        let (arrived, line) = rest.split_once(' ')?;
        Some(Numbered {
            number: number.parse().ok().filter(|&number| number > 0)?,
            arrived: arrived.parse().ok()?,
            line,
        })
    }

    /// The line as it is sent, without a newline.
    pub fn encode(&self) -> String {
        let Numbered {
            number,
            arrived,
            line,
        } = self;
        format!("{PREFIX}{number} {arrived} {line}")
    }
}

/// What is known of the datagrams that should have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveTracker {
    /// The highest number so far.
    highest: u64,
    /// Whether `highest - n` has come, for each bit `n`.
    window: u64,
    arrived: u64,
    duplicates: u64,
}

impl ReceiveTracker {
    /// Notes that the line `number` has come, and says whether it is new. One
    /// that comes too late to tell counts as a double.
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
        match new {
            true => self.arrived += 1,
            false => self.duplicates += 1,
        }
        new
    }

    /// How many different ones have come.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// How many of those that must have been sent have not come.
    pub fn missing(&self) -> u64 {
        self.highest.saturating_sub(self.arrived)
    }

    /// How many came again.
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
    fn a_numbered_line_is_read_as_it_was_written() {
        check("/seq 1 0 hi", Some((1, 0, "hi")));
        check("/seq 7 12 ", Some((7, 12, "")));
        check("/seq 7 12  two  blanks ", Some((7, 12, " two  blanks ")));
        let most = format!("/seq {0} {0} ", u64::MAX);
        assert!(most.len() <= MAX_PREFIX);
        check(&most, Some((u64::MAX, u64::MAX, "")));
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

    /// What `numbers` come to: arrived, missing, doubles.
    fn tally(numbers: impl IntoIterator<Item = u64>) -> (u64, u64, u64) {
        let mut tally = ReceiveTracker::default();
        for number in numbers {
            tally.record(number);
        }
        (tally.arrived(), tally.missing(), tally.duplicates())
    }

    #[test]
    fn gaps_and_doubles_are_counted() {
        assert_eq!(tally([]), (0, 0, 0));
        assert_eq!(tally(1..=1000), (1000, 0, 0));
        assert_eq!(tally([1, 2, 4]), (3, 1, 0));
        assert_eq!(tally([3]), (1, 2, 0));
        assert_eq!(tally([1, 1, 2, 2, 2]), (2, 0, 3));
    }

    #[test]
    fn what_comes_late_fills_its_gap_once() {
        assert_eq!(tally([2, 1, 3]), (3, 0, 0));
        assert_eq!(tally([2, 1, 1, 3]), (3, 0, 1));
        assert_eq!(tally([64, 1]), (2, 62, 0));
        assert_eq!(tally([65, 1]), (1, 64, 1), "too late to tell");
    }

    #[test]
    fn numbers_out_of_this_world_do_no_harm() {
        assert_eq!(tally([1, u64::MAX, 1, 0]), (2, u64::MAX - 2, 2));
        let mut tally = ReceiveTracker::default();
        assert!(!tally.record(0));
    }
}
