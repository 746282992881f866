//! Membership: joining, going to another room, and leaving.

use std::mem;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::filters::{is_ignoring, stop_ignoring};
use super::post::{Departure, RoomChange};
use super::{Broadcaster, MemberState};
use crate::connection::{BlockingWriter, ConnectionId, WriteHalf};
use crate::room::Change;
use crate::room::id::{LOBBY_ROOM, RoomId, SenderId, UNNAMED_ROOM};

impl Broadcaster {
    /// Adds a connection that has no name yet.
    pub(super) fn open(&mut self, write_half: WriteHalf) {
        let member = MemberState {
            room: UNNAMED_ROOM,
            sender_id: None,
            hides_join_leave: false,
            ignored: Vec::new(),
        };
        self.members.insert(write_half.id(), member);
        let unnamed_room = self.rooms.get_or_create(&RoomId::unnamed_room());
        unnamed_room.add(write_half);
    }

    pub(super) fn set_unframed(&mut self, id: ConnectionId) {
        if let Some(room) = self.room_of(id) {
            room.set_unframed(id);
        }
    }

    /// Makes a connection a member.
    pub(super) fn join(&mut self, change: RoomChange, sender_id: SenderId) {
        if let Some(member) = self.members.get_mut(&change.id) {
            member.sender_id = Some(sender_id);
        }
        self.change_room(change);
    }

    /// Moves a member to another room, where it receives the history.
    pub(super) fn change_room(&mut self, change: RoomChange) {
        let (id, to) = (change.id, &change.to);
        self.recorder.log.push(change.log_entry);
        let Some(write_half) = self.leave_room(id, &change.departure_notice, None) else {
            return;
        };
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.room = to.number;
        let (sender_id, hides_join_leave) = (member.sender_id, member.hides_join_leave);
        self.rooms.get_or_create(to);
        self.record_change(to.number, Change::Joined, &change.arrival_notice);
        let room = self.rooms.get_or_create(to);
        room.add(write_half);
        if hides_join_leave {
            room.hide_join_leave(id);
        }
        room.send_to(id, &change.own_notice);
        if let Some(sender_id) = sender_id {
            let ignored_by = &self.ignored_by;
            room.send_history(id, sender_id, |other| is_ignoring(ignored_by, id, other));
        }
    }

    /// Takes a connection out of its room, and notifies those that stay.
    fn leave_room(
        &mut self,
        id: ConnectionId,
        notice: &[u8],
        last_received: Option<Instant>,
    ) -> Option<WriteHalf> {
        let member = self.members.get(&id)?;
        let (number, sender_id) = (member.room, member.sender_id);
        let room = self.rooms.touch(number)?;
        let write_half = room.remove(id)?;
        if let Some(sender_id) = sender_id.filter(|_| number != UNNAMED_ROOM) {
            room.record_departure(sender_id, last_received);
        }
        // The lobby stays, with its history; so does the room without names.
        if room.is_empty() && number > LOBBY_ROOM {
            self.rooms.remove(number);
        } else {
            self.record_change(number, Change::Left, notice);
        }
        Some(write_half)
    }

    /// Notifies a room of a member that joined or left, and records it.
    fn record_change(&mut self, number: u64, change: Change, notice: &[u8]) {
        if notice.is_empty() {
            return;
        }
        if let Some(room) = self.rooms.get(number) {
            self.recorder.record_notice(&room.name, notice);
            self.rooms.record_change(number, change, notice);
        }
    }

    /// Sends a leaving connection what it still has to receive, then closes it.
    pub(super) fn leave(&mut self, departure: Departure) {
        let id = departure.id;
        self.recorder.log.push(departure.log_entry);
        if self.shutting_down {
            // All leave one after the other, and each must receive what those after
            // it have said last.
            return self.final_bytes.push((id, departure.final_bytes));
        }
        if let Some(mut write_half) =
            self.leave_room(id, &departure.notice, departure.last_received)
        {
            write_half.close(&departure.final_bytes);
        }
        let member = self.members.remove(&id);
        for sender_id in member.map(|member| member.ignored).unwrap_or_default() {
            stop_ignoring(&mut self.ignored_by, id, sender_id);
        }
    }

    /// Gives the write half of a connection to its session.
    pub(super) fn take_writer(&mut self, id: ConnectionId, to: &Sender<BlockingWriter>) {
        if let Some(write_half) = self.leave_room(id, &[], None) {
            self.members.remove(&id);
            // The session waits for it.
            let _ = to.send(write_half.into_blocking_writer());
        }
    }

    pub(super) fn disconnect(&mut self, id: ConnectionId, final_bytes: &[u8]) {
        if let Some(room) = self.room_of(id) {
            room.disconnect(id, final_bytes);
        }
    }

    /// Sends every connection the rest, and then the last bytes.
    pub(super) fn disconnect_all(&mut self, final_bytes: &[u8]) {
        self.rooms.flush();
        for (id, own) in mem::take(&mut self.final_bytes) {
            self.disconnect(id, &own);
        }
        for room in self.rooms.take_all() {
            room.disconnect_all(final_bytes);
        }
    }
}
