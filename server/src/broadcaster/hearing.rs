//! Who wants to hear whom, and what was said before.

use std::collections::HashMap;

use super::Broadcaster;
use crate::history::{HistoryEntry, SenderId};
use crate::link::ConnectionId;
use crate::post::FilterChange;
use crate::room::Room;

impl Broadcaster {
    pub(super) fn rename(&mut self, id: ConnectionId, voice: SenderId) {
        let Some(profile) = self.members.get_mut(&id) else {
            return;
        };
        let old = profile.sender_id.replace(voice);
        let deaf = old.and_then(|old| self.ignored_by.get(&old)).cloned();
        for id in deaf.unwrap_or_default() {
            self.set_filter(id, FilterChange::Ignore(voice));
        }
    }

    pub(super) fn read_history(&mut self, id: ConnectionId) -> Vec<HistoryEntry> {
        let Some(profile) = self.members.get(&id) else {
            return Vec::new();
        };
        let room = self.rooms.get(&profile.room);
        let mut said = room.map(Room::snapshot).unwrap_or_default();
        said.retain(|said| {
            !said
                .from
                .is_some_and(|voice| is_ignoring(&self.ignored_by, id, voice))
        });
        said
    }

    pub(super) fn set_filter(&mut self, id: ConnectionId, what: FilterChange) {
        let Some(profile) = self.members.get_mut(&id) else {
            return;
        };
        match what {
            FilterChange::Ignore(voice) if !profile.ignored.contains(&voice) => {
                profile.ignored.push(voice);
                self.ignored_by.entry(voice).or_default().push(id);
            }
            FilterChange::Ignore(_) => {}
            FilterChange::Unignore(voice) => {
                profile.ignored.retain(|&other| other != voice);
                stop_ignoring(&mut self.ignored_by, id, voice);
            }
            FilterChange::HideJoinLeave | FilterChange::ShowJoinLeave => {
                profile.hides_join_leave = what == FilterChange::HideJoinLeave;
                let quiet = profile.hides_join_leave;
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

pub(super) fn is_ignoring(deaf: &HashMap<SenderId, Vec<ConnectionId>>, id: ConnectionId, voice: SenderId) -> bool {
    deaf.get(&voice).is_some_and(|ids| ids.contains(&id))
}

pub(super) fn stop_ignoring(deaf: &mut HashMap<SenderId, Vec<ConnectionId>>, id: ConnectionId, voice: SenderId) {
    if let Some(ids) = deaf.get_mut(&voice) {
        ids.retain(|&other| other != id);
        if ids.is_empty() {
            deaf.remove(&voice);
        }
    }
}
