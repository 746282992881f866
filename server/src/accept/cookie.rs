//! Cookie: the proof that a peer is at the address from which its name came.
//!
//! A tag is made from the address, the name and the time, with a secret key. The
//! server verifies its own tags and stores nothing. It is what TCP's SYN cookies are,
//! and the address validation of QUIC (RFC 9000, 8.1.2).

use std::hash::Hasher;
// Deprecated in favour of a hasher that cannot be given a key. This one is
// SipHash-2-4, which was designed as a code for messages as short as these
// (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
#[expect(deprecated)]
use std::hash::SipHasher;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use common::{Name, Token};

use crate::random;

/// The step of the time in a tag. A tag is valid for at least this long, and at most
/// twice as long. The way there and back takes a second.
pub const COOKIE_WINDOW: Duration = Duration::from_secs(15);

/// The secret keys that make and verify tags.
pub struct CookieSigner {
    keys: [[u8; 16]; 2],
    started: Instant,
}

impl CookieSigner {
    /// Makes new keys, so that no tag of another server is valid here.
    pub fn new() -> CookieSigner {
        CookieSigner {
            keys: [random::random_bytes(), random::random_bytes()],
            started: Instant::now(),
        }
    }

    /// Returns the tag for `name` and `address` at the time `now`.
    pub fn sign(&self, address: SocketAddr, name: &Name, now: Instant) -> Token {
        self.tag(address, name, self.window(now))
    }

    /// Returns `true` if `tag` was made for these, in this window or the previous one.
    pub fn verify(&self, tag: Token, address: SocketAddr, name: &Name, now: Instant) -> bool {
        let this = self.window(now);
        let windows = [Some(this), this.checked_sub(1)];
        let mut windows = windows.into_iter().flatten();
        windows.any(|window| self.tag(address, name, window) == tag)
    }

    /// Returns the number of the window. Its clock cannot be set.
    fn window(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs() / COOKIE_WINDOW.as_secs()
    }

    /// Returns two codes under keys of their own, because one has 64 bits only.
    fn tag(&self, address: SocketAddr, name: &Name, window: u64) -> Token {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        // All but the last part have a fixed length, so no two mean the same.
        let mut message = Vec::with_capacity(64);
        message.extend(ip.octets());
        message.extend(address.port().to_be_bytes());
        message.extend(window.to_be_bytes());
        message.extend(name.as_str().bytes());
        let [high, low] = self.keys.map(|key| u128::from(siphash(key, &message)));
        Token(high << 64 | low)
    }
}

#[expect(deprecated)]
fn siphash(key: [u8; 16], message: &[u8]) -> u64 {
    let key = u128::from_le_bytes(key);
    // Its lower and its upper half: the cast cuts it off there.
    let mut hasher = SipHasher::new_with_keys(key as u64, (key >> 64) as u64);
    hasher.write(message);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the paper's appendix: the key is 00 to 0f, the message 00 to 0e.
    #[test]
    fn the_code_is_siphash_2_4() {
        let key: [u8; 16] = std::array::from_fn(|at| at as u8);
        let message: [u8; 15] = std::array::from_fn(|at| at as u8);
        assert_eq!(siphash(key, &message), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_tag_is_valid_for_its_address_name_and_time_alone() {
        let signer = CookieSigner::new();
        let now = signer.started + COOKIE_WINDOW * 7;
        let (ann, bob): (Name, Name) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let home: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let tag = signer.sign(home, &ann, now);
        assert!(signer.verify(tag, home, &ann, now));
        assert!(signer.verify(tag, home, &ann, now + COOKIE_WINDOW));
        assert!(!signer.verify(tag, home, &ann, now + COOKIE_WINDOW * 2));
        assert!(!signer.verify(tag, home, &ann, now - COOKIE_WINDOW));
        assert!(!signer.verify(tag, home, &bob, now));
        assert!(!signer.verify(Token(tag.0 ^ 1), home, &ann, now));
        assert!(!signer.verify(Token(tag.0 ^ 1 << 127), home, &ann, now));
        for other in ["127.0.0.1:2", "127.0.0.2:1", "[::1]:1"] {
            let other = other.parse().unwrap();
            assert!(!signer.verify(tag, other, &ann, now), "{other}");
        }
        assert!(!CookieSigner::new().verify(tag, home, &ann, now));
    }
}
