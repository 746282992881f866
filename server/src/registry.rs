//! Who is here: the members by name.
//!
//! Locked to join, leave, look up and list; never on the way of an ordinary
//! message, and never while something is written, read or posted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::Name;
use common::notice::MOST_LISTED;

use crate::link::Link;

/// The members. A name has one holder at a time, however many want it at once.
#[derive(Default)]
pub struct Registry {
    members: Mutex<HashMap<Name, Arc<Link>>>,
}

/// The name has a holder already.
pub struct Taken;

/// Who was there before somebody came in.
pub struct Others {
    /// How many.
    pub count: usize,
    /// Who, where they are few enough to be listed.
    pub listed: Vec<Name>,
}

impl Registry {
    /// Makes `name` belong to `link`, and says who is there already.
    ///
    /// # Errors
    ///
    /// When somebody holds the name, in whatever case.
    pub fn claim(&self, name: &Name, link: &Arc<Link>) -> Result<Others, Taken> {
        let mut members = self.lock();
        if members.contains_key(name) {
            return Err(Taken);
        }
        let others = others(&members);
        members.insert(name.clone(), Arc::clone(link));
        Ok(others)
    }

    /// Frees `name`.
    pub fn release(&self, name: &Name) {
        self.lock().remove(name);
    }

    /// The connection of `name`.
    pub fn find(&self, name: &Name) -> Option<Arc<Link>> {
        self.lock().get(name).cloned()
    }

    /// Everybody, in the order in which they came.
    pub fn list(&self) -> Vec<(Name, Arc<Link>)> {
        let members = self.lock();
        let all = members
            .iter()
            .map(|(name, link)| (name.clone(), Arc::clone(link)));
        let mut all: Vec<_> = all.collect();
        drop(members);
        all.sort_by_key(|(_, link)| link.id);
        all
    }

    /// Panics with the lock held, see [`crate::fault`].
    #[cfg(test)]
    pub fn panic_locked(&self) {
        let _guard = self.lock();
        panic!("as asked, with the registry locked");
    }

    /// A session that panicked while it held the lock has left the map whole:
    /// each change is a single call. So the poison can be ignored.
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Arc<Link>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn others(members: &HashMap<Name, Arc<Link>>) -> Others {
    if members.len() > MOST_LISTED {
        return Others {
            count: members.len(),
            listed: Vec::new(),
        };
    }
    // Who is about to leave keeps the name until everybody has been told.
    let staying = members.iter().filter(|(_, link)| link.ending().is_none());
    let listed: Vec<Name> = staying.map(|(name, _)| name.clone()).collect();
    Others {
        count: listed.len(),
        listed,
    }
}
