//! Time format: the pattern of `--time`, with the specifiers of `date`.

use std::fmt::Write;

use common::text::is_unsafe;

/// The pattern without `--time`.
const DEFAULT: &str = "%H:%M";

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    Char(char),
    /// A part of the date or time: its place in year, month, day, hour, minute, second,
    /// and the digits it takes.
    Number { at: usize, digits: usize },
}

/// A pattern for times, which is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Vec<Piece>);

impl Default for TimeFormat {
    fn default() -> TimeFormat {
        TimeFormat::parse(DEFAULT).unwrap_or(TimeFormat(Vec::new()))
    }
}

impl TimeFormat {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// The reason why it is invalid, as the end of a sentence.
    pub fn parse(pattern: &str) -> Result<TimeFormat, String> {
        let mut pieces = Vec::new();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '%' => specifier(rest.next())?,
                c if is_unsafe(c) => return Err("contains a control character".to_string()),
                c => Piece::Char(c),
            });
        }
        Ok(TimeFormat(pieces))
    }

    /// Formats year, month, day, hour, minute and second.
    pub fn format(&self, parts: [u64; 6]) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match *piece {
                Piece::Char(c) => text.push(c),
                Piece::Number { at, digits } => {
                    let number = parts.get(at).copied().unwrap_or_default();
                    let number = if digits == 2 { number % 100 } else { number };
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{number:0digits$}");
                }
            }
        }
        text
    }
}

/// Returns the piece for the character after a `%`.
fn specifier(c: Option<char>) -> Result<Piece, String> {
    let number = |at, digits| Ok(Piece::Number { at, digits });
    match c {
        Some('Y') => number(0, 4),
        Some('y') => number(0, 2),
        Some('m') => number(1, 2),
        Some('d') => number(2, 2),
        Some('H') => number(3, 2),
        Some('M') => number(4, 2),
        Some('S') => number(5, 2),
        Some('%') => Ok(Piece::Char('%')),
        Some(c) if !is_unsafe(c) => Err(format!("contains the unknown specifier %{c}")),
        _ => Err("ends inside a specifier".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: [u64; 6] = [2026, 3, 1, 9, 5, 7];

    #[test]
    fn every_specifier_is_formatted() {
        #[track_caller]
        fn check(pattern: &str, expected: &str) {
            let format = TimeFormat::parse(pattern).unwrap();
            assert_eq!(format.format(MOMENT), expected, "{pattern}");
        }
        check("%H:%M", "09:05");
        check("%Y-%m-%d %H.%M.%S", "2026-03-01 09.05.07");
        check("%d/%m/%y", "01/03/26");
        check("100 %%", "100 %");
        check("", "");
        assert_eq!(TimeFormat::default().format(MOMENT), "09:05");
    }

    #[test]
    fn an_unknown_specifier_is_named() {
        #[track_caller]
        fn check(pattern: &str, expected: &str) {
            assert_eq!(TimeFormat::parse(pattern), Err(expected.to_string()));
        }
        check("%H:%q", "contains the unknown specifier %q");
        check("%H:%", "ends inside a specifier");
        check("%H\u{1b}[2J", "contains a control character");
    }
}
