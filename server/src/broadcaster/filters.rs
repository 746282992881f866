//! Filters: what a member wants to receive, and from whom.

use std::collections::HashMap;

use super::Broadcaster;
use super::post::FilterChange;
use crate::connection::ConnectionId;
use crate::room::history::HistoryEntry;
use crate::room::id::SenderId;

type IgnoredBy = HashMap<SenderId, Vec<ConnectionId>>;

impl Broadcaster {
    /// Gives a member a new id as a sender. Members that ignore the previous id
    /// ignore the new one as well.
    pub(super) fn rename(&mut self, id: ConnectionId, sender_id: SenderId) {
        let Some(member) = self.connections.get_mut(&id) else {
            return;
        };
        let previous = member.sender_id.replace(sender_id);
        let ignoring = previous.and_then(|previous| self.ignored_by.get(&previous));
        for id in ignoring.cloned().unwrap_or_default() {
            self.set_filter(id, FilterChange::Ignore(sender_id));
        }
    }

    /// Returns the history of a member's room, without the senders that it ignores.
    pub(super) fn history_for(&self, id: ConnectionId) -> Vec<HistoryEntry> {
        let room = self.connections.get(&id);
        let room = room.and_then(|member| self.rooms.get(member.room));
        let mut entries = room.map(|room| room.history.snapshot()).unwrap_or_default();
        entries.retain(|entry| {
            let from = entry.from;
            !from.is_some_and(|from| is_ignoring(&self.ignored_by, id, from.id))
        });
        entries
    }

    /// Changes what a member receives.
    pub(super) fn set_filter(&mut self, id: ConnectionId, change: FilterChange) {
        let Some(member) = self.connections.get_mut(&id) else {
            return;
        };
        match change {
            FilterChange::Ignore(sender_id) if !member.ignored.contains(&sender_id) => {
                member.ignored.push(sender_id);
                self.ignored_by.entry(sender_id).or_default().push(id);
            }
            FilterChange::Ignore(_) => {}
            FilterChange::Unignore(sender_id) => {
                member.ignored.retain(|&other| other != sender_id);
                stop_ignoring(&mut self.ignored_by, id, sender_id);
            }
            FilterChange::HideJoinLeave => {
                member.hides_join_leave = true;
                if let Some(room) = self.room_of(id) {
                    room.hide_join_leave(id);
                }
            }
            FilterChange::ShowJoinLeave => {
                member.hides_join_leave = false;
                if let Some(room) = self.room_of(id) {
                    room.show_join_leave(id);
                }
            }
        }
    }
}

/// Returns `true` if the member `id` ignores `sender_id`.
pub(super) fn is_ignoring(ignored_by: &IgnoredBy, id: ConnectionId, sender_id: SenderId) -> bool {
    let ids = ignored_by.get(&sender_id);
    ids.is_some_and(|ids| ids.contains(&id))
}

/// Makes the member `id` receive from `sender_id` again.
pub(super) fn stop_ignoring(ignored_by: &mut IgnoredBy, id: ConnectionId, sender_id: SenderId) {
    if let Some(ids) = ignored_by.get_mut(&sender_id) {
        ids.retain(|&other| other != id);
        if ids.is_empty() {
            ignored_by.remove(&sender_id);
        }
    }
}
