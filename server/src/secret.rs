//! Bytes that nobody can guess, from the operating system.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

/// Makes 16 such bytes.
pub fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let from_system = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    match from_system {
        Ok(()) => bytes,
        // Where there is no such file (Windows), std still has a way to the same
        // source: it seeds its hash maps from it, against people who guess.
        Err(_) => [from_std(), from_std()]
            .concat()
            .try_into()
            .unwrap_or(bytes),
    }
}

fn from_std() -> [u8; 8] {
    RandomState::new().hash_one(()).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        assert_ne!(bytes(), bytes());
        assert_ne!(from_std(), from_std());
    }
}
