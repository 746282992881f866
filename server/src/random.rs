//! Random: bytes from the operating system that cannot be guessed.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

/// Returns 16 such bytes.
pub fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let from_system = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if from_system.is_err() {
        // Without that file (Windows) std still uses the same source: it seeds its hash
        // maps from it.
        bytes = u128::to_ne_bytes(u128::from(fallback()) << 64 | u128::from(fallback()));
    }
    bytes
}

/// Returns four random letters and digits: enough to tell the lives of a room apart.
pub fn word() -> String {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
        's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
    ];
    let letters = random_bytes().into_iter().take(4);
    letters
        .filter_map(|byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()))
        .collect()
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
