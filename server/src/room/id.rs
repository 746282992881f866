//! Ids: what stands for a room, a sender and a line where names are not known.

use std::sync::Arc;

use common::{LOBBY, Name};

/// The number of the room for connections that have no name yet. No message is
/// said there.
pub const UNNAMED_ROOM: u64 = 0;

/// The number of the lobby.
pub const LOBBY_ROOM: u64 = 1;

/// A room as the broadcaster knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRef {
    /// The number that tells the room from all others, also from earlier rooms of
    /// the same name.
    pub number: u64,
    /// The name of the room in the log.
    pub name: Name,
}

impl RoomRef {
    /// Returns the room for connections that have no name yet.
    pub fn unnamed_room() -> RoomRef {
        RoomRef {
            number: UNNAMED_ROOM,
            name: Name::from_static("unnamed"),
        }
    }

    /// Returns the room in which every member starts.
    pub fn lobby() -> RoomRef {
        RoomRef {
            number: LOBBY_ROOM,
            name: Name::from_static(LOBBY),
        }
    }
}

/// The sender of lines: a number that stands for a name at a host, and for every member
/// that has both. A member that comes back under its name has the same id, and a stranger
/// who takes the name elsewhere has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SenderId(pub u64);

/// Lines ready to be sent, each with its newline. The history, the log and the
/// transcript share them.
pub type Lines = Arc<Vec<u8>>;
