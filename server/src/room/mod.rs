//! Room: its members, the batch for their next write, and its history.
//!
//! Like the broadcaster, which owns all rooms, it knows no names: members are
//! numbers here and lines are bytes. Rooms know nothing of each other.
//!
//! Writes: to its members, through their write halves, in the broadcaster's thread.
//! Locks: nothing of its own.
//! Blocks: never.

mod batch;
pub mod history;
pub mod id;
mod join_leave;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Instant;

use common::{Event, Name};

use crate::connection::{ConnectionId, WriteHalf};
use batch::{Batch, View};
use history::{History, HistoryEntry};
use id::{Lines, SenderId};
pub use join_leave::Change;
use join_leave::JoinLeaveCounter;

/// The members of one room and what is said there.
pub struct Room {
    /// The name of the room in the log and the transcript.
    pub name: Name,
    /// The members in the order of joining, in which their sockets lie in memory. At a
    /// thousand members that saves a tenth of the time (measured).
    members: BTreeMap<ConnectionId, RoomMember>,
    batch: Batch,
    /// The members whose view of this batch is not simply the shared lines.
    customized: Vec<ConnectionId>,
    /// The members that want no join and leave notices.
    join_leave_hidden_for: BTreeSet<ConnectionId>,
    /// The line that set the topic, with the name of the member who did.
    topic: Option<Lines>,
    history: History,
    /// Above so many members joins and leaves are only counted.
    join_notice_limit: usize,
    join_leave_counter: JoinLeaveCounter,
}

struct RoomMember {
    write_half: WriteHalf,
    view: View,
}

impl Room {
    /// Makes an empty room that keeps `history_lines`, and announces each join and
    /// leave while it has at most `join_notice_limit` members.
    pub fn new(name: Name, history_lines: usize, join_notice_limit: usize) -> Room {
        Room {
            name,
            members: BTreeMap::new(),
            batch: Batch::default(),
            customized: Vec::new(),
            join_leave_hidden_for: BTreeSet::new(),
            topic: None,
            history: History::new(history_lines),
            join_notice_limit,
            join_leave_counter: JoinLeaveCounter::default(),
        }
    }

    /// Returns `true` if the room has no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns `true` if the room has nothing to write.
    pub fn is_clean(&self) -> bool {
        self.batch.is_empty() && self.customized.is_empty()
    }

    /// Adds a connection, which receives what is said from now on.
    pub fn add(&mut self, write_half: WriteHalf) {
        let view = self.batch.newcomer_view();
        let id = write_half.id();
        self.customized.push(id);
        self.members.insert(id, RoomMember { write_half, view });
    }

