//! Rooms: which rooms there are, and their members.
//!
//! A room exists as long as a member is in it. Its number is never used again, so a
//! later room of the same name is another one.

use std::collections::BTreeMap;

use common::Name;
use common::notice::{MAX_NAMED, Occupants};

use crate::connection::MemberId;
use crate::room::id::{LOBBY_ROOM, RoomRef};

/// The rooms by name.
pub struct RoomDirectory {
    rooms: BTreeMap<String, Room>,
    next_number: u64,
    max_rooms: usize,
}

struct Room {
    id: RoomRef,
    members: BTreeMap<MemberId, Name>,
}

/// The outcome of going to another room.
pub struct RoomChanged {
    /// The previous room.
    pub from: RoomRef,
    /// The new room.
    pub to: RoomRef,
    /// The members that were there before.
    pub others: Occupants,
}

/// The reason why a member cannot go to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomChangeError {
    /// The member is there already.
    AlreadyThere,
    /// There are this many rooms, the maximum.
    TooManyRooms(usize),
}

impl RoomDirectory {
    /// Makes a directory of the lobby alone, for at most `max_rooms` rooms.
    pub fn new(max: usize) -> RoomDirectory {
        let mut rooms = RoomDirectory {
            rooms: BTreeMap::new(),
            next_number: LOBBY_ROOM + 1,
            max_rooms: max,
        };
        let id = RoomRef::lobby();
        let members = BTreeMap::new();
        rooms.rooms.insert(key(&id.name), Room { id, members });
        rooms
    }

    /// Adds a member, or its new name, to a room.
    pub fn add(&mut self, room: &Name, id: MemberId, name: &Name) {
        if let Some(room) = self.rooms.get_mut(&key(room)) {
            room.members.insert(id, name.clone());
        }
    }

    /// Removes a member from a room, and the room if that was the last.
    pub fn remove(&mut self, room: &Name, id: MemberId) {
        if let Some(found) = self.rooms.get_mut(&key(room)) {
            found.members.remove(&id);
            if found.members.is_empty() && found.id.number != LOBBY_ROOM {
                self.rooms.remove(&key(room));
            }
        }
    }

    /// Moves a member. Returns the previous room and the new one.
    pub fn change_room(
        &mut self,
        id: MemberId,
        name: &Name,
        from: &Name,
        to: &Name,
    ) -> Result<(RoomRef, RoomRef), RoomChangeError> {
        if from == to {
            return Err(RoomChangeError::AlreadyThere);
        }
        let from_place = self.room_id(from).ok_or(RoomChangeError::AlreadyThere)?;
        // A member that is alone in a room makes place for the next by leaving it.
        let room = self.rooms.get(&key(from));
        let alone = room.is_some_and(|room| room.members.len() == 1);
        let freed = usize::from(alone && from_place.number != LOBBY_ROOM);
        let to_place = self.get_or_create_beside(to, freed)?;
        self.remove(from, id);
        self.add(to, id, name);
        Ok((from_place, to_place))
    }

    /// Returns the room of that name, which is made if there is none.
    pub fn get_or_create(&mut self, name: &Name) -> Result<RoomRef, RoomChangeError> {
        self.get_or_create_beside(name, 0)
    }

    /// The same, where `freed` rooms are about to end.
    fn get_or_create_beside(
        &mut self,
        name: &Name,
        freed: usize,
    ) -> Result<RoomRef, RoomChangeError> {
        if let Some(id) = self.room_id(name) {
            return Ok(id);
        }
        if self.rooms.len() - freed >= self.max_rooms {
            return Err(RoomChangeError::TooManyRooms(self.max_rooms));
        }
        let id = RoomRef {
            number: self.next_number,
            name: name.clone(),
        };
        self.next_number += 1;
        let room = Room {
            id: id.clone(),
            members: BTreeMap::new(),
        };
        self.rooms.insert(key(name), room);
        Ok(id)
    }

    /// Returns the room of that name.
    pub fn room_id(&self, room: &Name) -> Option<RoomRef> {
        self.rooms.get(&key(room)).map(|room| room.id.clone())
    }

    /// Returns the members of a room, or only their number.
    pub fn occupants(&self, room: &Name) -> Occupants {
        let Some(room) = self.rooms.get(&key(room)) else {
            return Occupants::default();
        };
        let count = room.members.len();
        let listed = if count <= MAX_NAMED {
            room.members.values().cloned().collect()
        } else {
            Vec::new()
        };
        Occupants { count, listed }
    }

    /// Returns all members, those of the room `first` first.
    pub fn members<'a>(&'a self, first: Option<&Name>) -> impl Iterator<Item = &'a Name> {
        let first = first.map(key);
        let own = first.as_ref().and_then(|first| self.rooms.get(first));
        let others = self
            .rooms
            .iter()
            .filter(move |(key, _)| Some(*key) != first.as_ref());
        let others = others.map(|(_, room)| room);
        own.into_iter()
            .chain(others)
            .flat_map(|room| room.members.values())
    }

    /// Returns all rooms that are not empty, with their number of members, by name.
    pub fn list(&self) -> Vec<(Name, usize)> {
        let rooms = self.rooms.values().filter(|room| !room.members.is_empty());
        rooms
            .map(|room| (room.id.name.clone(), room.members.len()))
            .collect()
    }
}

/// Returns the key of a room: its name without case.
fn key(name: &Name) -> String {
    name.folded().to_string()
}
