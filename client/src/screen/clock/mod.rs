//! The clock: from the moment of a line to its local time on the screen.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: once an hour, while the program `date` runs.

mod format;
mod zone;

use std::time::{Duration, Instant, SystemTime};

use common::Timestamp;

pub use format::TimeFormat;
use zone::UtcOffset;

/// The time between two queries of the zone, in which summer time may begin or end.
const QUERY_INTERVAL: Duration = Duration::from_secs(3600);

/// A clock that gives each line its local time.
pub struct LineClock {
    format: TimeFormat,
    zone: Option<UtcOffset>,
    /// Queries the zone.
    query: fn() -> Option<UtcOffset>,
    last_query: Option<Instant>,
    /// Year, month and day of the previous line.
    last_day: Option<[u64; 3]>,
}

/// The local time of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The date, if it differs from that of the previous line.
    pub new_day: Option<String>,
    /// The formatted time.
    pub time: String,
}

impl LineClock {
    /// Makes a clock of the system's zone.
    pub fn new(format: TimeFormat) -> LineClock {
        LineClock::with_zone(format, zone::query)
    }

    fn with_zone(format: TimeFormat, query: fn() -> Option<UtcOffset>) -> LineClock {
        LineClock {
            format,
            zone: None,
            query,
            last_query: None,
            last_day: None,
        }
    }

    /// Returns the time of the next line, which was said at `moment`, or else now.
    pub fn stamp(&mut self, moment: Option<Timestamp>) -> Stamp {
        self.update_zone();
        let moment = moment.unwrap_or_else(|| SystemTime::now().into());
        let local = self.zone.unwrap_or_default().to_local(moment);
        let parts @ [year, month, day, ..] = local.date_and_time();
        let today = [year, month, day];
        let previous = self.last_day.replace(today);
        let mut time = self.format.format(parts);
        if self.zone.is_none() {
            time.push('Z'); // as in RFC 3339, UTC
        }
        let is_new = previous.is_some_and(|previous| previous != today);
        Stamp {
            new_day: is_new.then(|| format!("{year:04}-{month:02}-{day:02}")),
            time,
        }
    }

    fn update_zone(&mut self) {
        let is_recent = |query: Instant| query.elapsed() < QUERY_INTERVAL;
        if !self.last_query.is_some_and(is_recent) {
            self.last_query = Some(Instant::now());
            // A missing answer is no change.
            self.zone = (self.query)().or(self.zone);
        }
    }
}

#[cfg(test)]
impl LineClock {
    /// Makes a clock two hours east of UTC.
    pub(super) fn for_tests() -> LineClock {
        LineClock::with_zone(TimeFormat::default(), || UtcOffset::parse("+0200"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn a_new_local_day_is_reported_once_also_backwards() {
        let mut clock = LineClock::for_tests();
        let mut check = |moment: &str, time: &str, new_day: Option<&str>| {
            let stamp = clock.stamp(at(moment));
            assert_eq!(stamp.time, time);
            assert_eq!(stamp.new_day.as_deref(), new_day, "{moment}");
        };
        check("2026-02-28T21:00:00.000Z", "23:00", None);
        check("2026-02-28T21:59:00.000Z", "23:59", None);
        check("2026-02-28T22:00:00.000Z", "00:00", Some("2026-03-01"));
        check("2026-02-28T22:01:00.000Z", "00:01", None);
        check("2026-02-28T21:00:00.000Z", "23:00", Some("2026-02-28"));
    }

    #[test]
    fn the_zone_is_queried_each_hour_and_a_missing_answer_changes_nothing() {
        let noon = || at("2026-03-01T12:00:00.000Z");
        let mut clock = LineClock::for_tests();
        assert_eq!(clock.stamp(noon()).time, "14:00");
        clock.query = || UtcOffset::parse("-0330");
        assert_eq!(clock.stamp(noon()).time, "14:00", "within the hour");
        clock.last_query = Instant::now().checked_sub(QUERY_INTERVAL);
        assert_eq!(clock.stamp(noon()).time, "08:30");
        clock.query = || None;
        clock.last_query = Instant::now().checked_sub(QUERY_INTERVAL);
        assert_eq!(clock.stamp(noon()).time, "08:30");
    }

    #[test]
    fn without_a_zone_the_time_is_marked_as_utc() {
        let mut clock = LineClock::with_zone(TimeFormat::default(), || None);
        let stamp = clock.stamp(at("2026-03-01T12:00:00.000Z"));
        assert_eq!(stamp.time, "12:00Z");
    }
}