    /// Sends a connection lines without newlines from now on.
    pub fn set_unframed(&mut self, id: ConnectionId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.write_half.set_unframed();
        }
    }

    /// Sends a newcomer the topic and the history, without the senders for which
    /// `is_ignored` is true.
    pub fn send_history(
        &mut self,
        id: ConnectionId,
        sender_id: SenderId,
        is_ignored: impl Fn(SenderId) -> bool,
    ) {
        if let Some(topic) = self.topic.clone() {
            self.send_to(id, &topic);
        }
        if let Some(excerpt) = self.history.excerpt_for(sender_id, is_ignored) {
            self.send_to(id, &excerpt);
        }
    }

    /// Removes a connection, after it has been sent what it still has to receive.
    pub fn remove(&mut self, id: ConnectionId) -> Option<WriteHalf> {
        let mut member = self.members.remove(&id)?;
        self.join_leave_hidden_for.remove(&id);
        write_member(&mut member, &self.batch, &mut Vec::new());
        Some(member.write_half)
    }

    /// Remembers up to where a departed member has received the history.
    pub fn record_departure(&mut self, sender_id: SenderId, last_received: Option<Instant>) {
        self.history.record_departure(sender_id, last_received);
    }

    /// Adds messages for all members but their sender `from` and those in
    /// `ignored_by`.
    pub fn broadcast(
        &mut self,
        from: ConnectionId,
        sender_id: SenderId,
        lines: &Lines,
        count: usize,
        ignored_by: &[ConnectionId],
    ) {
        self.batch.push_shared(lines);
        self.history.record(Some(sender_id), lines, count);
        self.exclude(from, lines.len());
        for &id in ignored_by {
            self.exclude(id, lines.len());
        }
    }

    /// Leaves the last `length` bytes out of what a member receives.
    fn exclude(&mut self, id: ConnectionId, length: usize) {
        if let Some(member) = self.members.get_mut(&id) {
            self.customized.push(id);
            self.batch.exclude(&mut member.view, length);
        }
    }

    /// Adds a notice for all members.
    pub fn announce(&mut self, lines: &[u8]) {
        self.batch.push_shared(lines);
    }

    /// Adds a message of the operator, which the history keeps like any message.
    pub fn announce_operator(&mut self, line: &Lines) {
        self.batch.push_shared(line);
        self.history.record(None, line, 1);
    }

    /// Adds a notice for all members but `id`.
    pub fn send_to_others(&mut self, id: ConnectionId, lines: &[u8]) {
        self.batch.push_shared(lines);
        self.exclude(id, lines.len());
    }

    /// Adds lines for one member alone.
    pub fn send_to(&mut self, id: ConnectionId, lines: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            self.customized.push(id);
            self.batch.push_private(&mut member.view, lines);
        }
    }

    /// Adds the notice of a join or leave for the other members.
    ///
    /// In a crowd it is only counted: ten thousand members that join would be fifty
    /// million notices otherwise.
    pub fn record_change(&mut self, change: Change, notice: &[u8]) {
        if self.members.len() >= self.join_notice_limit {
            self.join_leave_counter.count(change);
        } else {
            self.send_join_leave(notice);
        }
    }

    fn send_join_leave(&mut self, notice: &[u8]) {
        self.batch.push_shared(notice);
        for id in &self.join_leave_hidden_for {
            if let Some(member) = self.members.get_mut(id) {
                self.customized.push(*id);
                self.batch.exclude(&mut member.view, notice.len());
            }
        }
    }

    /// Returns when the count of joins and leaves is due, if there is one.
    pub fn count_due(&self) -> Option<Instant> {
        self.join_leave_counter.due()
    }

    /// Announces how many members joined and left.
    pub fn announce_count(&mut self) {
        let notice = self.join_leave_counter.take_notice(self.members.len());
        self.send_join_leave(&Event::Notice(&notice).to_line());
    }

    /// Stops join and leave notices for one member.
    pub fn hide_join_leave(&mut self, id: ConnectionId) {
        self.join_leave_hidden_for.insert(id);
    }

    /// Sends one member join and leave notices again.
    pub fn show_join_leave(&mut self, id: ConnectionId) {
        self.join_leave_hidden_for.remove(&id);
    }

    /// Sets the topic, and adds the line for all members.
    pub fn set_topic(&mut self, line: &Lines) {
        self.batch.push_shared(line);
        self.topic = Some(Lines::clone(line));
    }

    /// Sends a member the topic, or `none` if there is none.
    pub fn send_topic(&mut self, id: ConnectionId, none: &[u8]) {
        match self.topic.clone() {
            Some(topic) => self.send_to(id, &topic),
            None => self.send_to(id, none),
        }
    }

    /// Returns the history, the oldest entry first.
    pub fn snapshot(&self) -> Vec<HistoryEntry> {
        self.history.snapshot()
    }

    /// Sends a member what it still has to receive, and then its last bytes.
    pub fn disconnect(&mut self, id: ConnectionId, final_bytes: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            write_member(member, &self.batch, &mut Vec::new());
            member.write_half.close(final_bytes);
        }
    }

    /// Sends every member what is still in the batch, and then the same last bytes.
    pub fn disconnect_all(mut self, final_bytes: &[u8]) {
        for member in self.members.values_mut() {
            write_member(member, &self.batch, &mut Vec::new());
            member.write_half.close(final_bytes);
        }
    }

    /// Makes one write for each member that has something to receive.
    pub fn flush(&mut self) {
        let Room { members, batch, .. } = self;
        let mut slices = Vec::new();
        if batch.has_no_shared() {
            for id in &self.customized {
                if let Some(member) = members.get_mut(id) {
                    write_member(member, batch, &mut slices);
                    // A member that is listed twice has an empty view the second time.
                    member.view.clear();
                }
            }
        } else {
            for member in members.values_mut() {
                write_member(member, batch, &mut slices);
            }
            for id in &self.customized {
                if let Some(member) = members.get_mut(id) {
                    member.view.clear();
                }
            }
        }
        drop(slices);
        self.customized.clear();
        self.batch.clear();
    }
}

fn write_member<'a>(member: &mut RoomMember, batch: &'a Batch, slices: &mut Vec<IoSlice<'a>>) {
    batch.slices(&member.view, slices);
    if !slices.is_empty() {
        let RoomMember { write_half, view } = member;
        write_half.send(slices, || batch.copy_for(view));
    }
}
