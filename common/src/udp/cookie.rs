//! Cookie: the line that proves an address over UDP.
//!
//! ```text
//! /cookie TAG NAME            to a client that does not number its lines
//! /cookie TAG START LINE      to one that does: both sides count from START + 1
//! ```

use std::fmt;

use crate::capability::Capabilities;
use crate::{Name, NameError, Token};

use super::sequence::{END_START, MIN_START};

const WORD: &str = "/cookie ";

/// The maximum length of a first line in bytes, so that its cookie fits a datagram. A
/// request for all capabilities is far shorter.
const MAX_FIRST_LINE: usize = 256;

/// The first line of a client: a name, or a request for capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstLine(String);

impl FirstLine {
    /// Parses a line without its newline.
    ///
    /// # Errors
    ///
    /// The rule that a name breaks.
    pub fn parse(line: &str) -> Result<FirstLine, NameError> {
        let is_request = Capabilities::parse_request(line).is_some();
        if is_request && line.len() <= MAX_FIRST_LINE && !line.contains('\n') {
            return Ok(FirstLine(line.to_string()));
        }
        line.parse::<Name>().map(FirstLine::from)
    }

    /// Returns the line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Name> for FirstLine {
    fn from(name: Name) -> FirstLine {
        FirstLine(name.as_str().to_string())
    }
}

/// A server's reply to a first line, which the client must send back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// A code that the server computes from all below, the address and the time.
    pub tag: Token,
    /// The number before the first one of both sides; `None` if the client does not
    /// number its lines.
    pub start: Option<u64>,
    /// The first line; without a start it is a name.
    pub line: FirstLine,
}

impl Cookie {
    /// Parses a line without its newline.
    pub fn parse(line: &str) -> Option<Cookie> {
        let (tag, rest) = line.strip_prefix(WORD)?.split_once(' ')?;
        let tag = Token::parse(tag)?;
        // A name contains no blank.
        let (start, line) = match rest.split_once(' ') {
            Some((start, line)) => (Some(parse_start(start)?), FirstLine::parse(line).ok()?),
            None => (None, rest.parse::<Name>().ok()?.into()),
        };
        Some(Cookie { tag, start, line })
    }

    /// Returns `true` if a line begins as a cookie does, valid or not.
    pub fn has_cookie_prefix(line: &str) -> bool {
        line.starts_with(WORD)
    }
}

fn parse_start(digits: &str) -> Option<u64> {
    let start = digits.parse().ok()?;
    (MIN_START..END_START).contains(&start).then_some(start)
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WORD}{} ", self.tag)?;
        if let Some(start) = self.start {
            write!(f, "{start} ")?;
        }
        f.write_str(self.line.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_parsed_as_it_is_displayed() {
        for (start, line) in [
            (None, "ann"),
            (None, "4294967296"),
            (Some(MIN_START), "ann"),
            (Some(END_START - 1), "7"),
            (Some(MIN_START), "/cap time heartbeat"),
        ] {
            let cookie = Cookie {
                tag: Token(7),
                start,
                line: FirstLine::parse(line).unwrap(),
            };
            assert_eq!(Cookie::parse(&cookie.to_string()), Some(cookie));
        }
    }

    #[test]
    fn other_lines_are_not_cookies() {
        let tag = Token(7);
        for line in [
            "/cookies are nice",
            "/cookie",
            &format!("/cookie{tag} ann"),
            &format!("/cookie {tag}"),
            &format!("/cookie {tag} a:b"),
            &format!("/cookie {tag} /cap"),
            &format!("/cookie {tag} /cap time"),
            &format!("/cookie {tag} {MIN_START} a:b"),
            &format!("/cookie {tag} {MIN_START} "),
            &format!("/cookie {tag} {} ann", MIN_START - 1),
            &format!("/cookie {tag} {END_START} ann"),
            &format!("/cookie {tag} -1 ann"),
            "/cookie x ann",
        ] {
            assert_eq!(Cookie::parse(line), None, "{line}");
        }
        assert!(Cookie::has_cookie_prefix("/cookie x") && !Cookie::has_cookie_prefix("/cookies"));
    }

    #[test]
    fn a_first_line_is_a_name_or_a_short_request() {
        for line in ["ann", "/cap time heartbeat", "/CAP future"] {
            assert_eq!(FirstLine::parse(line).unwrap().as_str(), line);
        }
        let long = format!("/cap {}", "x".repeat(MAX_FIRST_LINE));
        for line in ["", "a:b", "/who", "/resume x", "/cap time\nann", &long] {
            assert!(FirstLine::parse(line).is_err(), "{line:?}");
        }
    }
}
