//! Bytes that nobody can guess, from the operating system.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

/// Makes 16 such bytes.
pub fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let from_system = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if from_system.is_err() {
        // Where there is no such file (Windows), std still has a way to the same
        // source: it seeds its hash maps from it, against people who guess.
        bytes = u128::to_ne_bytes(u128::from(fallback()) << 64 | u128::from(fallback()));
    }
    bytes
}

fn fallback() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        assert_ne!(random_bytes(), random_bytes());
        assert_ne!(fallback(), fallback());
    }
}
