//! Coming into a room, going to another, and leaving.

use std::mem;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::hearing::{hear_again, is_deaf};
use super::{Broadcaster, Profile, call};
use crate::history::Voice;
use crate::link::{Id, Outlet, Pipe};
use crate::post::Passage;
use crate::registry::{HALL, LOBBY_NUMBER, hall};
use crate::room::Step;

impl Broadcaster {
    pub(super) fn open(&mut self, outlet: Outlet) {
        let profile = Profile {
            room: HALL,
            voice: None,
            quiet: false,
            ignored: Vec::new(),
        };
        self.profiles.insert(outlet.id(), profile);
        self.open_room(&hall()).admit(outlet);
    }

    pub(super) fn unframe(&mut self, id: Id) {
        if let Some((room, _)) = self.room_of(id) {
            room.unframe(id);
        }
    }

    pub(super) fn enter(&mut self, passage: Passage, voice: Voice) {
        if let Some(profile) = self.profiles.get_mut(&passage.id) {
            profile.voice = Some(voice);
        }
        self.pass(passage);
    }

    pub(super) fn pass(&mut self, passage: Passage) {
        let Passage {
            id,
            to,
            gone,
            come,
            told,
            entry,
        } = passage;
        self.tap.log.note(entry);
        let Some(outlet) = self.leave_room(id, &gone, None) else {
            return;
        };
        let Some(profile) = self.profiles.get_mut(&id) else {
            return;
        };
        profile.room = to.number;
        let (voice, quiet) = (profile.voice, profile.quiet);
        self.open_room(&to);
        self.step(to.number, Step::Come, &come);
        let deaf = mem::take(&mut self.deaf);
        let room = self.open_room(&to);
        room.admit(outlet);
        if quiet {
            room.set_quiet(id);
        }
        room.tell(id, &told);
        if let Some(voice) = voice {
            room.greet(id, voice, |other| is_deaf(&deaf, id, other));
        }
        self.deaf = deaf;
    }

    /// Takes a connection out of its room, and tells those who stay.
    pub(super) fn leave_room(
        &mut self,
        id: Id,
        gone: &[u8],
        heard: Option<Instant>,
    ) -> Option<Outlet> {
        let Profile {
            room: number,
            voice,
            ..
        } = *self.profiles.get(&id)?;
        let room = self.rooms.get_mut(&number)?;
        let outlet = room.release(id)?;
        if let Some(voice) = voice.filter(|_| number != HALL) {
            room.depart(voice, heard);
        }
        // The lobby stays, with what was said in it; so does the hall.
        if room.is_empty() && number > LOBBY_NUMBER {
            self.rooms.remove(&number);
        } else {
            self.step(number, Step::Gone, gone);
        }
        Some(outlet)
    }

    /// Tells a room that somebody came or went.
    pub(super) fn step(&mut self, number: u64, step: Step, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        if let Some(room) = self.rooms.get_mut(&number) {
            call(&mut self.busy, number, room);
            self.tap.told(&room.name, line);
            let counted = room.count_due().is_some();
            room.step(step, line);
            if !counted && room.count_due().is_some() {
                self.counting.push(number);
            }
        }
    }

    /// Sends the leaving member what it still has to get, then closes it.
    pub(super) fn exit(
        &mut self,
        id: Id,
        notice: &[u8],
        farewell: Vec<u8>,
        heard: Option<Instant>,
    ) {
        if self.stopping {
            // All leave, one after the other, and each is to hear what those
            // after it said as their last.
            return self.farewells.push((id, farewell));
        }
        if let Some(mut outlet) = self.leave_room(id, notice, heard) {
            outlet.close(&farewell);
        }
        let profile = self.profiles.remove(&id);
        for voice in profile.map(|profile| profile.ignored).unwrap_or_default() {
            hear_again(&mut self.deaf, id, voice);
        }
    }

    /// Lets a connection go whose session writes to it from now on.
    pub(super) fn hand_over(&mut self, id: Id, to: &Sender<Pipe>) {
        if let Some(outlet) = self.leave_room(id, &[], None) {
            self.profiles.remove(&id);
            // Its session waits for it.
            let _ = to.send(outlet.into_pipe());
        }
    }

    /// Tells a room what one of its members has shared.
    pub(super) fn shared(&mut self, member: Id, notice: &[u8]) {
        let room = self.profiles.get(&member).map(|profile| profile.room);
        let number = room.unwrap_or(LOBBY_NUMBER);
        if let Some(room) = self.rooms.get_mut(&number) {
            call(&mut self.busy, number, room);
            self.tap.told(&room.name, notice);
            room.announce(notice);
        }
    }

    pub(super) fn dismiss(&mut self, id: Id, farewell: &[u8]) {
        if let Some((room, _)) = self.room_of(id) {
            room.dismiss(id, farewell);
        }
    }

    /// Sends everybody the rest, and then the end.
    pub(super) fn dismiss_all(&mut self, farewell: &[u8]) {
        self.flush();
        for (id, own) in mem::take(&mut self.farewells) {
            self.dismiss(id, &own);
        }
        for (_, room) in mem::take(&mut self.rooms) {
            room.dismiss_all(farewell);
        }
    }
}
