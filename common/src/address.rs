//! Address: parses a host and a port from command-line words.
//!
//! The host stays a word, because to resolve it takes a network.

use std::fmt;
use std::ops::RangeInclusive;

use crate::DEFAULT_PORT;

/// The default host: this machine alone.
const HOST: &str = "127.0.0.1";

/// A host and a port at which a server listens, or shall listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// A TCP or UDP port.
    pub port: u16,
}

impl Address {
    /// Returns the address of a host (a name, or an IP address without brackets)
    /// and its port.
    pub fn new(host: &str, port: u16) -> Address {
        let host = host.to_string();
        Address { host, port }
    }

    /// Parses `HOST`, `HOST PORT`, `HOST:PORT` or `PORT`. An IPv6 host may stand in
    /// brackets, and must before a `:PORT`. The port must be one of `ports`,
    /// because 0 means "any" to a listener and nothing to a client.
    ///
    /// # Errors
    ///
    /// Returns a sentence that names the wrong word.
    pub fn parse(words: &[String], ports: RangeInclusive<u16>) -> Result<Address, String> {
        let (place, port_after) = match words {
            [] => return Ok(Address::new(HOST, DEFAULT_PORT)),
            [digits] if digits.bytes().all(|byte| byte.is_ascii_digit()) => (HOST, Some(digits)),
            [place] => (place.as_str(), None),
            [place, digits] => (place.as_str(), Some(digits)),
            [_, _, more, ..] => {
                return Err(format!("extra operand {more:?}, HOST and PORT are enough"));
            }
        };
        let (host, port_inside) =
            split_host_port(place).ok_or_else(|| format!("invalid address {place:?}"))?;
        let port = match (port_inside, port_after.map(String::as_str)) {
            (Some(_), Some(digits)) => {
                return Err(format!("{place:?} has a port, extra operand {digits:?}"));
            }
            (Some(digits), None) | (None, Some(digits)) => parse_port(digits, ports)?,
            (None, None) => DEFAULT_PORT,
        };
        Ok(Address::new(host, port))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Splits a word into its host and its port, if there is a port. A word with more
/// than one `:` and no brackets is an IPv6 address.
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

/// Parses a port, which must be one of `ports`.
///
/// # Errors
///
/// Returns a sentence that names the wrong word.
pub fn parse_port(digits: &str, ports: RangeInclusive<u16>) -> Result<u16, String> {
    match digits.parse() {
        Ok(port) if ports.contains(&port) && !digits.starts_with('+') => Ok(port),
        _ => {
            let (first, last) = (ports.start(), ports.end());
            Err(format!(
                "invalid port {digits:?}: a port is a number from {first} to {last}"
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
    fn every_form_of_an_address() {
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
    fn an_error_names_the_wrong_word() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            let why = read(line).unwrap_err();
            assert!(why.contains(part), "{line:?}: {why}");
        }
        check("0", "1 to 65535");
        check("70000", "1 to 65535");
        check("host port", "invalid port \"port\"");
        check("host:", "invalid port \"\"");
        check("host:+80", "invalid port \"+80\"");
        check("[::1", "invalid address \"[::1\"");
        check("[::1]5000", "invalid address \"[::1]5000\"");
        check(":5000", "invalid address \":5000\"");
        check("host:1 2", "extra operand \"2\"");
        check("[::1]:1 2", "extra operand \"2\"");
        check("host 1 2", "extra operand \"2\"");
    }

    #[test]
    fn an_address_is_displayed_as_it_is_typed() {
        assert_eq!(Address::new("host", 1).to_string(), "host:1");
        assert_eq!(Address::new("::1", 2).to_string(), "[::1]:2");
    }

    #[test]
    fn a_listener_may_leave_its_port_to_the_system() {
        assert_eq!(parse_port("0", 0..=u16::MAX), Ok(0));
        assert!(parse_port("0", 1..=u16::MAX).is_err());
    }
}
