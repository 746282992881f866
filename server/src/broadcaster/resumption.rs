//! Resumption: a member whose connection broke, and its new connection.

use common::LineId;
use common::notice::Excerpt;

use super::post::{Detachment, Resumption};
use super::{Broadcaster, MemberState};
use crate::connection::MemberId;
use crate::limits;
use crate::room::JoinLeave;
use crate::room::history::MessageSender;
use crate::room::history::missed::{MissedLine, between_markers};
use crate::room::id::UNNAMED_ROOM;

impl Broadcaster {
    /// Keeps what a member would miss, from now on.
    pub(super) fn set_resumable(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
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
        let (id, unnamed) = (resumption.id, MemberId::first_of(resumption.connection));
        let Some(new) = self.members.remove(&unnamed) else {
            return;
        };
        let unnamed_room = self.rooms.get_mut(UNNAMED_ROOM);
        let Some(write_half) = unnamed_room.and_then(|room| room.connections.remove(unnamed))
        else {
            return;
        };
        let mut member = match self.members.remove(&id) {
            Some(member) => member,
            None => self.restore_departed(id),
        };
        let number = resumption.to.number;
        member.room = number;
        member.rendering = new.rendering;
        member.sender_id = Some(resumption.sender_id);
        let hides_join_leave = member.hides_join_leave;
        self.members.insert(id, member);
        self.rooms.get_or_create(&resumption.to);
        let arrival_notice = resumption.arrival_notice.into();
        self.announce_join_leave(id, number, JoinLeave::Joined, &arrival_notice);
        let room = self.rooms.get_or_create(&resumption.to);
        room.connections.add(id, write_half, new.rendering);
        if hides_join_leave {
            room.hide_join_leave(id);
        }
        room.connections.send_notice(id, &resumption.welcome);
        room.connections.send_to(id, &resumption.replies);
        let last_shown = resumption.last_shown.as_ref();
        let last_shown = last_shown.map(|(stream, number)| LineId {
            stream,
            number: *number,
        });
        let missed = self.missed_lines(id, last_shown);
        self.missed_bytes = self.missed_bytes.wrapping_add(missed.len());
        self.send_to(id, &missed);
    }

    /// Returns the state of a member whose departure was announced.
    fn restore_departed(&mut self, id: MemberId) -> MemberState {
        let member = self.departed.remove(&id).unwrap_or_default();
        for &other in &member.ignored {
            self.ignored_by.add(id, other);
        }
        member
    }

    /// Returns the lines that a member has missed since the one that it has shown last,
    /// in their order and between two markers.
    fn missed_lines(&self, id: MemberId, last_shown: Option<LineId<'_>>) -> Vec<u8> {
        let Some(member) = self.members.get(&id) else {
            return Vec::new();
        };
        let Some(room) = self.rooms.get(member.room) else {
            return Vec::new();
        };
        // A line of another room says nothing about what followed there.
        let elsewhere = last_shown.filter(|line| !room.history.has_stream(line.stream));
        let found_elsewhere = elsewhere.and_then(|line| self.rooms.find_line(line));
        let shown_at = last_shown.and_then(|line| {
            let private = member.private_log.time_of(line);
            let here = private.or_else(|| room.history.time_of(line));
            here.or(found_elsewhere.map(|(time, _)| time))
        });
        let had_all_there = found_elsewhere.is_none_or(|(_, is_last)| is_last);
        let is_wanted =
            |from: MessageSender| from.member != id && !self.ignored_by.contains(id, from.member);
        let rendering = member.rendering;
        let (mut missed, is_complete) = room
            .history
            .missed_since(last_shown, shown_at, rendering, is_wanted);
        missed.extend(member.private_log.missed_since(shown_at, rendering));
        missed.sort_by_key(|line| line.at);
        let spare = count_spare(&missed);
        missed.drain(..spare);
        let has_all = is_complete && had_all_there && member.private_log.has_all_since(shown_at);
        let which = if has_all && spare == 0 {
            Excerpt::Resumed
        } else {
            Excerpt::ResumedPart
        };
        between_markers(&missed, which)
    }
}

/// Returns how many of the oldest lines are too many for one write.
fn count_spare(missed: &[MissedLine]) -> usize {
    let mut bytes = 0;
    let newest_first = missed.iter().rev();
    let kept = newest_first.take_while(|line| {
        bytes += line.bytes.len();
        bytes <= limits::MAX_MISSED_BYTES
    });
    missed.len() - kept.count()
}
