//! Which rooms there are, and who is in each.
//!
//! A room is there as long as somebody is in it. Its number is never used again,
//! so that a room of the same name later is another one.

use std::collections::BTreeMap;

use common::notice::{MAX_LISTED, Occupants};
use common::{LOBBY, Name};

use crate::link::Id;
use crate::post::Place;

/// The rooms by name.
pub struct Rooms {
    rooms: BTreeMap<String, Room>,
    next: u64,
    most: usize,
}

struct Room {
    place: Place,
    members: BTreeMap<Id, Name>,
}

/// The number of the hall, where connections are that have no name yet. Nothing
/// is said there.
pub const HALL: u64 = 0;

/// The number of the lobby.
pub const LOBBY_NUMBER: u64 = 1;

/// Where connections are that have no name yet.
pub fn hall() -> Place {
    place(HALL, "hall")
}

/// Where everybody starts.
pub fn lobby() -> Place {
    place(LOBBY_NUMBER, LOBBY)
}

fn place(number: u64, name: &'static str) -> Place {
    let name = Name::from_static(name);
    Place { number, name }
}

/// What became of going to another room.
pub struct Moved {
    /// Where it was.
    pub from: Place,
    /// Where it is now.
    pub to: Place,
    /// Who was there before.
    pub others: Occupants,
}

/// Why somebody cannot go to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMove {
    /// It is there already.
    There,
    /// There are too many rooms; so many.
    Many(usize),
}

impl Rooms {
    /// Only the lobby; at most `most` in all.
    pub fn new(most: usize) -> Rooms {
        let mut rooms = Rooms {
            rooms: BTreeMap::new(),
            next: LOBBY_NUMBER + 1,
            most,
        };
        let place = lobby();
        let members = BTreeMap::new();
        rooms
            .rooms
            .insert(key(&place.name), Room { place, members });
        rooms
    }

    /// Puts a member, or its new name, into a room.
    pub fn add(&mut self, room: &Name, id: Id, name: &Name) {
        if let Some(room) = self.rooms.get_mut(&key(room)) {
            room.members.insert(id, name.clone());
        }
    }

    /// Takes a member out of a room, which is gone if that was the last.
    pub fn remove(&mut self, room: &Name, id: Id) {
        if let Some(found) = self.rooms.get_mut(&key(room)) {
            found.members.remove(&id);
            if found.members.is_empty() && found.place.number != LOBBY_NUMBER {
                self.rooms.remove(&key(room));
            }
        }
    }

    /// Moves a member, and says from where to where.
    pub fn shift(
        &mut self,
        id: Id,
        name: &Name,
        from: &Name,
        to: &Name,
    ) -> Result<(Place, Place), NoMove> {
        if from == to {
            return Err(NoMove::There);
        }
        let from_place = self.place(from).ok_or(NoMove::There)?;
        if self.place(to).is_none() {
            // Who is alone in a room makes place for the next by leaving it.
            let alone = self
                .rooms
                .get(&key(from))
                .is_some_and(|room| room.members.len() == 1);
            let freed = usize::from(alone && from_place.number != LOBBY_NUMBER);
            if self.rooms.len() - freed >= self.most {
                return Err(NoMove::Many(self.most));
            }
            let place = Place {
                number: self.next,
                name: to.clone(),
            };
            self.next += 1;
            let members = BTreeMap::new();
            self.rooms.insert(key(to), Room { place, members });
        }
        self.remove(from, id);
        self.add(to, id, name);
        let to = self.place(to).ok_or(NoMove::There)?;
        Ok((from_place, to))
    }

    /// The room of that name.
    pub fn place(&self, room: &Name) -> Option<Place> {
        self.rooms.get(&key(room)).map(|room| room.place.clone())
    }

    /// Who is in a room, or how many.
    pub fn company(&self, room: &Name) -> Occupants {
        let Some(room) = self.rooms.get(&key(room)) else {
            return Occupants::default();
        };
        let count = room.members.len();
        let listed = match count <= MAX_LISTED {
            true => room.members.values().cloned().collect(),
            false => Vec::new(),
        };
        Occupants { count, listed }
    }

    /// All members, those of `first` first.
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

    /// All rooms where somebody is, and how many, by name.
    pub fn list(&self) -> Vec<(Name, usize)> {
        let rooms = self.rooms.values().filter(|room| !room.members.is_empty());
        rooms
            .map(|room| (room.place.name.clone(), room.members.len()))
            .collect()
    }
}

/// By what rooms are kept: their name without case.
fn key(name: &Name) -> String {
    name.folded().to_string()
}
