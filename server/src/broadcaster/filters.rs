//! Filters: what a member wants to receive, and from whom.

use super::Broadcaster;
use super::post::FilterChange;
use crate::connection::MemberId;
use crate::room::history::HistoryEntry;

impl Broadcaster {
    /// Returns the history of a member's room, without the senders that it ignores.
    pub(super) fn history_for(&self, id: MemberId) -> Vec<HistoryEntry> {
        let room = self.members.get(&id);
        let room = room.and_then(|member| self.rooms.get(member.room));
        let mut entries = room.map(|room| room.history.snapshot()).unwrap_or_default();
        entries.retain(|entry| {
            let from = entry.from;
            !from.is_some_and(|from| self.ignored_by.contains(id, from.member))
        });
        entries
    }

    /// Changes what a member receives.
    pub(super) fn set_filter(&mut self, id: MemberId, change: FilterChange) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match change {
            FilterChange::Ignore(other) if !member.ignored.contains(&other) => {
                member.ignored.push(other);
                self.ignored_by.add(id, other);
            }
            FilterChange::Ignore(_) => {}
            FilterChange::Unignore(other) => {
                member.ignored.retain(|&ignored| ignored != other);
                self.ignored_by.remove(id, other);
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
