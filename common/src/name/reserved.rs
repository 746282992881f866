//! Reserved: the words that no member may be called.

use std::net::IpAddr;

use super::error::NameError;

/// The name under which the server itself speaks. No member and no room has it.
pub const SERVER: &str = "server";

/// The words that stand for members, or that the server's log puts in brackets where
/// the name of a member may stand. A member called `FILES` could forge lines of the log.
pub const WORDS: [&str; 8] = [
    "all",
    "you",
    "closed",
    "connection",
    "files",
    "moved",
    "new",
    SERVER,
];

/// Checks that the name with this key may be the name of a member.
///
/// # Errors
///
/// Returns the word, or that the name is an address, which `/ban` would not take for a
/// name.
pub fn check_member(folded: &str) -> Result<(), NameError> {
    check_words(folded, &WORDS)?;
    match folded.parse::<IpAddr>() {
        Ok(_) => Err(NameError::Address),
        Err(_) => Ok(()),
    }
}

/// Checks that the name with this key may be the name of a room.
///
/// # Errors
///
/// Returns the word. Only [`SERVER`] is reserved, because people would take such a room
/// for the operator's. No command and no line of the log takes a room for a member.
pub fn check_room(folded: &str) -> Result<(), NameError> {
    check_words(folded, &[SERVER])
}

fn check_words(folded: &str, words: &[&'static str]) -> Result<(), NameError> {
    // `Server.` reads like `Server` in the log and in a room.
    let letters: String = folded.chars().filter(|c| !"_.-".contains(*c)).collect();
    match words.iter().find(|word| **word == letters) {
        Some(word) => Err(NameError::Reserved(word)),
        None => Ok(()),
    }
}
