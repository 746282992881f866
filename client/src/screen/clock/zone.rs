//! The time zone, from the program `date`.
//!
//! std knows only UTC. `date +%z` exists on every Unix, as `stty` does, and knows the
//! rules of all zones.

use std::process::{Command, Stdio};

use common::Timestamp;

/// The difference between local time and UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UtcOffset {
    /// In minutes, positive to the east.
    minutes: i64,
}

impl UtcOffset {
    /// Parses `+0200`.
    pub fn parse(text: &str) -> Option<UtcOffset> {
        let sign = match text.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let is_number =
            |digits: &&str| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.get(1..).filter(is_number)?.parse().ok()?;
        let (hours, minutes) = (number / 100, number % 100);
        (hours < 24 && minutes < 60).then_some(UtcOffset {
            minutes: sign * (hours * 60 + minutes),
        })
    }

    /// Returns the moment whose UTC reads as local time at `moment`.
    pub fn to_local(self, moment: Timestamp) -> Timestamp {
        let shift = self.minutes * 60_000;
        Timestamp::from_millis(moment.millis().saturating_add_signed(shift))
    }
}

/// Returns the offset that holds now. Returns `None` without `date`.
pub fn query() -> Option<UtcOffset> {
    let answer = Command::new("date")
        .arg("+%z")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    UtcOffset::parse(String::from_utf8_lossy(&answer.stdout).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_date_is_parsed() {
        let minutes = |text| UtcOffset::parse(text).map(|offset| offset.minutes);
        assert_eq!(minutes("+0200"), Some(120));
        assert_eq!(minutes("-0330"), Some(-210));
        assert_eq!(minutes("+0000"), Some(0));
        assert_eq!(minutes("+1245"), Some(765));
        for text in ["", "0200", "+02", "+02:00", "+0260", "+2400", "++200", "%z"] {
            assert_eq!(minutes(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_shifted_also_over_midnight() {
        #[track_caller]
        fn check(offset: &str, utc: &str, local: &str) {
            let moment = Timestamp::parse(utc).unwrap();
            let offset = UtcOffset::parse(offset).unwrap();
            assert_eq!(offset.to_local(moment).to_string(), local);
        }
        check("+0200", "2026-02-28T23:30:00.000Z", "2026-03-01T01:30:00Z");
        check("-0330", "2026-01-01T00:00:00.000Z", "2025-12-31T20:30:00Z");
        check("-0100", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z");
    }
}
