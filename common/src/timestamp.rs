//! Timestamp: the system's clock as a date for people and programs.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::text::parse_number;

/// A moment, shown as RFC 3339 in UTC: `2026-03-01T12:00:59Z`, and with the precision
/// `{:.3}` as `2026-03-01T12:00:59.123Z`.
///
/// It is only shown: the wall clock may jump, so no timeout depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// The milliseconds since 1970-01-01T00:00:00Z.
    millis: u64,
}

impl Timestamp {
    /// Makes the moment that is `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub fn from_millis(millis: u64) -> Timestamp {
        Timestamp { millis }
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> u64 {
        self.millis
    }

    /// Returns year, month, day, hour, minute and second, in UTC.
    pub fn date_and_time(self) -> [u64; 6] {
        let seconds = self.millis / 1000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        [year, month, day, hour, minute, second]
    }

    /// Parses the form with milliseconds, in UTC.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let (time, millis) = time.split_once('.')?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let [millis] = numbers(millis, '.', [3])?;
        let valid = (1970..).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        let seconds = || days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        valid.then(|| Timestamp {
            millis: seconds() * 1000 + millis,
        })
    }
}

/// Parses numbers of exactly these widths, between separators.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u64; N]> {
    let mut parts = text.split(separator);
    let mut parsed = [0; N];
    for (number, width) in parsed.iter_mut().zip(widths) {
        let digits = parts.next().filter(|digits| digits.len() == width)?;
        *number = parse_number(digits)?;
    }
    parts.next().is_none().then_some(parsed)
}

impl From<SystemTime> for Timestamp {
    /// A clock before 1970 is taken for 1970.
    fn from(time: SystemTime) -> Timestamp {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp {
            millis: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.date_and_time();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if f.precision() == Some(3) {
            write!(f, ".{:03}", self.millis % 1000)?;
        }
        f.write_str("Z")
    }
}

/// Returns year, month and day of the day that is `days` after 1970-01-01.
///
/// It counts in years that begin in March, so that the leap day is the last one
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // 0 is March
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + u64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}

/// Returns the days from 1970-01-01 to a date; the inverse of [`date`].
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, year) = (year / 400, year % 400);
    let month = if month > 2 { month - 3 } else { month + 9 }; // 0 is March
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day = year * 365 + year / 4 - year / 100 + day_of_year;
    era * 146_097 + day - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let check = |seconds: u64, expected: &str| {
            let moment = Timestamp::from_millis(seconds * 1000 + 7);
            assert_eq!(moment.to_string(), expected);
            let precise = format!("{moment:.3}");
            assert_eq!(precise, expected.replace('Z', ".007Z"));
            assert_eq!(Timestamp::parse(&precise), Some(moment));
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_078_012_800, "2004-02-29T00:00:00Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }

    #[test]
    fn other_forms_are_no_timestamps() {
        for text in [
            "",
            "2026-03-01T12:00:59Z",
            "2026-03-01T12:00:59.123",
            "2026-03-01 12:00:59.123Z",
            "2026-13-01T12:00:59.123Z",
            "1969-01-01T12:00:59.123Z",
            "2026-03-01T24:00:59.123Z",
            "2026-3-1T12:00:59.123Z",
            "+026-03-01T12:00:59.123Z",
            "2026-03-01T12:00:59.123.1Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
    }
}
