//! Disabled: the scripts without the feature `unicode`, from the table alone.

use std::borrow::Cow;

use super::{Kind, table};

/// The writing systems that a character can belong to: a bit for each script of the
/// table, and one for each group of scripts that are written together (UTS 39, 5.1).
#[derive(Clone, Copy)]
pub struct Systems(u64);

impl Systems {
    /// Returns every writing system.
    pub fn all() -> Systems {
        Systems(u64::MAX)
    }

    /// Returns the systems of `c`. An ASCII digit belongs to all.
    pub fn of(c: char) -> Systems {
        let found = table::find(c);
        found.map_or(Systems::all(), |(number, script)| {
            Systems(1 << number | groups(script.name))
        })
    }

    /// Returns the systems that are in both sets.
    pub fn and(self, other: Systems) -> Systems {
        Systems(self.0 & other.0)
    }

    /// Returns `true` if no system is left.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn groups(script: &str) -> u64 {
    const JAPANESE: u64 = 1 << 61;
    const KOREAN: u64 = 1 << 62;
    const HAN_WITH_BOPOMOFO: u64 = 1 << 63;
    match script {
        "Han" => JAPANESE | KOREAN | HAN_WITH_BOPOMOFO,
        "Hiragana" | "Katakana" => JAPANESE,
        "Hangul" => KOREAN,
        "Bopomofo" => HAN_WITH_BOPOMOFO,
        _ => 0,
    }
}

/// Returns the name of the script of `c`.
pub fn script_name(c: char) -> &'static str {
    table::find(c).map_or("Common", |(_, script)| script.name)
}

/// Returns the kind of `c`, if it may stand in a name.
pub fn kind(c: char) -> Option<Kind> {
    table::kind(c)
}

/// Returns `text` as it is displayed. Composing letters and marks needs the feature.
pub fn compose(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Returns `text` as it is compared. The table contains no form that stands for other
/// characters, except those that `key` handles itself.
pub fn plain(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Returns the characters that `c` looks like, if it is not in the table. No name has
/// such a character.
pub fn look(_c: char) -> Option<String> {
    None
}

/// Returns `true` if `c` is part of a letter that one character can stand for: an
/// accent, a voicing mark of kana, or the vowel or the final of a Hangul syllable.
pub fn is_loose_mark(c: char) -> bool {
    match c {
        // The grapheme joiner among the accents is invisible.
        '\u{34f}' => false,
        '\u{300}'..='\u{36f}' | '\u{653}'..='\u{655}' => true,
        '\u{1161}'..='\u{11ff}' | '\u{3099}' | '\u{309a}' => true,
        _ => false,
    }
}

/// Returns `true` if `c` is another form of plain characters: a styled, wide, raised,
/// circled or joined one.
pub fn is_variant(c: char) -> bool {
    c.is_alphanumeric()
        && match c {
            'ª' | '²' | '³' | '¹' | 'º' | '¼'..='¾' => true,
            'Ĳ' | 'ĳ' | 'Ŀ' | 'ŀ' | 'ŉ' | 'ſ' | 'ẚ' | 'ẛ' => true,
            'Ǆ'..='ǌ' | 'Ǳ'..='ǳ' => true,
            // Raised letters, and Greek symbols.
            '\u{2b0}'..='\u{2b8}' | '\u{3d0}'..='\u{3d6}' | '\u{3f0}'..='\u{3f5}' => true,
            '\u{1d2c}'..='\u{1d6a}' | '\u{1d78}' | '\u{1d9b}'..='\u{1dbf}' => true,
            // Superscripts, letter-like symbols, Roman numerals, circled letters.
            '\u{2070}'..='\u{209c}' | '\u{2100}'..='\u{2131}' | '\u{2133}'..='\u{214d}' => true,
            '\u{2150}'..='\u{217f}' | '\u{2460}'..='\u{24ff}' => true,
            // Letters of Hangul, circled and squared numbers.
            '\u{3131}'..='\u{318e}' | '\u{3192}'..='\u{319f}' | '\u{3200}'..='\u{33ff}' => true,
            // Compatibility ideographs, presentation forms, wide and narrow forms.
            '\u{f900}'..='\u{faff}' | '\u{fb00}'..='\u{feff}' | '\u{ff00}'..='\u{ffef}' => true,
            '\u{1d400}'..='\u{1d7ff}' | '\u{1ee00}'..='\u{1eeff}' => true,
            '\u{1f100}'..='\u{1f1ff}' | '\u{1fbf0}'..='\u{1fbf9}' => true,
            '\u{2f800}'..='\u{2fa1f}' => true,
            _ => false,
        }
}
