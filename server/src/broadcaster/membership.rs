//! Coming into a room, going to another, and leaving.

use std::mem;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::filters::{is_ignoring, stop_ignoring};
use super::{Broadcaster, MemberState, mark_dirty};
use crate::broadcaster::post::RoomChange;
use crate::connection::{BlockingWriter, ConnectionId, WriteHalf};
use crate::room::Change;
use crate::room::id::SenderId;
use crate::room::id::{LOBBY_ROOM, RoomId, UNNAMED_ROOM};

impl Broadcaster {
    pub(super) fn open(&mut self, write_half: WriteHalf) {
        let member = MemberState {
            room: UNNAMED_ROOM,
            sender_id: None,
            hides_join_leave: false,
            ignored: Vec::new(),
        };
        self.members.insert(write_half.id(), member);
        self.room_or_create(&RoomId::unnamed_room())
            .add_member(write_half);
    }

    pub(super) fn set_unframed(&mut self, id: ConnectionId) {
        if let Some((room, _)) = self.room_of(id) {
            room.set_unframed(id);
        }
    }

    pub(super) fn join(&mut self, change: RoomChange, sender_id: SenderId) {
        if let Some(member) = self.members.get_mut(&change.id) {
            member.sender_id = Some(sender_id);
        }
        self.change_room(change);
    }

    pub(super) fn change_room(&mut self, change: RoomChange) {
        let RoomChange {
            id,
            to,
            departure_notice: gone,
            arrival_notice: come,
            own_notice: message,
            log_entry: entry,
        } = change;
        self.recorder.log.push(entry);
        let Some(write_half) = self.leave_room(id, &gone, None) else {
            return;
        };
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.room = to.number;
        let (sender_id, quiet) = (member.sender_id, member.hides_join_leave);
        self.room_or_create(&to);
        self.record_change(to.number, Change::Joined, &come);
        let deaf = mem::take(&mut self.ignored_by);
        let room = self.room_or_create(&to);
        room.add_member(write_half);
        if quiet {
            room.hide_join_leave(id);
        }
        room.send_to(id, &message);
        if let Some(sender_id) = sender_id {
            room.send_history(id, sender_id, |other| is_ignoring(&deaf, id, other));
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
            sender_id,
            ..
        } = *self.members.get(&id)?;
        let room = self.rooms.get_mut(&number)?;
        let write_half = room.remove_member(id)?;
        if let Some(sender_id) = sender_id.filter(|_| number != UNNAMED_ROOM) {
            room.record_departure(sender_id, heard);
        }
        // The lobby stays, with what was said in it; so does the hall.
        if room.is_empty() && number > LOBBY_ROOM {
            self.rooms.remove(&number);
        } else {
            self.record_change(number, Change::Left, gone);
        }
        Some(write_half)
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
        final_bytes: Vec<u8>,
        heard: Option<Instant>,
    ) {
        if self.shutting_down {
            // All leave, one after the other, and each is to hear what those
            // after it said as their last.
            return self.final_bytes.push((id, final_bytes));
        }
        if let Some(mut write_half) = self.leave_room(id, notice, heard) {
            write_half.close(&final_bytes);
        }
        let member = self.members.remove(&id);
        for sender_id in member.map(|member| member.ignored).unwrap_or_default() {
            stop_ignoring(&mut self.ignored_by, id, sender_id);
        }
    }

    /// Lets a connection go whose session writes to it from now on.
    pub(super) fn take_writer(&mut self, id: ConnectionId, to: &Sender<BlockingWriter>) {
        if let Some(write_half) = self.leave_room(id, &[], None) {
            self.members.remove(&id);
            // Its session waits for it.
            let _ = to.send(write_half.into_blocking_writer());
        }
    }

    /// Tells a room what one of its members has shared.
    pub(super) fn announce_file(&mut self, member: ConnectionId, notice: &[u8]) {
        let room = self.members.get(&member).map(|member| member.room);
        let number = room.unwrap_or(LOBBY_ROOM);
        if let Some(room) = self.rooms.get_mut(&number) {
            mark_dirty(&mut self.dirty_rooms, number, room);
            self.recorder.record_notice(&room.name, notice);
            room.announce(notice);
        }
    }

    pub(super) fn disconnect(&mut self, id: ConnectionId, final_bytes: &[u8]) {
        if let Some((room, _)) = self.room_of(id) {
            room.disconnect(id, final_bytes);
        }
    }

    /// Sends everybody the rest, and then the end.
    pub(super) fn disconnect_all(&mut self, final_bytes: &[u8]) {
        self.flush();
        for (id, own) in mem::take(&mut self.final_bytes) {
            self.disconnect(id, &own);
        }
        for (_, room) in mem::take(&mut self.rooms) {
            room.disconnect_all(final_bytes);
        }
    }
}
