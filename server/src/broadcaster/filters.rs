//! Who wants to hear whom, and what was said before.

use std::collections::HashMap;

use super::Broadcaster;
use crate::broadcaster::post::FilterChange;
use crate::connection::ConnectionId;
use crate::room::Room;
use crate::room::history::HistoryEntry;
use crate::room::id::SenderId;

impl Broadcaster {
    pub(super) fn rename(&mut self, id: ConnectionId, sender_id: SenderId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let old = member.sender_id.replace(sender_id);
        let deaf = old.and_then(|old| self.ignored_by.get(&old)).cloned();
        for id in deaf.unwrap_or_default() {
            self.set_filter(id, FilterChange::Ignore(sender_id));
        }
    }

    pub(super) fn read_history(&mut self, id: ConnectionId) -> Vec<HistoryEntry> {
        let Some(member) = self.members.get(&id) else {
            return Vec::new();
        };
        let room = self.rooms.get(&member.room);
        let mut said = room.map(Room::snapshot).unwrap_or_default();
        said.retain(|said| {
            !said
                .from
                .is_some_and(|sender_id| is_ignoring(&self.ignored_by, id, sender_id))
        });
        said
    }

    pub(super) fn set_filter(&mut self, id: ConnectionId, what: FilterChange) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match what {
            FilterChange::Ignore(sender_id) if !member.ignored.contains(&sender_id) => {
                member.ignored.push(sender_id);
                self.ignored_by.entry(sender_id).or_default().push(id);
            }
            FilterChange::Ignore(_) => {}
            FilterChange::Unignore(sender_id) => {
                member.ignored.retain(|&other| other != sender_id);
                stop_ignoring(&mut self.ignored_by, id, sender_id);
            }
            FilterChange::HideJoinLeave | FilterChange::ShowJoinLeave => {
                member.hides_join_leave = what == FilterChange::HideJoinLeave;
                let quiet = member.hides_join_leave;
                if let Some((room, _)) = self.room_of(id) {
                    match quiet {
                        true => room.hide_join_leave(id),
                        false => room.show_join_leave(id),
                    }
                }
            }
        }
    }
}

pub(super) fn is_ignoring(
    deaf: &HashMap<SenderId, Vec<ConnectionId>>,
    id: ConnectionId,
    sender_id: SenderId,
) -> bool {
    deaf.get(&sender_id).is_some_and(|ids| ids.contains(&id))
}

pub(super) fn stop_ignoring(
    deaf: &mut HashMap<SenderId, Vec<ConnectionId>>,
    id: ConnectionId,
    sender_id: SenderId,
) {
    if let Some(ids) = deaf.get_mut(&sender_id) {
        ids.retain(|&other| other != id);
        if ids.is_empty() {
            deaf.remove(&sender_id);
        }
    }
}
