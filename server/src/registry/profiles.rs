//! Profiles: what members have set for themselves, away and ignore.

use std::sync::Arc;

use common::Name;

use super::{Recipient, Registry};
use crate::limits;

impl Registry {
    /// Returns how `from` can reach each of `to`, and lets each reply to it.
    pub fn find_recipients(&self, from: &Name, to: &[Name]) -> Vec<Recipient> {
        let mut tables = self.lock();
        let reach = |to: &Name| match tables.members.get_mut(to) {
            Some(member) if member.connection.lifecycle.close_cause().is_some() => {
                Recipient::Missing
            }
            None => Recipient::Missing,
            Some(member) if member.profile.ignored.contains(from) => Recipient::Ignoring,
            Some(member) => {
                member.profile.last_private_from = Some(from.clone());
                Recipient::Reachable(Arc::clone(&member.connection), member.profile.away.clone())
            }
        };
        to.iter().map(reach).collect()
    }

    /// Returns the member that sent the last private message to `name`.
    pub fn last_private_from(&self, name: &Name) -> Option<Name> {
        self.lock()
            .members
            .get(name)?
            .profile
            .last_private_from
            .clone()
    }

    /// Sets a member away, or back with `None`. Returns `true` if it was away before.
    pub fn set_away(&self, name: &Name, away: Option<String>) -> bool {
        let mut tables = self.lock();
        let member = tables.members.get_mut(name);
        member.is_some_and(|member| std::mem::replace(&mut member.profile.away, away).is_some())
    }

    /// Returns the names that a member ignores.
    pub fn ignored(&self, name: &Name) -> Vec<Name> {
        let tables = self.lock();
        tables
            .members
            .get(name)
            .map(|member| member.profile.ignored.clone())
            .unwrap_or_default()
    }

    /// Makes a member ignore another. Returns `false` if its list is full.
    pub fn ignore(&self, name: &Name, other: &Name) -> bool {
        let mut tables = self.lock();
        let Some(member) = tables.members.get_mut(name) else {
            return false;
        };
        let has_room = member.profile.ignored.len() < limits::MAX_IGNORED;
        if has_room && !member.profile.ignored.contains(other) {
            member.profile.ignored.push(other.clone());
        }
        has_room
    }

    /// Makes a member stop ignoring another. Returns `false` if it did not ignore the other.
    pub fn unignore(&self, name: &Name, other: &Name) -> bool {
        let mut tables = self.lock();
        let Some(member) = tables.members.get_mut(name) else {
            return false;
        };
        let before = member.profile.ignored.len();
        member.profile.ignored.retain(|ignored| ignored != other);
        member.profile.ignored.len() < before
    }
}
