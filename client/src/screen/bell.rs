//! The bell: from a line's highlight to the terminal's bell.

use std::time::{Duration, Instant};

use super::highlight::Highlight;

/// The shortest time from one bell to the next, so that nobody can ring it all the time.
const BELL_INTERVAL: Duration = Duration::from_secs(1);

/// A bell that rings for personal lines, unless it is disabled.
#[derive(Default)]
pub struct Bell {
    enabled: bool,
    last_ring: Option<Instant>,
}

impl Bell {
    /// Makes a bell that rings.
    pub fn ringing() -> Bell {
        Bell {
            enabled: true,
            last_ring: None,
        }
    }

    /// Returns the bytes that ring the terminal's bell for a line, or none.
    pub fn ring(&mut self, highlight: Highlight) -> &'static str {
        let recent = |last: Instant| last.elapsed() < BELL_INTERVAL;
        let personal = highlight == Highlight::Personal;
        if !self.enabled || !personal || self.last_ring.is_some_and(recent) {
            return "";
        }
        self.last_ring = Some(Instant::now());
        "\u{7}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_for_personal_lines_and_not_all_the_time() {
        let mut bell = Bell::ringing();
        let rung = [
            Highlight::Normal,
            Highlight::Past,
            Highlight::Personal,
            Highlight::Personal,
        ];
        assert_eq!(
            rung.map(|highlight| bell.ring(highlight)),
            ["", "", "\u{7}", ""]
        );
        assert_eq!(Bell::default().ring(Highlight::Personal), "");
    }
}
