//! Registry: the members by name.
//!
//! It is locked to join, move, leave, look up and list. It is not locked for an
//! ordinary message.
//!
//! Writes: nothing to a socket.
//! Locks: its tables, in this folder only. No guard leaves it.
//! Blocks: on the lock; nothing is written, read or posted while it is held.

mod names;
mod profiles;
mod rooms;

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::Name;
use common::notice::Occupants;

pub use profiles::{IgnoreOutcome, ReplyTarget};
use rooms::RoomDirectory;
pub use rooms::{RoomChangeError, RoomChanged};

use crate::connection::host::Host;
use crate::connection::{Connection, MemberId};
use crate::limits;
use crate::recent::Recent;
use crate::room::id::SenderId;
use crate::sync::lock;

/// The members. A name has one holder at a time, even if several claim it at once.
pub struct Registry {
    tables: Mutex<Tables>,
    hasher: RandomState,
}

struct Tables {
    members: HashMap<Name, Member>,
    /// The present names of the members.
    names: HashMap<MemberId, Name>,
    /// Names given up a moment ago. No connection may have one before its room has
    /// received the notice.
    leaving: HashSet<Name>,
    rooms: RoomDirectory,
    /// When members that are here no more have left.
    left: Recent<Name, Instant>,
}

struct Member {
    connection: Arc<Connection>,
    profile: MemberProfile,
}

/// A reference to a member, which does not pass to a later holder of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRef {
    /// The member.
    pub id: MemberId,
    /// The name that it had.
    pub name: Name,
}

/// The member that sent the last private message.
#[derive(Clone, Debug)]
struct LastSender {
    member: MemberRef,
    /// When it took the place of another, of which the member does not know yet.
    replaced_at: Option<Instant>,
}

/// The room and the choices of a member.
#[derive(Clone)]
pub struct MemberProfile {
    room: Name,
    /// The reason for being away, which may be empty.
    away: Option<String>,
    ignored: Vec<MemberRef>,
    /// The member that sent the last private message.
    last_private_from: Option<LastSender>,
}

/// The error for a name that has a holder: this one, unless it is just given up. There is
/// none either if the connection cannot be that of the member, because it was another's.
pub struct NameTaken(pub Option<Arc<Connection>>);

/// A member as others may know it.
#[derive(Clone)]
pub struct MemberInfo {
    /// The name.
    pub name: Name,
    /// The connection.
    pub connection: Arc<Connection>,
    /// The room that the member is in.
    pub room: Name,
    /// The reason for being away; `None` if it is not.
    pub away: Option<String>,
}

/// The answer to `/whois`.
pub enum Whois {
    /// A member has the name.
    Present(MemberInfo),
    /// A member had the name, and left this long ago.
    Departed(Duration),
    /// No member had the name lately.
    Unknown,
}

/// The recipient of a private message, with its name as the member itself writes it.
pub enum Recipient {
    /// Reachable through this connection; away for this reason.
    Reachable(Name, Arc<Connection>, Option<String>),
    /// Ignores the sender.
    Ignoring(Name),
    /// Not in the chat.
    Missing,
}

impl Registry {
    /// Makes an empty registry, for at most `max_rooms` rooms.
    pub fn new(max_rooms: usize) -> Registry {
        Registry {
            tables: Mutex::new(Tables {
                members: HashMap::new(),
                names: HashMap::new(),
                leaving: HashSet::new(),
                rooms: RoomDirectory::new(max_rooms),
                left: Recent::new(limits::MAX_LEFT),
            }),
            hasher: RandomState::new(),
        }
    }

    /// Returns the number that stands for a name at a host where names are not known.
    pub fn sender_id(&self, name: &Name, host: Host) -> SenderId {
        SenderId(self.hasher.hash_one((name, host)))
    }

