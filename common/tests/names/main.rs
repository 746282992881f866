//! Names: which names are accepted, which are equal, and why the others are refused.
//!
//! All rows hold for both builds, except those of `small` and `unicode`.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

mod accepted;
mod alike;
mod refused;
mod reserved;
mod sent;
#[cfg(not(feature = "unicode"))]
mod small;
#[cfg(feature = "unicode")]
mod unicode;

use common::{Name, NameError};

fn name(text: &str) -> Name {
    text.parse()
        .unwrap_or_else(|why| panic!("{text:?} is refused, {why}"))
}

/// Checks that `text` is accepted and displayed as it was typed, and that what is
/// displayed is accepted again as the same name.
#[track_caller]
fn accept(text: &str) {
    let name = name(text);
    assert_eq!(name.as_str(), text);
    let again: Name = name.to_string().parse().unwrap();
    assert_eq!(again.as_str(), text);
    assert_eq!(again, name);
    assert!(name.matches(text) && name.matches(&text.to_uppercase()));
    assert_eq!(Name::from_server(text), Some(name));
}

/// Checks that `text` is refused for `reason`, in a sentence that is safe to display.
#[track_caller]
fn refuse(text: &str, reason: NameError) {
    let sentence = reason.to_string();
    assert!(!sentence.contains(':'), "{sentence:?}");
    assert_eq!(common::text::sanitize(&sentence), sentence);
    assert_eq!(text.parse::<Name>(), Err(reason), "naming {text:?}");
}
