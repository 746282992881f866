//! Membership: joining, going to another room, and leaving.

use std::mem;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::post::{ConnectionEnd, MemberNotice, RoomChange};
use super::{Broadcaster, MemberState};
use crate::connection::{BlockingWriter, MemberId, WriteHalf};
use crate::room::id::{LOBBY_ROOM, RoomRef, SenderId, UNNAMED_ROOM};
use crate::room::rendering::Rendering;
use crate::room::{JoinLeave, JoinLeaveNotice, Room};

impl Broadcaster {
    /// Adds a connection that has no name yet.
    pub(super) fn open(&mut self, write_half: WriteHalf) {
        let id = MemberId::first_of(write_half.id());
        self.members.insert(id, MemberState::default());
        let unnamed_room = self.rooms.get_or_create(&RoomRef::unnamed_room());
        unnamed_room
            .connections
            .add(id, write_half, Rendering::Plain);
    }

    pub(super) fn set_unframed(&mut self, id: MemberId) {
        if let Some(room) = self.room_of(id) {
            room.connections.set_unframed(id);
        }
    }

    pub(super) fn set_tagged(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.rendering = Rendering::Tagged;
        }
        if let Some(room) = self.room_of(id) {
            room.connections.set_tagged(id);
        }
    }

    /// Makes a connection a member.
    pub(super) fn join(&mut self, change: RoomChange, sender_id: SenderId) {
        if let Some(member) = self.members.get_mut(&change.id) {
            member.sender_id = Some(sender_id);
        }
        let (id, welcome) = (change.id, change.own_notice.clone());
        if let Some(room) = self.go_to_room(change) {
            room.connections.send_notice(id, &welcome);
        }
        self.send_history(id);
    }

    /// Moves a member to another room, where it receives the history.
    pub(super) fn change_room(&mut self, change: RoomChange) {
        let (id, own_notice) = (change.id, change.own_notice.clone());
        if let Some(room) = self.go_to_room(change) {
            room.connections.send_to(id, &own_notice);
        }
        self.send_history(id);
    }

    /// Takes a member to another room. Returns the room.
    fn go_to_room(&mut self, change: RoomChange) -> Option<&mut Room> {
        let (id, to) = (change.id, &change.to);
        self.recorder.log.push(change.log_entry);
        let write_half = self.leave_room(id, &change.leaving_notice, None)?;
        let member = self.members.get_mut(&id)?;
        member.room = to.number;
        member.entered = Some(Instant::now());
        let (rendering, hides_join_leave) = (member.rendering, member.hides_join_leave);
        // The room must exist for the notice, which the member itself does not receive.
        self.rooms.get_or_create(to);
        self.announce_join_leave(id, to.number, JoinLeave::Joined, &change.arrival_notice);
        let room = self.rooms.get_or_create(to);
        room.connections.add(id, write_half, rendering);
        if hides_join_leave {
            room.hide_join_leave(id);
        }
        Some(room)
    }

    /// Sends a newcomer the topic and the history of its room.
    fn send_history(&mut self, id: MemberId) {
        let member = self.members.get(&id);
        let Some((number, Some(sender_id))) = member.map(|it| (it.room, it.sender_id)) else {
            return;
        };
        let ignored_by = &self.ignored_by;
        if let Some(room) = self.rooms.get_mut(number) {
            room.send_history(id, sender_id, |other| ignored_by.contains(id, other));
        }
    }

    /// Takes a connection out of its room, and notifies those that stay.
    fn leave_room(
        &mut self,
        id: MemberId,
        notice: &MemberNotice,
        missed_since: Option<Instant>,
    ) -> Option<WriteHalf> {
        let member = self.members.get(&id)?;
        let (number, sender_id) = (member.room, member.sender_id);
        let stayed = member.entered.map_or(Duration::ZERO, |at| at.elapsed());
        let room = self
            .rooms
            .get_mut(number)
            .filter(|room| room.connections.contains(id))?;
        let sender_id = sender_id.filter(|_| number != UNNAMED_ROOM);
        let write_half = room.remove(id, sender_id, missed_since, stayed);
        // The lobby stays, with its history; so does the room without names.
        if room.connections.count() == 0 && number > LOBBY_ROOM {
            self.rooms.remove_soon(number);
        } else {
            self.announce_join_leave(id, number, JoinLeave::Left, notice);
        }
        write_half
    }

    /// Notifies a room of a member that joined or left, and records it.
    pub(super) fn announce_join_leave(
        &mut self,
        id: MemberId,
        number: u64,
        change: JoinLeave,
        notice: &MemberNotice,
    ) {
        if notice.text.is_empty() {
            return;
        }
        if let Some(room) = self.rooms.get(number) {
            self.recorder.record_notice(&room.name, &notice.text);
            let notice = JoinLeaveNotice {
                change,
                text: &notice.text,
                plain: &notice.plain,
                ignored_by: self.ignored_by.of(id),
            };
            self.rooms.announce_join_leave(number, notice);
        }
    }

    /// Sends a leaving connection what it still has to receive, then closes it.
    pub(super) fn leave(&mut self, end: ConnectionEnd) {
        let id = end.id;
        if let Some(entry) = end.log_entry {
            self.recorder.log.push(entry);
        }
        if self.shutting_down {
            // All leave one after the other, and each must receive what those after
            // it have said last.
            return self.final_bytes.push((id, end.final_bytes));
        }
        if let Some(mut write_half) = self.leave_room(id, &end.notice, end.missed_since) {
            write_half.close(&end.final_bytes);
        }
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        for &other in &member.ignored {
            self.ignored_by.remove(id, other);
        }
        if end.may_resume {
            self.departed.insert(id, member);
        }
    }

    /// Forgets a member that can no longer resume.
    pub(super) fn forget(&mut self, id: MemberId) {
        self.departed.remove(&id);
    }

    /// Gives the write half of a connection to its session.
    pub(super) fn take_writer(&mut self, id: MemberId, to: &Sender<BlockingWriter>) {
        if let Some(write_half) = self.leave_room(id, &MemberNotice::default(), None) {
            self.members.remove(&id);
            // The session waits for it.
            let _ = to.send(write_half.into_blocking_writer());
        }
    }

    pub(super) fn disconnect(&mut self, id: MemberId, final_bytes: &[u8]) {
        if let Some(room) = self.room_of(id) {
            room.connections.disconnect(id, final_bytes);
        }
    }

    /// Sends every connection the rest, and then the last bytes.
    pub(super) fn disconnect_all(&mut self, final_bytes: &[u8]) {
        self.rooms.flush();
        for (id, own) in mem::take(&mut self.final_bytes) {
            self.disconnect(id, &own);
        }
        for room in self.rooms.take_all() {
            room.connections.disconnect_all(final_bytes);
        }
    }
}