    /// Moves a member to another room.
    ///
    /// # Errors
    ///
    /// When it cannot go there, see [`RoomChangeError`].
    pub fn change_room(&self, name: &Name, room: &Name) -> Result<RoomChanged, RoomChangeError> {
        let mut tables = self.lock();
        let member = tables
            .members
            .get(name)
            .ok_or(RoomChangeError::AlreadyThere)?;
        let (from, id) = (member.profile.room.clone(), member.connection.member_id());
        let (from, to) = tables.rooms.change_room(id, name, &from, room)?;
        let mut others = tables.occupants(&to.name);
        others.remove(name);
        if let Some(member) = tables.members.get_mut(name) {
            member.profile.room = to.name.clone();
        }
        Ok(RoomChanged { from, to, others })
    }

    /// Returns the connection of `name`.
    pub fn find_connection(&self, name: &Name) -> Option<Arc<Connection>> {
        self.lock()
            .members
            .get(name)
            .map(|member| Arc::clone(&member.connection))
    }

    /// Returns what is known of `name`. If `reader` ignores that member, its reason for
    /// being away is left out.
    pub fn whois(&self, reader: &Name, name: &Name) -> Whois {
        let tables = self.lock();
        let reader = tables.members.get(reader).map(|member| &member.profile);
        match (tables.members.get_key_value(name), tables.left.get(name)) {
            (Some((name, member)), _) => Whois::Present(member.info_for(reader, name)),
            (None, Some(gone)) => Whois::Departed(gone.elapsed()),
            (None, None) => Whois::Unknown,
        }
    }

    /// Returns at most `max` members, and the number of all. The room of `name` comes
    /// first, and each room is in the order of joining. The reasons of members that `name`
    /// ignores are left out.
    pub fn list_members(&self, name: Option<&Name>, max: usize) -> (Vec<MemberInfo>, usize) {
        let tables = self.lock();
        let reader = name.and_then(|name| tables.members.get(name));
        let reader = reader.map(|member| &member.profile);
        let names = tables.rooms.members(reader.map(|it| &it.room)).take(max);
        let info = names.filter_map(|name| Some(tables.members.get(name)?.info_for(reader, name)));
        (info.collect(), tables.members.len())
    }

    /// Returns all rooms that are not empty, with their number of members.
    pub fn rooms(&self) -> Vec<(Name, usize)> {
        self.lock().rooms.list()
    }

    /// Returns the room of that name, if there is one.
    pub fn room_id(&self, room: &Name) -> Option<crate::room::id::RoomRef> {
        self.lock().rooms.room_id(room)
    }

    /// Runs `action` while the tables are locked.
    #[cfg(test)]
    pub fn while_locked(&self, action: impl FnOnce()) {
        let _guard = self.lock();
        action();
    }

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

    /// Returns the members in `room`. A member that is about to leave keeps its name
    /// until all have received the notice, but is not listed.
    fn occupants(&self, room: &Name) -> Occupants {
        let mut occupants = self.rooms.occupants(room);
        let staying = |name: &Name| {
            let member = self.members.get(name);
            member.is_some_and(|member| !member.connection.is_leaving())
        };
        if !occupants.listed.is_empty() {
            occupants.listed.retain(staying);
            occupants.count = occupants.listed.len();
        }
        occupants
    }

    fn record_departure(&mut self, name: &Name) {
        self.left.insert(name.clone(), Instant::now());
    }
}

impl MemberProfile {
    fn ignores(&self, id: MemberId) -> bool {
        self.ignored.iter().any(|ignored| ignored.id == id)
    }
}

impl Member {
    /// Returns the same without the reason for being away, if `reader` ignores this member.
    fn info_for(&self, reader: Option<&MemberProfile>, name: &Name) -> MemberInfo {
        let mut info = self.info(name);
        if reader.is_some_and(|it| it.ignores(self.connection.member_id())) {
            info.away = info.away.map(|_why| String::new());
        }
        info
    }

    fn info(&self, name: &Name) -> MemberInfo {
        MemberInfo {
            name: name.clone(),
            connection: Arc::clone(&self.connection),
            room: self.profile.room.clone(),
            away: self.profile.away.clone(),
        }
    }
}
