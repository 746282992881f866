//! Profiles: what members have set for themselves, away and ignore.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Name;

use super::{LastSender, MemberProfile, MemberRef, Recipient, Registry, Tables};
use crate::connection::{Connection, MemberId};
use crate::limits;

/// The time in which a person may still be typing a reply to the previous sender.
const REPLY_SAFETY: Duration = Duration::from_secs(3);

/// The outcome of a request to ignore a member.
pub enum IgnoreOutcome {
    /// The member is ignored now. These have left, and are not ignored any more.
    Ignored {
        /// The member.
        id: MemberId,
        /// The members that have left.
        gone: Vec<MemberId>,
    },
    /// There is no member of that name.
    Missing,
    /// The list is full.
    ListFull,
}

/// The member to which a private reply goes.
pub enum ReplyTarget {
    /// This name is its present one.
    Present(Name),
    /// It had this name, and has left.
    Gone(Name),
    /// It has taken the place of another a moment ago, and has this name.
    JustChanged(Name),
    /// No private message has come.
    None,
}

impl Registry {
    /// Returns how the member `from` can reach each of `to`, and lets each reply to it. The
    /// reason for being away is left out if `from` ignores the member.
    pub fn find_recipients(&self, from: &MemberRef, to: &[Name]) -> Vec<Recipient> {
        let mut tables = self.lock();
        let Tables { members, names, .. } = &mut *tables;
        let sender = members.get(&from.name);
        let ignored = sender
            .map(|it| it.profile.ignored.clone())
            .unwrap_or_default();
        let reach = |to: &Name| match members.get_mut(to) {
            None => Recipient::Missing,
            Some(member) if member.connection.is_leaving() => Recipient::Missing,
            Some(member) => {
                let id = member.connection.member_id();
                let name = names.get(&id).unwrap_or(to).clone();
                if member.profile.ignores(from.id) {
                    return Recipient::Ignoring(name);
                }
                member.profile.record_private_from(from);
                let mut away = member.profile.away.clone();
                if ignored.iter().any(|it| it.id == id) {
                    away = away.map(|_why| String::new());
                }
                Recipient::Reachable(name, Arc::clone(&member.connection), away)
            }
        };
        to.iter().map(reach).collect()
    }

    /// Returns the member that sent the last private message to `name`. One that took the
    /// place of another a moment ago is returned as such, once: the member may be typing
    /// a reply to the other.
    pub fn reply_target(&self, name: &Name) -> ReplyTarget {
        let mut tables = self.lock();
        let Tables { members, names, .. } = &mut *tables;
        let member = members.get_mut(name);
        let Some(last) = member.and_then(|member| member.profile.last_private_from.as_mut()) else {
            return ReplyTarget::None;
        };
        let replaced_at = last.replaced_at.take();
        match names.get(&last.member.id) {
            None => ReplyTarget::Gone(last.member.name.clone()),
            Some(name) if replaced_at.is_some_and(|at| at.elapsed() < REPLY_SAFETY) => {
                ReplyTarget::JustChanged(name.clone())
            }
            Some(name) => ReplyTarget::Present(name.clone()),
        }
    }

    /// Returns the connection of a member, even if that is closing.
    pub fn connection_of(&self, id: MemberId) -> Option<Arc<Connection>> {
        let tables = self.lock();
        let member = tables.members.get(tables.names.get(&id)?)?;
        Some(Arc::clone(&member.connection))
    }

    /// Returns the present name and the connection of a member, unless it has left or
    /// is about to.
    pub fn present(&self, id: MemberId) -> Option<(Name, Arc<Connection>)> {
        let tables = self.lock();
        let name = tables.names.get(&id)?;
        let connection = &tables.members.get(name)?.connection;
        let is_present = !connection.is_leaving();
        is_present.then(|| (name.clone(), Arc::clone(connection)))
    }

