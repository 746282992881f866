//! Wrapping: from a long line to rows of which only the first begins at the left edge.
//!
//! A terminal wraps a line by itself, and a member can pad a text with blanks so that its
//! end begins a row: `Server: leave at once` would look like a line of its own. So the
//! client wraps, and indents all rows but the first.
//!
//! Invariant: text in, text out. A row is never wider than the window, but perhaps
//! narrower, because std does not know how wide a character is.

/// The blanks before each row of a line but the first.
const INDENT: &str = "  ";

/// The columns of a tab, at most.
const TAB: usize = 8;

/// Wraps `text` for a window of so many `columns`, of which the first row has only `first`
/// left. Each `row_break` is followed by [`INDENT`]. It stands between two words, unless
/// the second is longer than a row. Blanks for which a row has no room are dropped.
pub(super) fn wrap(text: &str, first: usize, columns: u16, row_break: &str) -> String {
    // Even the narrowest window takes a character in each row.
    let next = usize::from(columns).saturating_sub(INDENT.len()).max(TAB);
    let mut room = first;
    let mut begins_word = true;
    let mut wrapped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let width = max_char_width(c);
        if is_blank(c) && width > room {
            room = 0;
        } else {
            let rest = text.get(at..).filter(|_| begins_word);
            let word = rest.map_or(0, word_width);
            if width > room || (word > room && word <= next) {
                wrapped.push_str(row_break);
                wrapped.push_str(INDENT);
                room = next;
            }
            room -= width;
            wrapped.push(c);
        }
        begins_word = is_blank(c);
    }
    wrapped
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Returns the columns of the word with which `text` begins. It ends before a wide
/// character, because scripts of such characters have no blanks.
fn word_width(text: &str) -> usize {
    let is_letter = |c: &char| !is_blank(*c) && max_char_width(*c) == 1;
    text.chars().take_while(is_letter).count()
}

/// Returns the most columns that `text` can take.
pub(super) fn max_width(text: &str) -> usize {
    text.chars().map(max_char_width).sum()
}

/// Returns the most columns that `c` can take: two, except in the ranges without wide
/// characters (Unicode Standard Annex 11). Those that are put on others count too.
fn max_char_width(c: char) -> usize {
    match c {
        '\t' => TAB,
        // Letters of the alphabets, and punctuation.
        '\0'..'\u{1100}' | '\u{1160}'..'\u{231a}' => 1,
        // Lines and boxes.
        '\u{2500}'..'\u{25fd}' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, first: usize, expected: &str) {
        assert_eq!(wrap(text, first, 12, "|"), expected, "{text:?}");
    }

    #[test]
    fn each_row_but_the_first_is_indented() {
        check("", 12, "");
        check("bob: hi", 12, "bob: hi");
        check("bob: 7890123", 12, "bob: 7890123");
        check("bob: 78901234", 12, "bob: |  78901234");
        let padded = format!("bob: {}Server: hi", " ".repeat(7));
        check(&padded, 12, "bob:        |  Server: hi");
        let long = "bob: 7890123+234567890+23";
        check(long, 12, "bob: 7890123|  +234567890|  +23");
    }

    #[test]
    fn a_row_ends_at_a_blank_unless_the_next_word_is_longer_than_a_row() {
        check("bob: see you there", 12, "bob: see you|  there");
        check("bob: see them soon", 12, "bob: see |  them soon");
        // Blanks without room are dropped, also the last.
        check("bob: seventh   ", 12, "bob: seventh");
        check(
            "bob: a https://x.example/",
            12,
            "bob: a https|  ://x.examp|  le/",
        );
        check("bob: good 李雷", 12, "bob: good 李|  雷");
    }

    #[test]
    fn the_first_row_may_be_short_or_full() {
        check("bob: hi", 6, "bob: |  hi");
        check("bob: hi", 0, "|  bob: hi");
    }

    #[test]
    fn no_row_is_too_wide() {
        check("李雷韩梅梅李雷", 12, "李雷韩梅梅李|  雷");
        check("Grüße, Ωμέγα", 12, "Grüße, Ωμέγα");
        check("a\tb\tc", 12, "a\tb|  c");
        check("⭐⭐⭐⭐⭐⭐⭐", 12, "⭐⭐⭐⭐⭐⭐|  ⭐");
        // Zero columns on the screen, which nobody has to know.
        assert_eq!(max_width("e\u{301}"), 2);
        assert_eq!(wrap("abcdefghij", 1, 1, "|"), "a|  bcdefghi|  j");
    }
}
