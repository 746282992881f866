//! Who is here: the members by name, and what they have told about themselves.
//!
//! Locked to join, move, leave, look up and list; never on the way of an
//! ordinary message, and never while something is written, read or posted.

mod profiles;
mod rooms;

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::Name;
use common::notice::Occupants;

use rooms::RoomDirectory;
pub use rooms::{RoomChangeError, RoomChanged};

use crate::connection::Connection;
use crate::limits;
use crate::room::id::RoomId;
use crate::room::id::SenderId;
use crate::sync::lock;

/// The members. A name has one holder at a time, however many want it at once.
pub struct Registry {
    tables: Mutex<Tables>,
    hasher: RandomState,
}

struct Tables {
    members: HashMap<Name, Member>,
    /// Names given up a moment ago: nobody may have one before the room has
    /// heard of it.
    leaving: HashSet<Name>,
    rooms: RoomDirectory,
    /// When those who are gone were last here.
    departed: HashMap<Name, Instant>,
}

struct Member {
    connection: Arc<Connection>,
    room: Name,
    /// The reason, which may be empty.
    away: Option<String>,
    ignored: Vec<Name>,
    /// Who wrote last in private.
    last_private_from: Option<Name>,
}

/// The name has a holder already: this one, unless it is just being given up.
pub struct NameTaken(pub Option<Arc<Connection>>);

/// A member as others may know it.
#[derive(Clone)]
pub struct MemberInfo {
    /// Who.
    pub name: Name,
    /// Its connection.
    pub connection: Arc<Connection>,
    /// Where.
    pub room: Name,
    /// Why it is away, if it is.
    pub away: Option<String>,
}

/// What is known of a name.
pub enum Whois {
    /// It is here.
    Present(MemberInfo),
    /// It was here, so long ago.
    Departed(Duration),
    /// Nothing.
    Unknown,
}

/// How a member can be reached in private.
pub enum Recipient {
    /// Through this connection; away for this reason.
    Reachable(Arc<Connection>, Option<String>),
    /// It does not want to hear from the sender.
    Ignoring,
    /// It is not here.
    Missing,
}

impl Registry {
    /// An empty registry, for at most `rooms` rooms.
    pub fn new(rooms: usize) -> Registry {
        Registry {
            tables: Mutex::new(Tables {
                members: HashMap::new(),
                leaving: HashSet::new(),
                rooms: RoomDirectory::new(rooms),
                departed: HashMap::new(),
            }),
            hasher: RandomState::new(),
        }
    }

    /// The number that stands for a name where names are not known.
    pub fn sender_id(&self, name: &Name) -> SenderId {
        SenderId(self.hasher.hash_one(name))
    }

    /// Makes `name` belong to `connection`, in the lobby, and says who is there.
    ///
    /// # Errors
    ///
    /// When somebody holds the name, in whatever case.
    pub fn claim(&self, name: &Name, connection: &Arc<Connection>) -> Result<Occupants, NameTaken> {
        let mut tables = self.lock();
        tables.check_free(name)?;
        let room = RoomId::lobby().name;
        let occupants = tables.occupants(&room);
        tables.rooms.add(&room, connection.id, name);
        tables.departed.remove(name);
        let member = Member {
            connection: Arc::clone(connection),
            room,
            away: None,
            ignored: Vec::new(),
            last_private_from: None,
        };
        tables.members.insert(name.clone(), member);
        Ok(occupants)
    }

    /// Frees `name`, which its holder gives up or leaves with.
    pub fn release(&self, name: &Name) {
        let mut tables = self.lock();
        tables.leaving.remove(name);
        if let Some(member) = tables.members.remove(name) {
            tables.rooms.remove(&member.room, member.connection.id);
            tables.record_departure(name);
        }
    }

    /// Gives the holder of `old` the name `new`. Until [`Registry::free`],
    /// nobody else can have the old one.
    ///
    /// # Errors
    ///
    /// When somebody else holds the new name.
    pub fn rename(&self, old: &Name, new: &Name) -> Result<(), NameTaken> {
        let mut tables = self.lock();
        if old != new {
            tables.check_free(new)?;
            tables.leaving.insert(old.clone());
        }
        if let Some(member) = tables.members.remove(old) {
            tables.rooms.add(&member.room, member.connection.id, new);
            tables.members.insert(new.clone(), member);
        }
        // Who does not want to hear somebody is not to hear them as another.
        for member in tables.members.values_mut() {
            if member.ignored.contains(old) && !member.ignored.contains(new) {
                member.ignored.push(new.clone());
            }
        }
        Ok(())
    }

