//! Cookie: the proof that a peer is at the address from which its first line came.
//!
//! A tag is made from the address, the line and the time, with a secret key. The
//! server verifies its own tags and stores nothing. It is what TCP's SYN cookies are,
//! and the address validation of QUIC (RFC 9000, 8.1.2).
//!
//! A START is made from the count of those before it, with another key. It is what TCP's
//! initial sequence number is (RFC 6528): a sender that does not receive at the address
//! cannot guess the numbers there. Nor can a previous holder of the address, which has
//! received others.

use std::cell::Cell;
use std::hash::Hasher;
// Deprecated in favour of a hasher that cannot be given a key. This one is
// SipHash-2-4, which was designed as a code for messages as short as these
// (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
#[expect(deprecated)]
use std::hash::SipHasher;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use common::udp::cookie::FirstLine;
use common::udp::sequence::MIN_START;
use common::{Cookie, Token};

use crate::random;

/// The step of the time in a tag. A tag is valid for at least this long, and at most
/// twice as long. The way there and back takes a second.
pub const COOKIE_WINDOW: Duration = Duration::from_secs(15);

/// The numbers that a client puts before its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// None, or numbers that anybody can guess.
    None,
    /// Numbers after a secret start.
    Secret,
}

/// The secret keys that make and verify cookies.
pub struct CookieSigner {
    tag_keys: [[u8; 16]; 2],
    start_key: [u8; 16],
    /// The number of starts so far.
    starts: Cell<u64>,
    started: Instant,
}

impl CookieSigner {
    /// Makes new keys, so that no cookie of another server is valid here.
    pub fn new() -> CookieSigner {
        CookieSigner {
            tag_keys: [random::random_bytes(), random::random_bytes()],
            start_key: random::random_bytes(),
            starts: Cell::new(0),
            started: Instant::now(),
        }
    }

    /// Returns the cookie for `line` from `address` at the time `now`, with a start if
    /// the client numbers its lines.
    pub fn sign(
        &self,
        address: SocketAddr,
        line: FirstLine,
        numbering: Numbering,
        now: Instant,
    ) -> Cookie {
        let window = self.window(now);
        let start = match numbering {
            Numbering::None => None,
            Numbering::Secret => Some(self.next_start()),
        };
        let tag = self.tag(address, window, start, &line);
        Cookie { tag, start, line }
    }

    /// Returns `true` if `cookie` was made for `address`, in this window or the
    /// previous one.
    pub fn verify(&self, cookie: &Cookie, address: SocketAddr, now: Instant) -> bool {
        let this = self.window(now);
        let windows = [Some(this), this.checked_sub(1)];
        let mut windows = windows.into_iter().flatten();
        windows.any(|window| {
            let tag = self.tag(address, window, cookie.start, &cookie.line);
            tag.matches(cookie.tag)
        })
    }

    /// Returns the number of the window. Its clock cannot be set.
    fn window(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs() / COOKIE_WINDOW.as_secs()
    }

    /// Returns a start of 62 secret bits, from [`MIN_START`] on and below 2^63.
    fn next_start(&self) -> u64 {
        let count = self.starts.get();
        self.starts.set(count.wrapping_add(1));
        siphash(self.start_key, &count.to_be_bytes()) >> 1 | MIN_START
    }

    /// Returns two codes under keys of their own, because one has 64 bits only.
    fn tag(&self, address: SocketAddr, window: u64, start: Option<u64>, line: &FirstLine) -> Token {
        // All but the last part have a fixed length, so no two mean the same. No start
        // is 0.
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let mut message = Vec::with_capacity(64);
        message.extend(ip.octets());
        message.extend(address.port().to_be_bytes());
        message.extend(window.to_be_bytes());
        message.extend(start.unwrap_or_default().to_be_bytes());
        message.extend(line.as_str().bytes());
        let [high, low] = self.tag_keys.map(|key| u128::from(siphash(key, &message)));
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
    use common::udp::sequence::END_START;

    /// From the paper's appendix: the key is 00 to 0f, the message 00 to 0e.
    #[test]
    fn the_code_is_siphash_2_4() {
        let key: [u8; 16] = std::array::from_fn(|at| at as u8);
        let message: [u8; 15] = std::array::from_fn(|at| at as u8);
        assert_eq!(siphash(key, &message), 0xa129_ca61_49be_45e5);
    }

    fn line(text: &str) -> FirstLine {
        FirstLine::parse(text).unwrap()
    }

    #[test]
    fn a_cookie_is_valid_for_its_address_line_start_and_time_alone() {
        let signer = CookieSigner::new();
        let now = signer.started + COOKIE_WINDOW * 7;
        let home: SocketAddr = "127.0.0.1:1".parse().unwrap();
        for numbering in [Numbering::None, Numbering::Secret] {
            let cookie = signer.sign(home, line("ann"), numbering, now);
            assert!(signer.verify(&cookie, home, now));
            assert!(signer.verify(&cookie, home, now + COOKIE_WINDOW));
            assert!(!signer.verify(&cookie, home, now + COOKIE_WINDOW * 2));
            assert!(!signer.verify(&cookie, home, now - COOKIE_WINDOW));
            for other in ["127.0.0.1:2", "127.0.0.2:1", "[::1]:1"] {
                let other = other.parse().unwrap();
                assert!(!signer.verify(&cookie, other, now), "{other}");
            }
            let forged = [
                ("bob", cookie.start, cookie.tag),
                ("ann", cookie.start, Token(cookie.tag.0 ^ 1)),
                ("ann", cookie.start, Token(cookie.tag.0 ^ 1 << 127)),
                ("ann", Some(MIN_START), cookie.tag),
                ("ann", cookie.start.map(|it| it + 1).or(Some(1)), cookie.tag),
            ];
            for (name, start, tag) in forged {
                let line = line(name);
                let cookie = Cookie { tag, start, line };
                assert!(!signer.verify(&cookie, home, now), "{cookie:?}");
            }
            assert!(!CookieSigner::new().verify(&cookie, home, now));
        }
        let numbered = signer.sign(home, line("ann"), Numbering::Secret, now);
        let start = None;
        assert!(!signer.verify(&Cookie { start, ..numbered }, home, now));
    }

    #[test]
    fn a_start_is_of_no_other_cookie_or_server() {
        let (signer, home) = (CookieSigner::new(), "127.0.0.1:1".parse().unwrap());
        let start = |signer: &CookieSigner| {
            let cookie = signer.sign(home, line("ann"), Numbering::Secret, signer.started);
            assert!(signer.verify(&cookie, home, signer.started));
            cookie.start.unwrap()
        };
        let first = start(&signer);
        for other in [start(&signer), start(&CookieSigner::new())] {
            assert!(other.abs_diff(first) > 1 << 40, "{other}");
            assert!((MIN_START..END_START).contains(&other), "{other}");
        }
    }
}
