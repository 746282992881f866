//! Turns a line into a [`Name`], or says why it cannot be one.
//!
//! A `Name` exists only where this check has passed, so whoever holds one need
//! not check again.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// The longest name, in characters: with the message after it, it still fits
/// an 80-column window.
pub const MAX_NAME: usize = 24;

/// What the server itself speaks as; nobody may take it.
pub const RESERVED: &str = "server";

/// A name that passed validation. Two names that differ only in case are equal.
///
/// Copies are cheap: they share one allocation.
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
    /// As its owner wrote it: what people see.
    shown: Box<str>,
    /// With case folded away: what is compared.
    folded: Box<str>,
}

impl Name {
    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0.shown
    }

    /// The name without case: what is compared.
    pub fn folded(&self) -> &str {
        &self.0.folded
    }

    /// A name that the program itself gives, such as that of the lobby.
    ///
    /// It is not checked: what comes from anybody else is parsed.
    pub fn from_static(text: &'static str) -> Name {
        Name::new(text)
    }

    fn new(text: &str) -> Name {
        Name(Arc::new(Spelling {
            shown: text.into(),
            folded: fold(text).into(),
        }))
    }

    /// Whether `text` is this name, in whatever case.
    pub fn matches(&self, text: &str) -> bool {
        text == self.as_str() || fold(text) == *self.0.folded
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// # Errors
    ///
    /// Says which rule `text` breaks; see [`NameError`].
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
    // Unicode counts the Hangul fillers as letters, but they print as nothing.
    let blank_letter = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    punctuation || (c.is_alphanumeric() && !blank_letter)
}

/// ASCII and the Latin letters with marks, U+00C0 to U+024F.
fn is_latin(c: char) -> bool {
    c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c)
}

/// Case folding by way of upper case, so that both small sigmas meet.
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

/// Why a text is no name. Its words are meant for whoever typed it; they hold
/// no `:` and none of the characters that were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing but blanks.
    Empty,
    /// So many characters, more than [`MAX_NAME`].
    Long(usize),
    /// This character stands in it.
    Character(char),
    /// It begins with this character, as an option or a hidden file does.
    Start(char),
    /// ASCII letters beside look-alikes of another script.
    MixedScripts,
    /// It is the server's own.
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
                let c = Spelled(c);
                write!(f, "a name holds only letters, digits, _ . and -, not {c}")
            }
            NameError::Start(c) => write!(f, "a name cannot begin with {}", Spelled(c)),
            NameError::MixedScripts => {
                write!(
                    f,
                    "a name cannot mix Latin letters with those of another script"
                )
            }
            NameError::Reserved => write!(f, "the name {RESERVED} is the server's own"),
        }
    }
}

/// A refused character in words, since showing it as it is may do harm.
struct Spelled(char);

impl fmt::Display for Spelled {
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
    fn names_of_any_script_are_taken_as_written() {
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
    fn refused_names_say_which_rule_they_break() {
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
    fn case_does_not_tell_names_apart() {
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
    fn no_refusal_holds_a_colon_or_the_character_it_refuses() {
        for c in (0..0x300)
            .filter_map(char::from_u32)
            .filter(|c| !c.is_ascii_graphic())
        {
            if let Err(error) = format!("a{c}b").parse::<Name>() {
                let told = error.to_string();
                assert!(c == ' ' || !told.contains(c), "{told:?}");
            }
        }
        assert!(!"a:b".parse::<Name>().unwrap_err().to_string().contains(':'));
    }
}
