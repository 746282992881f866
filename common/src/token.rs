//! Token: a secret of 128 bits, written as 32 hex digits.

use std::fmt;

/// A random number that proves its holder received it, because it cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u128);

impl Token {
    /// Parses 32 hex digits.
    pub fn parse(digits: &str) -> Option<Token> {
        let all_digits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = all_digits.then(|| u128::from_str_radix(digits, 16).ok());
        number.flatten().map(Token)
    }

    /// Compares two tokens in a time that does not depend on where they differ.
    pub fn matches(self, other: Token) -> bool {
        (self.0 ^ other.0) == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Hides the digits, because a secret must not appear in a log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_parsed_as_it_is_displayed() {
        for token in [Token(0), Token(1), Token(u128::MAX)] {
            assert_eq!(Token::parse(&token.to_string()), Some(token));
        }
        let signed = format!("+{:031x}", 1);
        for digits in ["", "1", &"x".repeat(32), &"0".repeat(33), &signed] {
            assert_eq!(Token::parse(digits), None, "{digits:?}");
        }
    }
}
