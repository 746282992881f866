//! Who wants to hear whom, and what was said before.

use std::collections::HashMap;

use super::Broadcaster;
use crate::history::{Said, Voice};
use crate::link::Id;
use crate::post::Heed;
use crate::room::Room;

impl Broadcaster {
    pub(super) fn rename(&mut self, id: Id, voice: Voice) {
        let Some(profile) = self.profiles.get_mut(&id) else {
            return;
        };
        let old = profile.voice.replace(voice);
        let deaf = old.and_then(|old| self.deaf.get(&old)).cloned();
        for id in deaf.unwrap_or_default() {
            self.heed(id, Heed::Ignore(voice));
        }
    }

    pub(super) fn recall(&mut self, id: Id) -> Vec<Said> {
        let Some(profile) = self.profiles.get(&id) else {
            return Vec::new();
        };
        let room = self.rooms.get(&profile.room);
        let mut said = room.map(Room::snapshot).unwrap_or_default();
        said.retain(|said| {
            !said
                .from
                .is_some_and(|voice| is_deaf(&self.deaf, id, voice))
        });
        said
    }

    pub(super) fn heed(&mut self, id: Id, what: Heed) {
        let Some(profile) = self.profiles.get_mut(&id) else {
            return;
        };
        match what {
            Heed::Ignore(voice) if !profile.ignored.contains(&voice) => {
                profile.ignored.push(voice);
                self.deaf.entry(voice).or_default().push(id);
            }
            Heed::Ignore(_) => {}
            Heed::Unignore(voice) => {
                profile.ignored.retain(|&other| other != voice);
                hear_again(&mut self.deaf, id, voice);
            }
            Heed::MessagesOnly | Heed::Everything => {
                profile.quiet = what == Heed::MessagesOnly;
                let quiet = profile.quiet;
                if let Some((room, _)) = self.room_of(id) {
                    match quiet {
                        true => room.set_quiet(id),
                        false => room.clear_quiet(id),
                    }
                }
            }
        }
    }
}

pub(super) fn is_deaf(deaf: &HashMap<Voice, Vec<Id>>, id: Id, voice: Voice) -> bool {
    deaf.get(&voice).is_some_and(|ids| ids.contains(&id))
}

pub(super) fn hear_again(deaf: &mut HashMap<Voice, Vec<Id>>, id: Id, voice: Voice) {
    if let Some(ids) = deaf.get_mut(&voice) {
        ids.retain(|&other| other != id);
        if ids.is_empty() {
            deaf.remove(&voice);
        }
    }
}
