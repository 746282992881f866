//! Delivery: lines to their audience, through the batch of a room.

use super::Broadcaster;
use super::post::{Audience, MemberChange};
use crate::connection::MemberId;
use crate::room::id::{Lines, RoomRef, SenderId};
use crate::room::rendering::now;

impl Broadcaster {
    /// Sends a member a private message. Returns `false` if it has left.
    pub(super) fn send_private(&mut self, to: MemberId, line: &Lines) -> bool {
        let Some(member) = self.members.get_mut(&to) else {
            return false;
        };
        let line = member.private_log.record(line, now(), member.rendering);
        self.send_to(to, &line);
        true
    }

    pub(super) fn send_to(&mut self, to: MemberId, lines: &[u8]) {
        if let Some(room) = self.room_of(to) {
            room.connections.send_to(to, lines);
        }
    }

    /// Delivers notices to an audience. A reply to one peer is not recorded.
    pub(super) fn deliver(&mut self, audience: &Audience, lines: &[u8]) {
        let number_of = |id| self.members.get(id).map(|member| member.room);
        match audience {
            Audience::One(id) => self.send_to(*id, lines),
            Audience::OneWithNotice(id) => {
                if let Some(room) = self.room_of(*id) {
                    room.connections.send_notice(*id, lines);
                }
            }
            Audience::OthersInRoomOf(id) => {
                let number = number_of(id);
                if let Some(room) = number.and_then(|number| self.rooms.get_mut(number)) {
                    self.recorder.record_notice(&room.name, lines);
                    room.send_to_others(*id, lines);
                    room.exclude_all(self.ignored_by.of(*id));
                }
            }
            Audience::RoomOf(id) => {
                // A member that has left its room has no room to speak in.
                let number = number_of(id);
                if let Some(room) = number.and_then(|number| self.rooms.get_mut(number)) {
                    self.recorder.record_notice(&room.name, lines);
                    room.connections.push_notice(lines);
                    room.exclude_all(self.ignored_by.of(*id));
                }
            }
        }
    }

    /// Delivers the two notices of a change of a member.
    pub(super) fn announce_change(&mut self, change: &MemberChange) {
        self.deliver(&Audience::OthersInRoomOf(change.id), &change.others);
        self.send_to(change.id, &change.own);
    }

    /// Gives a member a new name. Those that ignore it are notified as well.
    pub(super) fn rename(&mut self, notice: &MemberChange, sender_id: SenderId) {
        let Some(member) = self.members.get_mut(&notice.id) else {
            return;
        };
        member.sender_id = Some(sender_id);
        let number = member.room;
        if let Some(room) = self.rooms.get_mut(number) {
            self.recorder.record_notice(&room.name, &notice.others);
            room.send_to_others(notice.id, &notice.others);
            room.connections.send_to(notice.id, &notice.own);
        }
    }

    /// Says a line of the operator, in one room or in all.
    pub(super) fn announce_operator(&mut self, room: Option<RoomRef>, line: Lines) {
        let number = room.as_ref().map(|room| room.number);
        for room in self.rooms.select_mut(number) {
            room.announce_operator(&line);
            self.recorder.record_notice(&room.name, &line);
        }
        let room = room.map(|room| room.name);
        self.recorder.log.messages(room, line);
    }

    pub(super) fn set_topic(&mut self, id: MemberId, line: &Lines) {
        let number = self.members.get(&id).map(|member| member.room);
        if let Some(room) = number.and_then(|number| self.rooms.get_mut(number)) {
            self.recorder
                .record_messages(&room.name, Lines::clone(line));
            room.set_topic(id, line);
            room.exclude_all(self.ignored_by.of(id));
        }
    }
}
