//! The terminal's bell, which rings for what concerns the person.

use std::time::{Duration, Instant};

use super::highlight::Highlight;

/// The time from one bell to the next, at least: nobody can have us ring on end.
const BELL_INTERVAL: Duration = Duration::from_secs(1);

/// A bell that rings, or is silent for ever.
#[derive(Default)]
pub struct Bell {
    enabled: bool,
    last_ring: Option<Instant>,
}

impl Bell {
    /// One that rings.
    pub fn ringing() -> Bell {
        Bell {
            enabled: true,
            last_ring: None,
        }
    }

    /// What makes the terminal ring for a line, if it should.
    pub fn ring(&mut self, regard: Highlight) -> &'static str {
        let recent = |rang: Instant| rang.elapsed() < BELL_INTERVAL;
        if !self.enabled || regard != Highlight::Personal || self.last_ring.is_some_and(recent) {
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
    fn it_rings_for_what_concerns_one_and_not_on_end() {
        let mut bell = Bell::ringing();
        let rung = [
            Highlight::Normal,
            Highlight::Past,
            Highlight::Personal,
            Highlight::Personal,
        ];
        assert_eq!(rung.map(|regard| bell.ring(regard)), ["", "", "\u{7}", ""]);
        assert_eq!(Bell::default().ring(Highlight::Personal), "");
    }
}
