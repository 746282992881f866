//! The receiver's memory: what it keeps from one connection to the next.

use common::{LOBBY, Token};

use super::seen::SeenIds;

/// The facts about our member that come with the server's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The token with which the member can resume.
    pub token: Option<Token>,
    /// Our room.
    pub room: String,
    /// The lines that were shown.
    pub seen: SeenIds,
}

impl Default for Memory {
    /// Makes the memory of a new member.
    fn default() -> Memory {
        Memory {
            token: None,
            room: LOBBY.to_string(),
            seen: SeenIds::default(),
        }
    }
}
