//! Enabled: the scripts with the feature `unicode`, from the data of Unicode.
//!
//! A character may stand in a name if Unicode counts it among the identifiers (UAX 31)
//! and does not advise against it (UTS 39, 3.1): it is in use, and neither historic,
//! technical, invisible nor a form of another one. UTS 39 advises against rare letters
//! and small scripts too. People have them in their names, so they are accepted.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfkc};
use unicode_script::{Script, UnicodeScript};
use unicode_security::general_security_profile::IdentifierType;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{GeneralSecurityProfile, skeleton};

use super::{Kind, table};

/// The sign between two syllables of Tibetan.
const TSHEG: char = '\u{f0b}';

/// The writing systems that a character can belong to.
#[derive(Clone, Copy)]
pub struct Systems(AugmentedScriptSet);

impl Systems {
    /// Returns every writing system.
    pub fn all() -> Systems {
        Systems(AugmentedScriptSet::default())
    }

    /// Returns the systems of `c`. An ASCII digit belongs to all.
    pub fn of(c: char) -> Systems {
        Systems(AugmentedScriptSet::for_char(c))
    }

    /// Returns the systems that are in both sets.
    pub fn and(self, other: Systems) -> Systems {
        let mut both = self.0;
        both.intersect_with(other.0);
        Systems(both)
    }

    /// Returns `true` if no system is left.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the name of the script of `c`.
pub fn script_name(c: char) -> &'static str {
    if let Some((_, script)) = table::find(c) {
        return script.name;
    }
    let script = match c.script() {
        Script::Common | Script::Inherited => c.script_extension().iter().next(),
        script => Some(script),
    };
    script.unwrap_or(Script::Common).full_name()
}

/// Returns the kind of `c`, if it may stand in a name.
pub fn kind(c: char) -> Option<Kind> {
    table::kind(c).or_else(|| kind_in_unicode(c).filter(|_| is_in_use(c)))
}

fn kind_in_unicode(c: char) -> Option<Kind> {
    if is_combining_mark(c) || c == TSHEG {
        Some(Kind::Mark)
    } else if c.is_numeric() {
        Some(Kind::Digit)
    } else {
        c.is_alphabetic().then_some(Kind::Letter)
    }
}

fn is_in_use(c: char) -> bool {
    use IdentifierType::{Inclusion, Limited_Use, Recommended, Uncommon_Use};
    let kind = c.identifier_type();
    matches!(
        kind,
        Some(Recommended | Inclusion | Uncommon_Use | Limited_Use)
    )
}

/// Returns `text` as it is displayed, with each letter and its marks as one character
/// if there is one (NFC).
pub fn compose(text: &str) -> Cow<'_, str> {
    if is_nfc(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// Returns `text` as it is compared, without the forms that stand for other characters
/// (NFKC).
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_nfkc(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect())
}

/// Returns the characters that `c` looks like, if it is not in the table: those of its
/// capital form, because case does not count (UTS 39, 4).
pub fn look(c: char) -> Option<String> {
    let capital: String = c.to_uppercase().collect();
    let is_everyday = |c: char| c.is_ascii() || table::find(c).is_some();
    let is_known = is_everyday(c) || capital.chars().all(is_everyday);
    (!is_known && !is_combining_mark(c)).then(|| skeleton(&capital).collect())
}

/// Returns `true` if `c` is part of a letter that one character can stand for. There is
/// none, because the text is composed before it is checked.
pub fn is_loose_mark(_c: char) -> bool {
    false
}

/// Returns `true` if `c` is another form of plain characters: a styled, wide, raised,
/// circled or joined one.
pub fn is_variant(c: char) -> bool {
    c.is_alphanumeric() && !std::iter::once(c).nfkc().eq([c])
}
