//! Name: parses and compares the names of members and rooms.
//!
//! Invariant: a `Name` has passed validation, so code that has one need not
//! validate it again. Only [`Name::from_static`] is exempt.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// The maximum length of a name, in characters: name and message fit together
/// into a window of 80 columns.
pub const MAX_NAME: usize = 24;

/// The name under which the server itself speaks. No member can have it.
pub const RESERVED: &str = "server";

/// A valid name of a member or a room. Names that differ only in case are equal.
///
/// Clones are cheap, because they share one allocation.
///
/// ```
/// use common::Name;
/// let ann: Name = "Ann".parse()?;
/// assert_eq!(ann, "ANN".parse()?);
/// assert_eq!(ann.as_str(), "Ann");
/// assert!("a b".parse::<Name>().is_err());
/// # Ok::<(), common::NameError>(())
/// ```
#[derive(Clone)]
pub struct Name(Arc<Spelling>);

struct Spelling {
    /// The spelling that is displayed.
    shown: Box<str>,
    /// The spelling with its case folded, which is compared.
    folded: Box<str>,
}

impl Name {
    /// Returns the name as its owner typed it.
    pub fn as_str(&self) -> &str {
        &self.0.shown
    }

    /// Returns the name with its case folded, for comparison.
    pub fn folded(&self) -> &str {
        &self.0.folded
    }

    /// Returns a name that the program itself gives, such as that of the lobby,
    /// without validation.
    pub fn from_static(text: &'static str) -> Name {
        Name::new(text)
    }

    fn new(text: &str) -> Name {
        Name(Arc::new(Spelling {
            shown: text.into(),
            folded: fold(text).into(),
        }))
    }

    /// Returns `true` if `text` is this name, in any case.
    pub fn matches(&self, text: &str) -> bool {
        text == self.as_str() || fold(text) == *self.0.folded
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// # Errors
    ///
    /// Returns the rule that `text` breaks.
    fn from_str(text: &str) -> Result<Name, NameError> {
        let text = text.trim();
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if let Some(bad) = text.chars().find(|&c| !is_name_char(c)) {
            return Err(NameError::Character(bad));
        }
        if !(first.is_alphanumeric() || first == '_') {
            return Err(NameError::Start(first));
        }
        let length = text.chars().count();
        if length > MAX_NAME {
            return Err(NameError::Long(length));
        }
        let mut letters = text.chars().filter(|c| c.is_alphabetic());
        if letters.clone().any(|c| c.is_ascii()) && !letters.all(is_latin) {
            return Err(NameError::MixedScripts);
        }
        let name = Name::new(text);
        match name.folded() {
            RESERVED => Err(NameError::Reserved),
            _ => Ok(name),
        }
    }
}

fn is_name_char(c: char) -> bool {
    let punctuation = matches!(c, '_' | '.' | '-');
    // Unicode counts the Hangul fillers as letters, but they are invisible.
    let blank_letter = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    punctuation || (c.is_alphanumeric() && !blank_letter)
}

/// Returns `true` for ASCII and the accented Latin letters, U+00C0 to U+024F.
fn is_latin(c: char) -> bool {
    c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c)
}

/// Folds the case of `text` through upper case, so that both small sigmas are equal.
fn fold(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.0.folded == other.0.folded
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.folded.hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.as_str())
    }
}

/// A reason why a text is not a valid name.
///
/// It is displayed to the person who typed the text. It contains no `:` and does
/// not repeat an unsafe character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The text is empty or blank.
    Empty,
    /// The number of characters is greater than [`MAX_NAME`].
    Long(usize),
    /// The text contains this character.
    Character(char),
    /// The text begins with this character, as an option or a hidden file does.
    Start(char),
    /// The text mixes ASCII letters with look-alikes of another script.
    MixedScripts,
    /// The name belongs to the server.
    Reserved,
}

impl std::error::Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            NameError::Empty => write!(f, "a name needs at least one letter or digit"),
            NameError::Long(length) => {
                write!(
                    f,
                    "a name has at most {MAX_NAME} characters, this has {length}"
                )
            }
            NameError::Character(c) => {
                let c = InWords(c);
                write!(
                    f,
                    "a name contains only letters, digits, _ . and -, not {c}"
                )
            }
            NameError::Start(c) => write!(f, "a name cannot begin with {}", InWords(c)),
            NameError::MixedScripts => {
                write!(
                    f,
                    "a name cannot mix Latin letters with those of another script"
                )
            }
            NameError::Reserved => write!(f, "the name {RESERVED} is reserved"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Result<&str, NameError>) {
        let name = input.parse::<Name>();
        let shown = name.as_ref().map(Name::as_str).map_err(|&error| error);
        assert_eq!(shown, expected, "naming {input:?}");
    }

    #[test]
    fn names_of_any_script_are_accepted() {
        for name in [
            "A",
            "bob",
            "Ann-Marie",
            "r2.d2",
            "_x",
            "42",
            "Zoë",
            "Łukasz",
            "Мария",
            "李雷",
            "محمد",
        ] {
            check(name, Ok(name));
        }
    }

    #[test]
    fn blanks_around_a_name_are_dropped() {
        check(" bob\r", Ok("bob"));
        check("\tbob  ", Ok("bob"));
    }

    #[test]
    fn an_error_names_the_broken_rule() {
        use NameError::*;
        check("", Err(Empty));
        check("  \t ", Err(Empty));
        check("a b", Err(Character(' ')));
        check("a:b", Err(Character(':')));
        check("q:quit", Err(Character(':')));
        check("*", Err(Character('*')));
        check("/who", Err(Character('/')));
        check("../x", Err(Character('/')));
        check("..", Err(Start('.')));
        check("-h", Err(Start('-')));
        check("a\u{0}", Err(Character('\u{0}')));
        check("a\u{200b}b", Err(Character('\u{200b}')));
        check("a\u{202e}b", Err(Character('\u{202e}')));
        check("\u{3164}", Err(Character('\u{3164}')));
        check("server", Err(Reserved));
        check("SerVer", Err(Reserved));
        check("аlice", Err(MixedScripts)); // the first letter is Cyrillic
        check("bоb", Err(MixedScripts)); // and here the second
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        check(&"é".repeat(MAX_NAME), Ok(&"é".repeat(MAX_NAME)));
        check(
            &"é".repeat(MAX_NAME + 1),
            Err(NameError::Long(MAX_NAME + 1)),
        );
        check(&"x".repeat(1 << 20), Err(NameError::Long(1 << 20)));
    }

    #[test]
    fn case_does_not_distinguish_names() {
        let same = [
            ("Bob", "bOB"),
            ("ÅSA", "åsa"),
            ("ΟΔΟΣ", "οδος"),
            ("Straße", "STRASSE"),
        ];
        for (a, b) in same {
            let (a, b): (Name, Name) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(a, b);
            assert!(a.matches(b.as_str()));
        }
        assert_ne!("bob".parse::<Name>(), "rob".parse::<Name>());
    }

    #[test]
    fn no_error_contains_a_colon_or_the_invalid_character() {
        for c in (0..0x300)
            .filter_map(char::from_u32)
            .filter(|c| !c.is_ascii_graphic())
        {
            if let Err(error) = format!("a{c}b").parse::<Name>() {
                let sentence = error.to_string();
                assert!(c == ' ' || !sentence.contains(c), "{sentence:?}");
            }
        }
        assert!(!"a:b".parse::<Name>().unwrap_err().to_string().contains(':'));
    }
}
