//! Scripts: which characters may stand in a name, and which scripts they belong to.
//!
//! The [`table`] of everyday scripts is enough for the default build. The feature
//! `unicode` adds all other scripts in use, and normalization, from the data of
//! Unicode. `enabled` and `disabled` have the same functions.
//!
//! Invariant: a character that the default build accepts is accepted with the feature.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no.

#[cfg(not(feature = "unicode"))]
mod disabled;
#[cfg(feature = "unicode")]
mod enabled;
mod table;

#[cfg(not(feature = "unicode"))]
pub use disabled::{Systems, compose, is_loose_mark, is_variant, kind, look, plain, script_name};
#[cfg(feature = "unicode")]
pub use enabled::{Systems, compose, is_loose_mark, is_variant, kind, look, plain, script_name};

/// The kind of a character that may stand in a name, beside `_`, `.` and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A letter or a syllable.
    Letter,
    /// A sign that is written on, below or beside the letter before it.
    Mark,
    /// A digit.
    Digit,
}
