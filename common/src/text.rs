//! Text: removes characters that could mislead a terminal or a reader.
//!
//! A terminal executes control characters that it prints: an escape sequence can
//! clear the screen, rename the window or write to the clipboard. A bidi control
//! can make a line read as something else. The server removes them from what it
//! receives. The client removes them again before it displays a line, because it
//! cannot trust the server it is connected to.

use std::borrow::Cow;

/// Returns `text` without the characters that [`is_unsafe`] selects.
///
/// Text without such characters is returned without a copy.
///
/// ```
/// assert_eq!(common::text::sanitize("red \u{1b}[31malert"), "red [31malert");
/// ```
pub fn sanitize(text: &str) -> Cow<'_, str> {
    // Most lines are plain ASCII, and one pass over bytes is cheaper than decoding.
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    if text.bytes().all(plain) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| !is_unsafe(c)).collect())
}

/// Returns `true` if `c` could mislead a terminal or a reader.
///
/// TAB is safe, because pasted code contains it. The zero-width joiner and
/// non-joiner are safe, because emoji and Persian need them.
pub fn is_unsafe(c: char) -> bool {
    match c {
        '\t' => false,
        // C0, DEL and C1 (ECMA-48): terminals may execute them.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        // Bidi controls (Unicode UAX #9): they reorder the text around them.
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Invisible characters, and line breaks that do not end a line of the protocol.
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}' => true,
        _ => false,
    }
}

/// Returns `true` for blanks, and for characters that are shown like one: the fillers of
/// Hangul, and Braille without a dot.
///
/// ```
/// assert!([' ', '\u{3000}', '\u{2800}'].into_iter().all(common::text::looks_blank));
/// ```
pub fn looks_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        )
}

/// Parses digits and nothing else: no sign, no blank.
pub(crate) fn parse_number(digits: &str) -> Option<u64> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(sanitize(input), expected, "sanitizing {input:?}");
    }

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in [
            "",
            "hi",
            "a\tb",
            "naïve café",
            "你好",
            "سلام",
            "👋🏽",
            "e\u{301}",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn joiners_stay_for_emoji_and_persian() {
        check("👩\u{200d}💻", "👩\u{200d}💻");
        check("می\u{200c}خواهم", "می\u{200c}خواهم");
    }

    #[test]
    fn escape_sequences_lose_their_control_characters() {
        check("\u{1b}[2J", "[2J");
        check("\u{1b}]0;title\u{7}", "]0;title");
        check("\u{1b}]52;c;AAAA\u{1b}\\", "]52;c;AAAA\\");
        check("\u{9b}31m", "31m");
        check("a\rb", "ab");
        check(&"\u{7}".repeat(1000), "");
    }

    #[test]
    fn bidi_controls_are_removed() {
        check("gpj\u{202e}.exe", "gpj.exe");
        check("\u{2066}x\u{2069}", "x");
    }

    #[test]
    fn every_control_character_except_tab_is_removed() {
        for c in (0..=0xff)
            .filter_map(char::from_u32)
            .filter(|c| c.is_control())
        {
            check(&format!("a{c}b"), if c == '\t' { "a\tb" } else { "ab" });
        }
    }

    #[test]
    fn sanitizing_twice_changes_nothing_more() {
        let dirty = "\u{1b}\u{202e}a\u{200b}\u{feff}b\u{2028}";
        let once = sanitize(dirty).into_owned();
        assert_eq!(sanitize(&once), once);
    }
}
