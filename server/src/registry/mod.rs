//! Who is here: the members by name, and what they have told about themselves.
//!
//! Locked to join, move, leave, look up and list; never on the way of an
//! ordinary message, and never while something is written, read or posted.

mod rooms;
mod told;

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Name;
use common::notice::Occupants;

use rooms::Rooms;
pub use rooms::{HALL, LOBBY_NUMBER, Moved, NoMove, hall, lobby};

use crate::history::Voice;
use crate::limits;
use crate::link::Link;

/// The members. A name has one holder at a time, however many want it at once.
pub struct Registry {
    people: Mutex<People>,
    hasher: RandomState,
}

struct People {
    members: HashMap<Name, Member>,
    /// Names given up a moment ago: nobody may have one before the room has
    /// heard of it.
    leaving: HashSet<Name>,
    rooms: Rooms,
    /// When those who are gone were last here.
    gone: HashMap<Name, Instant>,
}

struct Member {
    link: Arc<Link>,
    room: Name,
    /// The reason, which may be empty.
    away: Option<String>,
    ignored: Vec<Name>,
    /// Who wrote last in private.
    wrote: Option<Name>,
}

/// The name has a holder already: this one, unless it is just being given up.
pub struct Taken(pub Option<Arc<Link>>);

/// A member as others may know it.
#[derive(Clone)]
pub struct Seen {
    /// Who.
    pub name: Name,
    /// Its connection.
    pub link: Arc<Link>,
    /// Where.
    pub room: Name,
    /// Why it is away, if it is.
    pub away: Option<String>,
}

/// What is known of a name.
pub enum Whois {
    /// It is here.
    Here(Seen),
    /// It was here, so long ago.
    Gone(Duration),
    /// Nothing.
    Unknown,
}

/// How a member can be reached in private.
pub enum Reach {
    /// Through this connection; away for this reason.
    Here(Arc<Link>, Option<String>),
    /// It does not want to hear from the sender.
    Deaf,
    /// It is not here.
    Missing,
}

impl Registry {
    /// An empty registry, for at most `rooms` rooms.
    pub fn new(rooms: usize) -> Registry {
        Registry {
            people: Mutex::new(People {
                members: HashMap::new(),
                leaving: HashSet::new(),
                rooms: Rooms::new(rooms),
                gone: HashMap::new(),
            }),
            hasher: RandomState::new(),
        }
    }

    /// The number that stands for a name where names are not known.
    pub fn voice(&self, name: &Name) -> Voice {
        Voice(self.hasher.hash_one(name))
    }

    /// Makes `name` belong to `link`, in the lobby, and says who is there.
    ///
    /// # Errors
    ///
    /// When somebody holds the name, in whatever case.
    pub fn claim(&self, name: &Name, link: &Arc<Link>) -> Result<Occupants, Taken> {
        let mut people = self.lock();
        people.must_be_free(name)?;
        let room = lobby().name;
        let company = people.company(&room);
        people.rooms.add(&room, link.id, name);
        people.gone.remove(name);
        let member = Member {
            link: Arc::clone(link),
            room,
            away: None,
            ignored: Vec::new(),
            wrote: None,
        };
        people.members.insert(name.clone(), member);
        Ok(company)
    }

    /// Frees `name`, which its holder gives up or leaves with.
    pub fn release(&self, name: &Name) {
        let mut people = self.lock();
        people.leaving.remove(name);
        if let Some(member) = people.members.remove(name) {
            people.rooms.remove(&member.room, member.link.id);
            people.note_gone(name);
        }
    }

    /// Gives the holder of `old` the name `new`. Until [`Registry::free`],
    /// nobody else can have the old one.
    ///
    /// # Errors
    ///
    /// When somebody else holds the new name.
    pub fn rename(&self, old: &Name, new: &Name) -> Result<(), Taken> {
        let mut people = self.lock();
        if old != new {
            people.must_be_free(new)?;
            people.leaving.insert(old.clone());
        }
        if let Some(member) = people.members.remove(old) {
            people.rooms.add(&member.room, member.link.id, new);
            people.members.insert(new.clone(), member);
        }
        // Who does not want to hear somebody is not to hear them as another.
        for member in people.members.values_mut() {
            if member.ignored.contains(old) && !member.ignored.contains(new) {
                member.ignored.push(new.clone());
            }
        }
        Ok(())
    }

