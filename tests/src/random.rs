//! Random: numbers that are the same again for the same seed.

use std::time::UNIX_EPOCH;

/// A generator of random numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    /// Makes a generator. The seed is in `CHAT_SEED`, or else another each time, and a
    /// failed test shows it.
    #[allow(clippy::print_stderr)]
    pub fn from_environment() -> Random {
        let given = std::env::var("CHAT_SEED").ok();
        let clock = UNIX_EPOCH.elapsed().unwrap();
        let seed = given.map_or(clock.as_micros() as u64, |seed| seed.parse().unwrap());
        eprintln!("CHAT_SEED={seed} makes the same choices");
        // The generator must not begin with 0.
        Random(seed | 1)
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        let Random(state) = self;
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % end
    }
}
