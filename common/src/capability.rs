//! Capability: what a client may ask for beyond plain lines.
//!
//! A client asks with `/cap time id`. The server grants what it knows, and answers
//! with `/cap` and all that is granted so far. A client that never asks receives not
//! one byte of it.

use std::fmt;

use crate::Token;

/// The word that asks and answers, without its slash.
pub const CAP: &str = "cap";

/// The beginning of the answer that carries a token.
const RESUME_TOKEN: &str = "resume=";

/// One capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Lines carry the time at which they were said.
    Time,
    /// Lines of a history carry their number, and the client numbers its own.
    Id,
    /// A token brings the member back after its connection broke.
    Resume,
    /// The client sends heartbeats, and answers an empty line with one.
    Heartbeat,
}

impl Capability {
    /// All of them, in the order of the answer.
    pub const ALL: [Capability; 4] = [
        Capability::Time,
        Capability::Id,
        Capability::Resume,
        Capability::Heartbeat,
    ];

    /// Returns the word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Time => "time",
            Capability::Id => "id",
            Capability::Resume => "resume",
            Capability::Heartbeat => "heartbeat",
        }
    }
}

/// A set of capabilities. It is displayed as the line that asks for it or grants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    bits: u8,
}

impl Capabilities {
    /// Returns the set of `all`.
    pub fn of(all: &[Capability]) -> Capabilities {
        let mut set = Capabilities::default();
        all.iter().for_each(|&one| set.insert(one));
        set
    }

    /// Returns the capabilities among the words of `text`. Unknown words are left out.
    pub fn parse(text: &str) -> Capabilities {
        let mut set = Capabilities::default();
        for word in text.split_whitespace() {
            let known = Capability::ALL.into_iter().find(|one| one.word() == word);
            known.into_iter().for_each(|one| set.insert(one));
        }
        set
    }

    /// Returns the capabilities that the line `/cap ...` asks for; `None` for any
    /// other line.
    pub fn parse_request(line: &str) -> Option<Capabilities> {
        let (word, rest) = split_command(line)?;
        word.eq_ignore_ascii_case(CAP)
            .then(|| Capabilities::parse(rest))
    }

    /// Adds one.
    pub fn insert(&mut self, one: Capability) {
        self.bits |= 1 << one as u8;
    }

    /// Returns `true` if `one` is among them.
    pub fn contains(self, one: Capability) -> bool {
        self.bits & (1 << one as u8) != 0
    }

    /// Returns all that are in this set or in `other`.
    #[must_use]
    pub fn union(self, other: Capabilities) -> Capabilities {
        Capabilities {
            bits: self.bits | other.bits,
        }
    }

    /// Returns those that are in this set and in `other`.
    #[must_use]
    pub fn intersection(self, other: Capabilities) -> Capabilities {
        Capabilities {
            bits: self.bits & other.bits,
        }
    }

    /// Returns those that are not in `other`.
    #[must_use]
    pub fn without(self, other: Capabilities) -> Capabilities {
        Capabilities {
            bits: self.bits & !other.bits,
        }
    }

    /// Returns `true` if there is none.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{CAP}")?;
        let granted = Capability::ALL
            .into_iter()
            .filter(|&one| self.contains(one));
        granted
            .into_iter()
            .try_for_each(|one| write!(f, " {}", one.word()))
    }
}

/// The server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapReply {
    /// All that is granted so far.
    Granted(Capabilities),
    /// The token with which this member can resume.
    ResumeToken(Token),
}

impl CapReply {
    /// Parses a line of the server, without its newline.
    pub fn parse(line: &str) -> Option<CapReply> {
        let (word, rest) = split_command(line)?;
        if word != CAP {
            return None;
        }
        match rest.strip_prefix(RESUME_TOKEN) {
            Some(digits) => Token::parse(digits).map(CapReply::ResumeToken),
            None => Some(CapReply::Granted(Capabilities::parse(rest))),
        }
    }
}

impl fmt::Display for CapReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CapReply::Granted(all) => all.fmt(f),
            CapReply::ResumeToken(token) => write!(f, "/{CAP} {RESUME_TOKEN}{token}"),
        }
    }
}

/// Splits `/word rest`.
pub(crate) fn split_command(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end().strip_prefix('/')?;
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    Some((word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_contains_the_known_words() {
        let check = |line: &str, expected: Option<&str>| {
            let asked = Capabilities::parse_request(line);
            let shown = asked.map(|asked| asked.to_string());
            assert_eq!(shown.as_deref(), expected, "{line:?}");
        };
        check("/cap time id", Some("/cap time id"));
        check("/CAP  id   time ", Some("/cap time id"));
        check("/cap time future time", Some("/cap time"));
        check("/cap", Some("/cap"));
        check("/cap nothing", Some("/cap"));
        for line in [
            "cap time",
            "/caps time",
            "//cap time",
            " /cap time",
            "ann",
            "",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn an_answer_is_parsed_as_it_is_displayed() {
        let token = Token::parse(&"2f".repeat(16)).unwrap();
        for reply in [
            CapReply::Granted(Capabilities::default()),
            CapReply::Granted(Capabilities::of(&Capability::ALL)),
            CapReply::ResumeToken(token),
        ] {
            assert_eq!(CapReply::parse(&reply.to_string()), Some(reply));
        }
        assert_eq!(CapReply::parse("/cap resume=2f"), None);
        assert_eq!(CapReply::parse("/capital"), None);
    }

    #[test]
    fn a_second_request_adds() {
        let time = Capabilities::of(&[Capability::Time]);
        let both = time.union(Capabilities::of(&[Capability::Id]));
        assert_eq!(both.to_string(), "/cap time id");
        assert_eq!(both.without(time).to_string(), "/cap id");
        assert!(time.without(both).is_empty());
    }
}