    /// Lets others have a name that was given up.
    pub fn free(&self, old: &Name) {
        self.lock().leaving.remove(old);
    }

    /// Has a member change its room.
    ///
    /// # Errors
    ///
    /// When it cannot go there, see [`NoMove`].
    pub fn enter(&self, name: &Name, room: &Name) -> Result<Moved, NoMove> {
        let mut people = self.lock();
        let member = people.members.get(name).ok_or(NoMove::There)?;
        let (from, id) = (member.room.clone(), member.link.id);
        let (from, to) = people.rooms.shift(id, name, &from, room)?;
        let mut others = people.company(&to.name);
        others.count = others.count.saturating_sub(1);
        others.listed.retain(|other| other != name);
        if let Some(member) = people.members.get_mut(name) {
            member.room = to.name.clone();
        }
        Ok(Moved { from, to, others })
    }

    /// The connection of `name`.
    pub fn find(&self, name: &Name) -> Option<Arc<Link>> {
        self.lock()
            .members
            .get(name)
            .map(|member| Arc::clone(&member.link))
    }

    /// What is known of `name`.
    pub fn whois(&self, name: &Name) -> Whois {
        let people = self.lock();
        match (people.members.get_key_value(name), people.gone.get(name)) {
            (Some((name, member)), _) => Whois::Here(member.seen(name)),
            (None, Some(gone)) => Whois::Gone(gone.elapsed()),
            (None, None) => Whois::Unknown,
        }
    }

    /// At most `most` members, those in the room of `name` first, each room in
    /// the order in which they came; and how many there are in all.
    pub fn around(&self, name: Option<&Name>, most: usize) -> (Vec<Seen>, usize) {
        let people = self.lock();
        let own = name
            .and_then(|name| people.members.get(name))
            .map(|member| &member.room);
        let names = people.rooms.members(own).take(most);
        let seen = names.filter_map(|name| Some(people.members.get(name)?.seen(name)));
        (seen.collect(), people.members.len())
    }

    /// All rooms that are not empty, and how many are in each.
    pub fn rooms(&self) -> Vec<(Name, usize)> {
        self.lock().rooms.list()
    }

    /// The room of that name, if anybody is there.
    pub fn place(&self, room: &Name) -> Option<crate::post::Place> {
        self.lock().rooms.place(room)
    }

    /// Panics with the lock held, see [`crate::fault`].
    #[cfg(test)]
    pub fn panic_locked(&self) {
        let _guard = self.lock();
        panic!("as asked, with the registry locked");
    }

    /// A session that panicked while it held the lock has left the maps usable:
    /// nothing between two changes to them can panic. So the poison is ignored.
    fn lock(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    fn must_be_free(&self, name: &Name) -> Result<(), Taken> {
        match self.members.get(name) {
            Some(member) => Err(Taken(Some(Arc::clone(&member.link)))),
            None if self.leaving.contains(name) => Err(Taken(None)),
            None => Ok(()),
        }
    }

    /// Who is in `room`. Who is about to leave keeps the name until everybody
    /// has been told, but is not worth naming.
    fn company(&self, room: &Name) -> Occupants {
        let mut company = self.rooms.company(room);
        let staying = |name: &Name| {
            let member = self.members.get(name);
            member.is_some_and(|member| member.link.ending().is_none())
        };
        if !company.listed.is_empty() {
            company.listed.retain(staying);
            company.count = company.listed.len();
        }
        company
    }

    fn note_gone(&mut self, name: &Name) {
        let now = Instant::now();
        if self.gone.len() >= limits::DEPARTED {
            self.gone.retain(|_, at| now - *at < limits::RETURN);
        }
        if self.gone.len() < limits::DEPARTED {
            self.gone.insert(name.clone(), now);
        }
    }
}

impl Member {
    fn seen(&self, name: &Name) -> Seen {
        Seen {
            name: name.clone(),
            link: Arc::clone(&self.link),
            room: self.room.clone(),
            away: self.away.clone(),
        }
    }
}
