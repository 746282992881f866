//! Turns the words by which people name a place into a host and a port.
//!
//! The host stays a word: looking it up takes a network, which is not here.

use std::fmt;
use std::ops::RangeInclusive;

use crate::DEFAULT_PORT;

/// The host if nobody says otherwise: this machine alone.
const HOST: &str = "127.0.0.1";

/// Where a server is, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// By name or by number, without brackets.
    pub host: String,
    /// Its TCP or UDP port.
    pub port: u16,
}

impl Address {
    /// A host, by name or by number without brackets, and its port.
    pub fn new(host: &str, port: u16) -> Address {
        let host = host.to_string();
        Address { host, port }
    }

    /// Reads `HOST`, `HOST PORT`, `HOST:PORT` or `PORT`, where an IPv6 host may
    /// stand in brackets, and must before a `:PORT`. The port has to be one of
    /// `ports`: 0 means "any" to a listener, and nothing to a client.
    ///
    /// # Errors
    ///
    /// A sentence that names what is wrong.
    pub fn parse(words: &[String], ports: RangeInclusive<u16>) -> Result<Address, String> {
        let (place, port_after) = match words {
            [] => return Ok(Address::new(HOST, DEFAULT_PORT)),
            [digits] if digits.bytes().all(|byte| byte.is_ascii_digit()) => (HOST, Some(digits)),
            [place] => (place.as_str(), None),
            [place, digits] => (place.as_str(), Some(digits)),
            [_, _, more, ..] => {
                return Err(format!("what is {more:?} for? HOST and PORT are enough"));
            }
        };
        let (host, port_inside) =
            split_host_port(place).ok_or_else(|| format!("{place:?} is no address"))?;
        let port = match (port_inside, port_after.map(String::as_str)) {
            (Some(_), Some(digits)) => {
                return Err(format!("{place:?} has a port, what is {digits:?} for?"));
            }
            (Some(digits), None) | (None, Some(digits)) => parse_port(digits, ports)?,
            (None, None) => DEFAULT_PORT,
        };
        Ok(Address::new(host, port))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Parts a place into its host and its port, if there is one. More than one `:`
/// makes a bare IPv6 address.
fn split_host_port(place: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            match after {
                "" => (host, None),
                _ => (host, Some(after.strip_prefix(':')?)),
            }
        }
        None if place.matches(':').count() > 1 => (place, None),
        None => place
            .split_once(':')
            .map_or((place, None), |(host, digits)| (host, Some(digits))),
    };
    (!host.is_empty()).then_some((host, port))
}

/// Reads a port, which has to be one of `ports`.
///
/// # Errors
///
/// A sentence that names what is wrong.
pub fn parse_port(digits: &str, ports: RangeInclusive<u16>) -> Result<u16, String> {
    match digits.parse() {
        Ok(port) if ports.contains(&port) && !digits.starts_with('+') => Ok(port),
        _ => {
            let (first, last) = (ports.start(), ports.end());
            Err(format!(
                "bad port {digits:?}: it is a number from {first} to {last}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Address, String> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        Address::parse(&words, 1..=65535)
    }

    #[test]
    fn every_way_to_name_a_place() {
        #[track_caller]
        fn check(line: &str, host: &str, port: u16) {
            assert_eq!(read(line), Ok(Address::new(host, port)), "{line:?}");
        }
        check("", "127.0.0.1", 4000);
        check("5000", "127.0.0.1", 5000);
        check("room.lan", "room.lan", 4000);
        check("room.lan 5000", "room.lan", 5000);
        check("room.lan:5000", "room.lan", 5000);
        check("10.0.0.7:5000", "10.0.0.7", 5000);
        check("::1", "::1", 4000);
        check("::1 5000", "::1", 5000);
        check("[::1]", "::1", 4000);
        check("[::1]:5000", "::1", 5000);
        check("[::1] 5000", "::1", 5000);
    }

    #[test]
    fn nonsense_is_named() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            let why = read(line).unwrap_err();
            assert!(why.contains(part), "{line:?}: {why}");
        }
        check("0", "1 to 65535");
        check("70000", "1 to 65535");
        check("host port", "bad port \"port\"");
        check("host:", "bad port \"\"");
        check("host:+80", "bad port \"+80\"");
        check("[::1", "\"[::1\" is no address");
        check("[::1]5000", "\"[::1]5000\" is no address");
        check(":5000", "\":5000\" is no address");
        check("host:1 2", "what is \"2\" for");
        check("[::1]:1 2", "what is \"2\" for");
        check("host 1 2", "what is \"2\" for");
    }

    #[test]
    fn an_address_shows_as_it_can_be_typed() {
        assert_eq!(Address::new("host", 1).to_string(), "host:1");
        assert_eq!(Address::new("::1", 2).to_string(), "[::1]:2");
    }

    #[test]
    fn a_listener_may_leave_its_port_to_the_system() {
        assert_eq!(parse_port("0", 0..=u16::MAX), Ok(0));
        assert!(parse_port("0", 1..=u16::MAX).is_err());
    }
}
