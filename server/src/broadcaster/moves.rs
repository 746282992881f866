//! Coming into a room, going to another, and leaving.

use std::mem;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::hearing::{stop_ignoring, is_ignoring};
use super::{Broadcaster, MemberState, mark_dirty};
use crate::history::SenderId;
use crate::link::{ConnectionId, WriteHalf, BlockingWriter};
use crate::post::RoomChange;
use crate::registry::{UNNAMED_ROOM, LOBBY_ROOM, unnamed_room};
use crate::room::Change;

impl Broadcaster {
    pub(super) fn open(&mut self, outlet: WriteHalf) {
        let profile = MemberState {
            room: UNNAMED_ROOM,
            sender_id: None,
            hides_join_leave: false,
            ignored: Vec::new(),
        };
        self.members.insert(outlet.id(), profile);
        self.room_or_create(&unnamed_room()).add_member(outlet);
    }

    pub(super) fn set_unframed(&mut self, id: ConnectionId) {
        if let Some((room, _)) = self.room_of(id) {
            room.set_unframed(id);
        }
    }

    pub(super) fn join(&mut self, passage: RoomChange, voice: SenderId) {
        if let Some(profile) = self.members.get_mut(&passage.id) {
            profile.sender_id = Some(voice);
        }
        self.change_room(passage);
    }

    pub(super) fn change_room(&mut self, passage: RoomChange) {
        let RoomChange {
            id,
            to,
            departure_notice: gone,
            arrival_notice: come,
            own_notice: told,
            log_entry: entry,
        } = passage;
        self.recorder.log.push(entry);
        let Some(outlet) = self.leave_room(id, &gone, None) else {
            return;
        };
        let Some(profile) = self.members.get_mut(&id) else {
            return;
        };
        profile.room = to.number;
        let (voice, quiet) = (profile.sender_id, profile.hides_join_leave);
        self.room_or_create(&to);
        self.record_change(to.number, Change::Joined, &come);
        let deaf = mem::take(&mut self.ignored_by);
        let room = self.room_or_create(&to);
        room.add_member(outlet);
        if quiet {
            room.hide_join_leave(id);
        }
        room.send_to(id, &told);
        if let Some(voice) = voice {
            room.send_history(id, voice, |other| is_ignoring(&deaf, id, other));
        }
        self.ignored_by = deaf;
    }

    /// Takes a connection out of its room, and tells those who stay.
    pub(super) fn leave_room(
        &mut self,
        id: ConnectionId,
        gone: &[u8],
        heard: Option<Instant>,
    ) -> Option<WriteHalf> {
        let MemberState {
            room: number,
            sender_id: voice,
            ..
        } = *self.members.get(&id)?;
        let room = self.rooms.get_mut(&number)?;
        let outlet = room.remove_member(id)?;
        if let Some(voice) = voice.filter(|_| number != UNNAMED_ROOM) {
            room.record_departure(voice, heard);
        }
        // The lobby stays, with what was said in it; so does the hall.
        if room.is_empty() && number > LOBBY_ROOM {
            self.rooms.remove(&number);
        } else {
            self.record_change(number, Change::Left, gone);
        }
        Some(outlet)
    }

    /// Tells a room that somebody came or went.
    pub(super) fn record_change(&mut self, number: u64, step: Change, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        if let Some(room) = self.rooms.get_mut(&number) {
            mark_dirty(&mut self.dirty_rooms, number, room);
            self.recorder.record_notice(&room.name, line);
            let counted = room.count_due().is_some();
            room.record_change(step, line);
            if !counted && room.count_due().is_some() {
                self.counting_rooms.push(number);
            }
        }
    }

    /// Sends the leaving member what it still has to get, then closes it.
    pub(super) fn leave(
        &mut self,
        id: ConnectionId,
        notice: &[u8],
        farewell: Vec<u8>,
        heard: Option<Instant>,
    ) {
        if self.shutting_down {
            // All leave, one after the other, and each is to hear what those
            // after it said as their last.
            return self.final_bytes.push((id, farewell));
        }
        if let Some(mut outlet) = self.leave_room(id, notice, heard) {
            outlet.close(&farewell);
        }
        let profile = self.members.remove(&id);
        for voice in profile.map(|profile| profile.ignored).unwrap_or_default() {
            stop_ignoring(&mut self.ignored_by, id, voice);
        }
    }

    /// Lets a connection go whose session writes to it from now on.
    pub(super) fn take_writer(&mut self, id: ConnectionId, to: &Sender<BlockingWriter>) {
        if let Some(outlet) = self.leave_room(id, &[], None) {
            self.members.remove(&id);
            // Its session waits for it.
            let _ = to.send(outlet.into_blocking_writer());
        }
    }

    /// Tells a room what one of its members has shared.
    pub(super) fn announce_file(&mut self, member: ConnectionId, notice: &[u8]) {
        let room = self.members.get(&member).map(|profile| profile.room);
        let number = room.unwrap_or(LOBBY_ROOM);
        if let Some(room) = self.rooms.get_mut(&number) {
            mark_dirty(&mut self.dirty_rooms, number, room);
            self.recorder.record_notice(&room.name, notice);
            room.announce(notice);
        }
    }

    pub(super) fn disconnect(&mut self, id: ConnectionId, farewell: &[u8]) {
        if let Some((room, _)) = self.room_of(id) {
            room.disconnect(id, farewell);
        }
    }

    /// Sends everybody the rest, and then the end.
    pub(super) fn disconnect_all(&mut self, farewell: &[u8]) {
        self.flush();
        for (id, own) in mem::take(&mut self.final_bytes) {
            self.disconnect(id, &own);
        }
        for (_, room) in mem::take(&mut self.rooms) {
            room.disconnect_all(farewell);
        }
    }
}
