//! Filters: what a member wants to receive, and from whom.

use std::collections::HashMap;

use super::Broadcaster;
use super::post::FilterChange;
use crate::connection::MemberId;
use crate::room::history::HistoryEntry;

/// The members that ignore a member, by that member.
pub(super) type IgnoredBy = HashMap<MemberId, Vec<MemberId>>;

impl Broadcaster {
    /// Returns the history of a member's room, without the senders that it ignores.
    pub(super) fn history_for(&self, id: MemberId) -> Vec<HistoryEntry> {
        let room = self.connections.get(&id);
        let room = room.and_then(|member| self.rooms.get(member.room));
        let mut entries = room.map(|room| room.history.snapshot()).unwrap_or_default();
        entries.retain(|entry| {
            let from = entry.from;
            !from.is_some_and(|from| is_ignoring(&self.ignored_by, id, from.member))
        });
        entries
    }

    /// Changes what a member receives.
    pub(super) fn set_filter(&mut self, id: MemberId, change: FilterChange) {
        let Some(member) = self.connections.get_mut(&id) else {
            return;
        };
        match change {
            FilterChange::Ignore(other) if !member.ignored.contains(&other) => {
                member.ignored.push(other);
                self.ignored_by.entry(other).or_default().push(id);
            }
            FilterChange::Ignore(_) => {}
            FilterChange::Unignore(other) => {
                member.ignored.retain(|&ignored| ignored != other);
                stop_ignoring(&mut self.ignored_by, id, other);
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

/// Returns the members that ignore `other`.
pub(super) fn ignoring(ignored_by: &IgnoredBy, other: MemberId) -> &[MemberId] {
    ignored_by.get(&other).map_or(&[], Vec::as_slice)
}

/// Returns `true` if the member `id` ignores `other`.
pub(super) fn is_ignoring(ignored_by: &IgnoredBy, id: MemberId, other: MemberId) -> bool {
    ignoring(ignored_by, other).contains(&id)
}

/// Makes the member `id` receive from `other` again.
pub(super) fn stop_ignoring(ignored_by: &mut IgnoredBy, id: MemberId, other: MemberId) {
    if let Some(ids) = ignored_by.get_mut(&other) {
        ids.retain(|&other| other != id);
        if ids.is_empty() {
            ignored_by.remove(&other);
        }
    }
}
