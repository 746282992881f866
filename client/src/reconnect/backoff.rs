//! Backoff: the pauses before each attempt to connect again.
//!
//! Each pause is twice as long as the previous one, so that a server that is overloaded
//! recovers. It varies at random, so that a thousand clients of a server that was
//! restarted do not come at the same moment (AWS, "Exponential Backoff And Jitter").

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause. A person does not want to wait longer for a network that is back.
pub const LONGEST: Duration = Duration::from_secs(30);

/// A sequence of growing pauses.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { next: FIRST }
    }
}

impl Backoff {
    /// Returns the next pause: three to five quarters of its doubling length, and never
    /// more than [`LONGEST`].
    pub fn next_pause(&mut self) -> Duration {
        let length = self.next;
        self.next = (length * 2).min(LONGEST);
        let quarters = 0.75 + 0.5 * random_fraction();
        length.mul_f64(quarters).min(LONGEST)
    }

    /// Returns `true` if the pauses do not grow any more.
    pub fn is_longest(&self) -> bool {
        self.next == LONGEST
    }
}

/// Returns a number from 0 to 1. std has no random numbers, but it seeds each hash map
/// with some.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    bits as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_some_jitter_up_to_half_a_minute() {
        let mut backoff = Backoff::default();
        for expected in [1.0_f64, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let pause = backoff.next_pause().as_secs_f64();
            let range = 0.75 * expected..=(1.25 * expected).min(30.0);
            assert!(range.contains(&pause), "{pause} is not about {expected}");
        }
        assert!(backoff.is_longest());
    }

    #[test]
    fn two_clients_do_not_come_at_the_same_moment() {
        let pauses = [(); 20].map(|()| Backoff::default().next_pause());
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
