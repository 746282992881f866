//! Turns text as somebody sent it into text that is safe to show.
//!
//! A terminal obeys what it prints: an escape character can clear the screen,
//! rename the window or write to the clipboard, and a bidi control can make a
//! line read as something else. All of these are taken out on the way into the
//! server and once more before a terminal shows a line, since a client cannot
//! know which server it talks to.

use std::borrow::Cow;

/// Takes every character out of `text` that [`is_unsafe`] names.
///
/// Nearly all lines are clean already and are handed back as they came,
/// without a copy.
///
/// ```
/// assert_eq!(common::text::sanitize("red \u{1b}[31malert"), "red [31malert");
/// ```
pub fn sanitize(text: &str) -> Cow<'_, str> {
    // Most lines are plain ASCII: one pass over bytes is cheaper than decoding.
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    if text.bytes().all(plain) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| !is_unsafe(c)).collect())
}

/// Whether a terminal, or a reader's eye, could be misled by `c`.
///
/// TAB stays because code is pasted with it; the zero-width joiner and
/// non-joiner stay because emoji and Persian are written with them.
pub fn is_unsafe(c: char) -> bool {
    match c {
        '\t' => false,
        // C0, DEL and C1 (ECMA-48): everything a terminal might obey.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        // Bidi controls (Unicode UAX #9): they reorder what stands around them.
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Invisible, or a line break that is none to the protocol.
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(sanitize(input), expected, "cleaning {input:?}");
    }

    #[test]
    fn ordinary_text_passes_unchanged() {
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
    fn escape_sequences_lose_what_makes_them_work() {
        check("\u{1b}[2J", "[2J");
        check("\u{1b}]0;title\u{7}", "]0;title");
        check("\u{1b}]52;c;AAAA\u{1b}\\", "]52;c;AAAA\\");
        check("\u{9b}31m", "31m");
        check("a\rb", "ab");
        check(&"\u{7}".repeat(1000), "");
    }

    #[test]
    fn a_line_cannot_be_turned_around() {
        check("gpj\u{202e}.exe", "gpj.exe");
        check("\u{2066}x\u{2069}", "x");
    }

    #[test]
    fn every_control_character_goes_and_only_tab_stays() {
        for c in (0..=0xff)
            .filter_map(char::from_u32)
            .filter(|c| c.is_control())
        {
            check(&format!("a{c}b"), if c == '\t' { "a\tb" } else { "ab" });
        }
    }

    #[test]
    fn cleaning_twice_changes_nothing_more() {
        let dirty = "\u{1b}\u{202e}a\u{200b}\u{feff}b\u{2028}";
        let once = sanitize(dirty).into_owned();
        assert_eq!(sanitize(&once), once);
    }
}
