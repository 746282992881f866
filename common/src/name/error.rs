//! Name error: why a text is not a valid name.

use std::fmt;

/// The maximum length of a name, in characters: name and message fit together
/// into a window of 80 columns.
pub const MAX_NAME: usize = 24;

/// The maximum number of marks after a letter. Burmese and Khmer need that many; more
/// would cover the lines above and below (UTS 39, 5.4).
pub(super) const MAX_MARKS: usize = 4;

/// A reason why a text is not a valid name.
///
/// It is displayed to the person who typed the text. It contains no `:` and does
/// not repeat an unsafe character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The text contains no letter and no digit.
    Empty,
    /// The number of characters is greater than [`MAX_NAME`].
    Long(usize),
    /// The text contains this character.
    Character(char),
    /// The text begins with this character, as an option or a hidden file does.
    Start(char),
    /// This character is another form of plain ones, such as a bold or a wide letter.
    Variant(char),
    /// This letter and its marks may be one character, and are several.
    Decomposed(String),
    /// This mark does not follow a letter.
    Mark(char),
    /// This mark stands twice after one letter.
    RepeatedMark(char),
    /// More than four marks follow this letter.
    TooManyMarks(char),
    /// The text has letters of these two scripts, which are not written together.
    MixedScripts(&'static str, &'static str),
    /// The text has digits of two kinds.
    MixedDigits,
    /// The name is a word that this server uses itself.
    Reserved(&'static str),
    /// The name is an IP address, which a ban would be about.
    Address,
}

impl NameError {
    /// Makes a [`NameError::Decomposed`] from a letter and its marks, of which only the
    /// first are repeated.
    pub(super) fn decomposed(letter: char, marks: &str) -> NameError {
        NameError::Decomposed(
            std::iter::once(letter)
                .chain(marks.chars().take(4))
                .collect(),
        )
    }
}

impl std::error::Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => write!(f, "a name needs at least one letter or digit"),
            NameError::Long(length) => {
                write!(
                    f,
                    "a name has at most {MAX_NAME} characters, this has {length}"
                )
            }
            NameError::Character(c) if is_shown(*c) => {
                write!(f, "'{c}' is not a letter of a name")
            }
            NameError::Character(c) => write!(
                f,
                "a name contains only letters, digits, _ . and -, not {}",
                InWords(*c)
            ),
            NameError::Start(c) => write!(f, "a name cannot begin with {}", InWords(*c)),
            NameError::Variant(c) => write!(f, "'{c}' is another form of a plain character"),
            NameError::Decomposed(letter) => {
                write!(f, "type {letter} as one character or without its mark")
            }
            NameError::Mark(c) => {
                write!(f, "the mark {} does not follow a letter", InWords(*c))
            }
            NameError::RepeatedMark(c) => {
                write!(f, "the mark {} stands twice after one letter", InWords(*c))
            }
            NameError::TooManyMarks(c) => write!(f, "'{c}' has more than {MAX_MARKS} marks"),
            NameError::MixedScripts(one, other) => {
                write!(f, "the name mixes {one} and {other}")
            }
            NameError::MixedDigits => write!(f, "the name mixes two kinds of digits"),
            NameError::Reserved(word) => write!(f, "the name {word} is reserved"),
            NameError::Address => write!(f, "a name cannot be an address"),
        }
    }
}

/// Returns `true` if `c` is a letter or digit of its own that can be repeated.
fn is_shown(c: char) -> bool {
    c.is_alphanumeric() && !is_blank_letter(c)
}

/// Returns `true` for the fillers of Hangul, which Unicode counts as letters although
/// they are invisible.
pub(super) fn is_blank_letter(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// A character that is displayed in words, because it may be unsafe.
struct InWords(char);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => write!(f, "a space"),
            ':' => write!(f, "a colon"),
            c if c.is_ascii_graphic() => write!(f, "{c}"),
            c => write!(f, "U+{:04X}", u32::from(c)),
        }
    }
}
