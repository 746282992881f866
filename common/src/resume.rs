//! Resume: how a member comes back after its connection broke.

use std::fmt;

use crate::Token;
use crate::capability::split_command;
use crate::tags::LineId;

/// The word of the request, without its slash.
const RESUME: &str = "resume";

/// `/resume TOKEN [ID]`, sent in place of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeRequest<'a> {
    /// The member's token; `None` if the word is no token at all.
    pub token: Option<Token>,
    /// The id of the last line that the client has shown.
    pub last_shown: Option<LineId<'a>>,
}

impl<'a> ResumeRequest<'a> {
    /// Parses a line without its newline. Returns `None` for any other line.
    pub fn parse(line: &'a str) -> Option<ResumeRequest<'a>> {
        let (word, rest) = split_command(line)?;
        if !word.eq_ignore_ascii_case(RESUME) {
            return None;
        }
        let mut words = rest.split_whitespace();
        Some(ResumeRequest {
            token: words.next().and_then(Token::parse),
            last_shown: words.next().and_then(LineId::parse),
        })
    }
}

impl fmt::Display for ResumeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{RESUME}")?;
        self.token
            .iter()
            .try_for_each(|token| write!(f, " {token}"))?;
        self.last_shown.iter().try_for_each(|id| write!(f, " {id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_parsed_as_it_is_displayed() {
        let token = Token::parse(&"2f".repeat(16));
        for last_shown in [None, LineId::parse("lobby-k3f9-4711"), LineId::parse("@-1")] {
            let request = ResumeRequest { token, last_shown };
            assert_eq!(ResumeRequest::parse(&request.to_string()), Some(request));
        }
    }

    #[test]
    fn a_malformed_token_is_a_request_without_one() {
        for line in ["/resume", "/resume x", "/RESUME 1234 lobby-x-1"] {
            let request = ResumeRequest::parse(line).unwrap();
            assert_eq!(request.token, None, "{line:?}");
        }
        for line in ["resume", "/resumed x", "ann", ""] {
            assert_eq!(ResumeRequest::parse(line), None, "{line:?}");
        }
    }
}
