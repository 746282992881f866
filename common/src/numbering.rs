//! Numbering: the numbers of a client's own lines, so that none is lost or said twice.
//!
//! A client that was granted `id` sends `/seq 17 LINE`. The server answers a heartbeat
//! with `/ack 17`: it has handled all lines up to 17.
//! Invariant: numbers count from 1, for the life of a resume token.

use crate::capability::split_command;
use crate::text::parse_number;

/// The most bytes that the number adds to a line: `/seq `, 20 digits and a space.
pub const MAX_NUMBER_BYTES: usize = 26;

/// Returns the line `/seq NUMBER LINE`, without its newline.
pub fn encode(number: u64, line: &str) -> String {
    format!("/seq {number} {line}")
}

/// Splits `/seq NUMBER LINE`. Returns `None` for any other line.
pub fn split(line: &str) -> Option<(u64, &str)> {
    let (digits, rest) = line.strip_prefix("/seq ")?.split_once(' ')?;
    Some((parse_number(digits)?, rest))
}

/// Returns the number before a line that is not readable as a whole, given its first
/// bytes.
pub fn number_of(beginning: &[u8]) -> Option<u64> {
    let ascii = beginning.split(|byte| !byte.is_ascii()).next()?;
    split(str::from_utf8(ascii).ok()?).map(|(number, _)| number)
}

/// Returns the line that confirms all lines up to `number`, without its newline.
pub fn ack(number: u64) -> String {
    format!("/ack {number}")
}

/// Parses `/ack NUMBER`.
pub fn parse_ack(line: &str) -> Option<u64> {
    match split_command(line)? {
        ("ack", digits) => parse_number(digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_line_is_split_as_it_was_encoded() {
        for line in ["hi", "", " two  blanks ", "/who", "/seq 1 x"] {
            let encoded = encode(17, line);
            assert_eq!(split(&encoded), Some((17, line)));
            assert!(encoded.len() <= line.len() + MAX_NUMBER_BYTES);
        }
        for line in [
            "/seq",
            "/seq 1",
            "/seq x y",
            "/seq -1 y",
            "/seq  1 y",
            "seq 1 y",
        ] {
            assert_eq!(split(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_number_of_an_unreadable_line_is_read() {
        assert_eq!(number_of(b"/seq 17 caf\xe9"), Some(17));
        assert_eq!(number_of(b"/seq 17 \xff"), Some(17));
        assert_eq!(number_of(b"/seq 1\xff7 x"), None);
        assert_eq!(number_of(b"caf\xe9"), None);
    }

    #[test]
    fn an_ack_is_parsed_as_it_was_written() {
        assert_eq!(parse_ack(&ack(u64::MAX)), Some(u64::MAX));
        for line in ["/ack", "/ack x", "/ack 1 2", "/acks 1", "ack 1"] {
            assert_eq!(parse_ack(line), None, "{line:?}");
        }
    }
}
