//! Resumption: a member whose connection broke, and its new connection.

use common::LineId;
use common::notice::Excerpt;

use super::filters::is_ignoring;
use super::post::{Detachment, Resumption};
use super::{Broadcaster, ConnectionState};
use crate::connection::MemberId;
use crate::room::JoinLeave;
use crate::room::history::Sender;
use crate::room::id::UNNAMED_ROOM;
use crate::room::missed::between_markers;

impl Broadcaster {
    /// Keeps what a member would miss, from now on.
    pub(super) fn set_resumable(&mut self, id: MemberId) {
        if let Some(member) = self.connections.get_mut(&id) {
            member.private_log.keep();
        }
    }

    /// Takes the broken connection from a member, which stays in its room.
    pub(super) fn detach(&mut self, detachment: Detachment) {
        self.recorder.log.push(detachment.log_entry);
        let write_half = self
            .room_of(detachment.id)
            .and_then(|room| room.connections.detach(detachment.id));
        if let Some(mut write_half) = write_half {
            write_half.close(&detachment.final_bytes);
        }
    }

    /// Gives a member its new connection, and sends it what it has missed.
    pub(super) fn resume(&mut self, resumption: Resumption) {
        self.recorder.log.push(resumption.log_entry);
        let (id, connection) = (resumption.id, resumption.connection);
        let Some(new) = self.connections.remove(&connection) else {
            return;
        };
        let unnamed_room = self.rooms.touch(UNNAMED_ROOM);
        let Some(write_half) = unnamed_room.and_then(|room| room.connections.remove(connection))
        else {
            return;
        };
        let mut member = match self.connections.remove(&id) {
            Some(member) => member,
            None => self.restore_departed(id),
        };
        let number = resumption.to.number;
        member.room = number;
        member.rendering = new.rendering;
        member.sender_id = Some(resumption.sender_id);
        let hides_join_leave = member.hides_join_leave;
        self.connections.insert(id, member);
        self.rooms.get_or_create(&resumption.to);
        let arrival_notice = resumption.arrival_notice.into();
        self.announce_join_leave(id, number, JoinLeave::Joined, &arrival_notice);
        let room = self.rooms.get_or_create(&resumption.to);
        room.connections.add(id, write_half, new.rendering);
        if hides_join_leave {
            room.hide_join_leave(id);
        }
        room.connections.notify(id, &resumption.welcome);
        room.connections.send_to(id, &resumption.replies);
        let last_shown = resumption.last_shown.as_ref();
        let last_shown = last_shown.map(|(stream, number)| LineId {
            stream,
            number: *number,
        });
        let missed = self.missed_lines(id, last_shown);
        self.send_to(id, &missed);
    }

    /// Returns the state of a member whose leave was told.
    fn restore_departed(&mut self, id: MemberId) -> ConnectionState {
        let member = self.departed.remove(&id).unwrap_or_default();
        for &other in &member.ignored {
            self.ignored_by.entry(other).or_default().push(id);
        }
        member
    }

    /// Returns the lines that a member has missed since the one that it has shown last,
    /// in their order and between two markers.
    fn missed_lines(&self, id: MemberId, last_shown: Option<LineId<'_>>) -> Vec<u8> {
        let Some(member) = self.connections.get(&id) else {
            return Vec::new();
        };
        let Some(room) = self.rooms.get(member.room) else {
            return Vec::new();
        };
        let shown_at = last_shown.and_then(|line| {
            let private = member.private_log.time_of(line);
            private.or_else(|| self.rooms.time_of(line))
        });
        let is_wanted =
            |from: Sender| from.member != id && !is_ignoring(&self.ignored_by, id, from.member);
        let rendering = member.rendering;
        let (mut missed, is_complete) = room
            .history
            .missed_since(last_shown, shown_at, rendering, is_wanted);
        missed.extend(member.private_log.missed_since(shown_at, rendering));
        missed.sort_by_key(|line| line.at);
        let which = if is_complete {
            Excerpt::Resumed
        } else {
            Excerpt::ResumedPart
        };
        between_markers(&missed, which)
    }
}