    /// Lets others have a name that was given up.
    pub fn release_old_name(&self, old: &Name) {
        self.lock().leaving.remove(old);
    }

    /// Has a member change its room.
    ///
    /// # Errors
    ///
    /// When it cannot go there, see [`NoMove`].
    pub fn change_room(&self, name: &Name, room: &Name) -> Result<RoomChanged, RoomChangeError> {
        let mut tables = self.lock();
        let member = tables
            .members
            .get(name)
            .ok_or(RoomChangeError::AlreadyThere)?;
        let (from, id) = (member.room.clone(), member.connection.id);
        let (from, to) = tables.rooms.change_room(id, name, &from, room)?;
        let mut others = tables.occupants(&to.name);
        others.count = others.count.saturating_sub(1);
        others.listed.retain(|other| other != name);
        if let Some(member) = tables.members.get_mut(name) {
            member.room = to.name.clone();
        }
        Ok(RoomChanged { from, to, others })
    }

    /// The connection of `name`.
    pub fn find_connection(&self, name: &Name) -> Option<Arc<Connection>> {
        self.lock()
            .members
            .get(name)
            .map(|member| Arc::clone(&member.connection))
    }

    /// What is known of `name`.
    pub fn whois(&self, name: &Name) -> Whois {
        let tables = self.lock();
        match (
            tables.members.get_key_value(name),
            tables.departed.get(name),
        ) {
            (Some((name, member)), _) => Whois::Present(member.info(name)),
            (None, Some(gone)) => Whois::Departed(gone.elapsed()),
            (None, None) => Whois::Unknown,
        }
    }

    /// At most `most` members, those in the room of `name` first, each room in
    /// the order in which they came; and how many there are in all.
    pub fn list_members(&self, name: Option<&Name>, max: usize) -> (Vec<MemberInfo>, usize) {
        let tables = self.lock();
        let own = name
            .and_then(|name| tables.members.get(name))
            .map(|member| &member.room);
        let names = tables.rooms.members(own).take(max);
        let info = names.filter_map(|name| Some(tables.members.get(name)?.info(name)));
        (info.collect(), tables.members.len())
    }

    /// All rooms that are not empty, and how many are in each.
    pub fn rooms(&self) -> Vec<(Name, usize)> {
        self.lock().rooms.list()
    }

    /// The room of that name, if anybody is there.
    pub fn room_id(&self, room: &Name) -> Option<crate::room::id::RoomId> {
        self.lock().rooms.room_id(room)
    }

    /// Panics with the lock held, see [`crate::session::test_panic`].
    #[cfg(test)]
    pub fn panic_locked(&self) {
        let _guard = self.lock();
        panic!("as asked, with the registry locked");
    }

    /// A session that panicked while it held the lock has left the maps usable:
    /// nothing between two changes to them can panic. So the poison is ignored.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        lock(&self.tables)
    }
}

impl Tables {
    fn check_free(&self, name: &Name) -> Result<(), NameTaken> {
        match self.members.get(name) {
            Some(member) => Err(NameTaken(Some(Arc::clone(&member.connection)))),
            None if self.leaving.contains(name) => Err(NameTaken(None)),
            None => Ok(()),
        }
    }

    /// Who is in `room`. Who is about to leave keeps the name until everybody
    /// has been told, but is not worth naming.
    fn occupants(&self, room: &Name) -> Occupants {
        let mut occupants = self.rooms.occupants(room);
        let staying = |name: &Name| {
            let member = self.members.get(name);
            member.is_some_and(|member| member.connection.lifecycle.close_cause().is_none())
        };
        if !occupants.listed.is_empty() {
            occupants.listed.retain(staying);
            occupants.count = occupants.listed.len();
        }
        occupants
    }

    fn record_departure(&mut self, name: &Name) {
        let now = Instant::now();
        if self.departed.len() >= limits::MAX_DEPARTED {
            self.departed
                .retain(|_, at| now - *at < limits::RETURN_WINDOW);
        }
        if self.departed.len() < limits::MAX_DEPARTED {
            self.departed.insert(name.clone(), now);
        }
    }
}

impl Member {
    fn info(&self, name: &Name) -> MemberInfo {
        MemberInfo {
            name: name.clone(),
            connection: Arc::clone(&self.connection),
            room: self.room.clone(),
            away: self.away.clone(),
        }
    }
}