    /// Mutes the member `name`, or lets it speak again. Returns its connection, and
    /// whether it was muted before.
    pub fn set_muted(&self, name: &Name, muted: bool) -> Option<(Arc<Connection>, bool)> {
        let tables = self.lock();
        let connection = &tables.members.get(name)?.connection;
        let was_muted = connection.flags.set_muted(muted);
        Some((Arc::clone(connection), was_muted))
    }

    /// Lets all members speak again.
    pub fn unmute_all(&self) {
        for member in self.lock().members.values() {
            member.connection.flags.set_muted(false);
        }
    }

    /// Sets a member away, or back with `None`. Returns `true` if it was away before.
    pub fn set_away(&self, name: &Name, away: Option<String>) -> bool {
        let mut tables = self.lock();
        let member = tables.members.get_mut(name);
        member.is_some_and(|member| std::mem::replace(&mut member.profile.away, away).is_some())
    }

    /// Returns the members that a member ignores.
    pub fn ignored_ids(&self, name: &Name) -> Vec<MemberId> {
        let tables = self.lock();
        let member = tables.members.get(name);
        let ignored = member.map(|member| member.profile.ignored.iter().map(|it| it.id));
        ignored.into_iter().flatten().collect()
    }

    /// Returns the members that a member ignores, under their present names, and how
    /// many of those that it ignores have left.
    pub fn ignored(&self, name: &Name) -> (Vec<Name>, usize) {
        let tables = self.lock();
        let Some(member) = tables.members.get(name) else {
            return (Vec::new(), 0);
        };
        let ignored = &member.profile.ignored;
        let present = ignored.iter().filter_map(|it| tables.names.get(&it.id));
        let present: Vec<Name> = present.cloned().collect();
        let gone = ignored.len() - present.len();
        (present, gone)
    }

    /// Makes the member `name` ignore the member `other`.
    pub fn ignore(&self, name: &Name, other: &Name) -> IgnoreOutcome {
        let mut tables = self.lock();
        let Some(id) = tables.id_of(other) else {
            return IgnoreOutcome::Missing;
        };
        let Tables { members, names, .. } = &mut *tables;
        let Some(member) = members.get_mut(name) else {
            return IgnoreOutcome::Missing;
        };
        let ignored = &mut member.profile.ignored;
        let mut gone = Vec::new();
        if ignored.len() >= limits::MAX_IGNORED {
            let left = ignored.extract_if(.., |it| !names.contains_key(&it.id));
            gone.extend(left.map(|it| it.id));
        }
        if ignored.iter().all(|it| it.id != id) {
            if ignored.len() >= limits::MAX_IGNORED {
                return IgnoreOutcome::ListFull;
            }
            let name = other.clone();
            ignored.push(MemberRef { id, name });
        }
        IgnoreOutcome::Ignored { id, gone }
    }

    /// Makes a member stop ignoring another, which is found by its present name or by
    /// the name that it had. Returns the other member; `None` if it was not ignored.
    pub fn unignore(&self, name: &Name, other: &Name) -> Option<MemberId> {
        let mut tables = self.lock();
        let present = tables.id_of(other);
        let ignored = &mut tables.members.get_mut(name)?.profile.ignored;
        let by_id = ignored.iter().position(|it| Some(it.id) == present);
        let by_name = || ignored.iter().position(|it| it.name == *other);
        let index = by_id.or_else(by_name)?;
        Some(ignored.remove(index).id)
    }
}

impl MemberProfile {
    fn record_private_from(&mut self, from: &MemberRef) {
        let previous = self.last_private_from.as_ref();
        let is_other = previous.is_some_and(|last| last.member.id != from.id);
        let before = previous.and_then(|last| last.replaced_at);
        self.last_private_from = Some(LastSender {
            member: from.clone(),
            replaced_at: if is_other {
                Some(Instant::now())
            } else {
                before
            },
        });
    }
}

impl Tables {
    fn id_of(&self, name: &Name) -> Option<MemberId> {
        Some(self.members.get(name)?.connection.member_id())
    }
}
