//! The line that proves an address over UDP: `/cookie TAG NAME`.

use std::fmt;

use crate::{Name, Token};

const WORD: &str = "/cookie ";

/// What a server answers to a name, and what is to be sent back as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Whatever the server makes of the address, the name and the time.
    pub tag: Token,
    /// The name that was asked for.
    pub name: Name,
}

impl Cookie {
    /// Reads such a line, without its newline.
    pub fn parse(line: &str) -> Option<Cookie> {
        let (tag, name) = line.strip_prefix(WORD)?.split_once(' ')?;
        let (tag, name) = (Token::parse(tag)?, name.parse().ok()?);
        Some(Cookie { tag, name })
    }

    /// Whether a line means to be one, whatever is wrong with it.
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
    fn a_cookie_is_read_as_it_is_shown() {
        let cookie = Cookie {
            tag: Token(7),
            name: "ann".parse().unwrap(),
        };
        assert_eq!(Cookie::parse(&cookie.to_string()), Some(cookie));
    }

    #[test]
    fn other_lines_are_none() {
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
