//! Cookie: the line that proves an address over UDP, `/cookie TAG NAME`.

use std::fmt;

use crate::{Name, Token};

const WORD: &str = "/cookie ";

/// A server's reply to a name, which the client must send back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// A code that the server computes from the address, the name and the time.
    pub tag: Token,
    /// The requested name.
    pub name: Name,
}

impl Cookie {
    /// Parses a line without its newline.
    pub fn parse(line: &str) -> Option<Cookie> {
        let (tag, name) = line.strip_prefix(WORD)?.split_once(' ')?;
        let (tag, name) = (Token::parse(tag)?, name.parse().ok()?);
        Some(Cookie { tag, name })
    }

    /// Returns `true` if a line begins as a cookie does, valid or not.
    pub fn has_cookie_prefix(line: &str) -> bool {
        line.starts_with(WORD)
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cookie { tag, name } = self;
        write!(f, "{WORD}{tag} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_parsed_as_it_is_displayed() {
        let cookie = Cookie {
            tag: Token(7),
            name: "ann".parse().unwrap(),
        };
        assert_eq!(Cookie::parse(&cookie.to_string()), Some(cookie));
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
            "/cookie x ann",
        ] {
            assert_eq!(Cookie::parse(line), None, "{line}");
        }
        assert!(Cookie::has_cookie_prefix("/cookie x") && !Cookie::has_cookie_prefix("/cookies"));
    }
}
