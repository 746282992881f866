//! Name: parses and compares the names of members and rooms.
//!
//! ```text
//! text -> composed (script/) -> checked (rule.rs, reserved.rs) -> Name
//!                                              compared by its key (key.rs)
//! ```
//!
//! Invariant: a `Name` has passed validation, so code that has one need not
//! validate it again. [`Name::from_static`] is exempt, and [`Name::from_server`] only
//! promises that the name is safe to display.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no.

mod error;
mod key;
mod reserved;
mod rule;
mod script;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

pub use error::{MAX_NAME, NameError};
pub use reserved::WORDS as RESERVED_WORDS;

use crate::text::is_unsafe;
use key::key;
use reserved::SERVER;

/// The maximum length of a name that a server sends, in characters. Another server may
/// allow longer names than ours.
const MAX_SENT_NAME: usize = 64;

/// The maximum length of a text that may be a spelling of a name, in bytes. A character
/// of a name has a few bytes, also with its marks apart.
const MAX_SPELLING: usize = 16 * MAX_SENT_NAME;

/// A valid name of a member or a room. Names that differ only in case, or that look
/// the same, are equal.
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
    /// The key, which is compared.
    folded: Box<str>,
}

impl Name {
    /// Returns the name as its owner typed it.
    pub fn as_str(&self) -> &str {
        &self.0.shown
    }

    /// Returns the key by which the name is compared: equal names have the same.
    pub fn folded(&self) -> &str {
        &self.0.folded
    }

    /// Returns a name that the program itself gives, such as that of the lobby,
    /// without validation.
    pub fn from_static(text: &'static str) -> Name {
        Name::new(text)
    }

    /// Parses the name of a room, which may be a word that no member may be called.
    ///
    /// # Errors
    ///
    /// Returns the rule that `text` breaks.
    pub fn parse_room(text: &str) -> Result<Name, NameError> {
        let name = Name::parse_look(text)?;
        reserved::check_room(name.folded())?;
        Ok(name)
    }

    /// Parses a name that a server has sent, or that only a server can judge. Returns
    /// `None` for a text that is no name anywhere.
    ///
    /// The server may know more scripts than this build. So only ASCII follows the rule
    /// here, and other characters must be safe to display.
    pub fn from_server(text: &str) -> Option<Name> {
        let is_allowed = |c: char| match c {
            '_' | '.' | '-' => true,
            c if c.is_ascii() => c.is_alphanumeric(),
            c => !c.is_whitespace() && !is_unsafe(c),
        };
        let is_name = !text.is_empty()
            && !text.starts_with(['.', '-'])
            && text.chars().all(is_allowed)
            && text.chars().count() <= MAX_SENT_NAME;
        let name = is_name.then(|| Name::new(text))?;
        (name.folded() != SERVER).then_some(name)
    }

    /// Parses a text that looks like a name, reserved or not.
    fn parse_look(text: &str) -> Result<Name, NameError> {
        let text = script::compose(text.trim());
        rule::check(&text)?;
        match text.chars().count() {
            length if length > MAX_NAME => Err(NameError::Long(length)),
            _ => Ok(Name::new(&text)),
        }
    }

    fn new(text: &str) -> Name {
        Name(Arc::new(Spelling {
            shown: text.into(),
            folded: key(text).into(),
        }))
    }

    /// Returns `true` if `text` is this name, in any spelling.
    pub fn matches(&self, text: &str) -> bool {
        let is_short = text.len() <= MAX_SPELLING;
        text == self.as_str() || (is_short && key(text) == *self.0.folded)
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// Parses the name of a member.
    ///
    /// # Errors
    ///
    /// Returns the rule that `text` breaks.
    fn from_str(text: &str) -> Result<Name, NameError> {
        let name = Name::parse_look(text)?;
        reserved::check_member(name.folded())?;
        Ok(name)
    }
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
