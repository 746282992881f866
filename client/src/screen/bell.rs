//! The terminal's bell, which rings for what concerns the person.

use std::time::{Duration, Instant};

use super::regard::Regard;

/// The time from one bell to the next, at least: nobody can have us ring on end.
const BETWEEN_BELLS: Duration = Duration::from_secs(1);

/// A bell that rings, or is silent for ever.
#[derive(Default)]
pub struct Bell {
    rings: bool,
    rang: Option<Instant>,
}

impl Bell {
    /// One that rings.
    pub fn ringing() -> Bell {
        let rang = None;
        Bell { rings: true, rang }
    }

    /// What makes the terminal ring for a line, if it should.
    pub fn ring(&mut self, regard: Regard) -> &'static str {
        let recent = |rang: Instant| rang.elapsed() < BETWEEN_BELLS;
        if !self.rings || regard != Regard::Personal || self.rang.is_some_and(recent) {
            return "";
        }
        self.rang = Some(Instant::now());
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
            Regard::Usual,
            Regard::Past,
            Regard::Personal,
            Regard::Personal,
        ];
        assert_eq!(rung.map(|regard| bell.ring(regard)), ["", "", "\u{7}", ""]);
        assert_eq!(Bell::default().ring(Regard::Personal), "");
    }
}
