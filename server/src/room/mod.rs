//! One room: its members, what they are about to be told, and what it keeps.
//!
//! Like the broadcaster, which owns all rooms, it knows no names: members are
//! numbers here and lines are bytes. Rooms know nothing of each other.

mod batch;
pub mod history;
pub mod id;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Instant;

use common::{Event, Name, notice};

use crate::connection::{ConnectionId, WriteHalf};
use crate::limits;
use batch::{Batch, View};
use history::{History, HistoryEntry};
use id::{Lines, SenderId};

/// The members of one room and what is said there.
pub struct Room {
    /// What it is called in the log and the transcript.
    pub name: Name,
    /// In the order in which they came, which is the order their sockets lie in
    /// memory: at a thousand members that saves a tenth of the time (measured).
    members: BTreeMap<ConnectionId, Member>,
    batch: Batch,
    /// Those whose view of this batch is not simply the shared lines.
    customized: Vec<ConnectionId>,
    /// Those who do not want to know who comes and goes.
    hide_join_leave: BTreeSet<ConnectionId>,
    /// What the room is about, with who said so; shown to who comes in.
    topic: Option<Lines>,
    history: History,
    /// Above so many members it is told only how many come and go.
    join_notice_limit: usize,
    join_leave_counter: JoinLeaveCounter,
}

struct Member {
    write_half: WriteHalf,
    view: View,
}

/// Who came and went since the last time that was told.
#[derive(Default)]
struct JoinLeaveCounter {
    joined: usize,
    left: usize,
    /// When it is told next; none if nobody came or went.
    due: Option<Instant>,
}

/// In which way somebody passes the door of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In.
    Joined,
    /// Out.
    Left,
}

impl Room {
    /// An empty room that keeps `history` lines, and tells of each step as long
    /// as there are at most `crowd` members.
    pub fn new(name: Name, history: usize, join_notice_limit: usize) -> Room {
        Room {
            name,
            members: BTreeMap::new(),
            batch: Batch::default(),
            customized: Vec::new(),
            hide_join_leave: BTreeSet::new(),
            topic: None,
            history: History::new(history),
            join_notice_limit,
            join_leave_counter: JoinLeaveCounter::default(),
        }
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether there is nothing to write.
    pub fn is_clean(&self) -> bool {
        self.batch.is_empty() && self.customized.is_empty()
    }

    /// Takes in a connection; it hears what is said from now on.
    pub fn add_member(&mut self, write_half: WriteHalf) {
        let view = self.batch.newcomer_view();
        self.customized.push(write_half.id());
        self.members
            .insert(write_half.id(), Member { write_half, view });
    }

    /// Sends a connection no newlines any more.
    pub fn set_unframed(&mut self, id: ConnectionId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.write_half.set_unframed();
        }
    }

    /// Shows a newcomer the topic, and what was said before; but nothing of
    /// those that it is `deaf_to`.
    pub fn send_history(
        &mut self,
        id: ConnectionId,
        sender_id: SenderId,
        deaf_to: impl Fn(SenderId) -> bool,
    ) {
        if let Some(topic) = self.topic.clone() {
            self.send_to(id, &topic);
        }
        if let Some(past) = self.history.excerpt_for(sender_id, deaf_to) {
            self.send_to(id, &past);
        }
    }

    /// Lets a connection go, after it has been sent what it still has to get.
    pub fn remove_member(&mut self, id: ConnectionId) -> Option<WriteHalf> {
        let mut member = self.members.remove(&id)?;
        self.hide_join_leave.remove(&id);
        write_member(&mut member, &self.batch, &mut Vec::new());
        Some(member.write_half)
    }

    /// Remembers up to where somebody who goes has heard what was said.
    pub fn record_departure(&mut self, sender_id: SenderId, until: Option<Instant>) {
        self.history.record_departure(sender_id, until);
    }

    /// Says lines of `from` to all others but those `deaf` to them.
    pub fn broadcast(
        &mut self,
        from: ConnectionId,
        sender_id: SenderId,
        lines: &Lines,
        count: usize,
        deaf: &[ConnectionId],
    ) {
        self.batch.push_shared(lines);
        self.history.record(Some(sender_id), lines, count);
        self.exclude(from, lines.len());
        for &id in deaf {
            self.exclude(id, lines.len());
        }
    }

    /// Leaves the last `length` bytes out of what a member gets.
    fn exclude(&mut self, id: ConnectionId, length: usize) {
        if let Some(member) = self.members.get_mut(&id) {
            self.customized.push(id);
            self.batch.exclude(&mut member.view, length);
        }
    }

    /// Says a line to everybody.
    pub fn announce(&mut self, line: &[u8]) {
        self.batch.push_shared(line);
    }

    /// Says a line of the operator, which is kept like any message.
    pub fn announce_operator(&mut self, line: &Lines) {
        self.batch.push_shared(line);
        self.history.record(None, line, 1);
    }

    /// Tells all members but `id` something about it.
    pub fn send_to_others(&mut self, id: ConnectionId, line: &[u8]) {
        self.batch.push_shared(line);
        self.exclude(id, line.len());
    }

    /// Tells one member something.
    pub fn send_to(&mut self, id: ConnectionId, line: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            self.customized.push(id);
            self.batch.push_private(&mut member.view, line);
        }
    }

    /// Tells who is there that somebody came or went, who is not among them.
    ///
    /// In a crowd it is only counted: ten thousand members who join would be
    /// told fifty million times otherwise.
    pub fn record_change(&mut self, step: Change, line: &[u8]) {
        if self.members.len() >= self.join_notice_limit {
            return self.join_leave_counter.count(step);
        }
        self.send_join_leave(line);
    }

    fn send_join_leave(&mut self, line: &[u8]) {
        self.batch.push_shared(line);
        for id in &self.hide_join_leave {
            if let Some(member) = self.members.get_mut(id) {
                self.customized.push(*id);
                self.batch.exclude(&mut member.view, line.len());
            }
        }
    }

    /// When the count of those who came and went is due, if there is one.
    pub fn count_due(&self) -> Option<Instant> {
        self.join_leave_counter.due
    }

    /// Tells how many came and went.
    pub fn announce_count(&mut self) {
        let JoinLeaveCounter {
            joined: come,
            left: gone,
            ..
        } = std::mem::take(&mut self.join_leave_counter);
        let message = notice::join_leave_counts(come, gone, self.members.len());
        self.send_join_leave(&Event::Notice(&message).to_line());
    }

    /// Has a member hear of others' steps, or not.
    pub fn hide_join_leave(&mut self, id: ConnectionId) {
        self.hide_join_leave.insert(id);
    }

    /// Has a member hear of others' steps again.
    pub fn show_join_leave(&mut self, id: ConnectionId) {
        self.hide_join_leave.remove(&id);
    }

    /// Sets the topic, and tells it.
    pub fn set_topic(&mut self, line: &Lines) {
        self.batch.push_shared(line);
        self.topic = Some(Lines::clone(line));
    }

    /// Tells a member the topic, or `none` if there is none.
    pub fn send_topic(&mut self, id: ConnectionId, none: &[u8]) {
        match self.topic.clone() {
            Some(topic) => self.send_to(id, &topic),
            None => self.send_to(id, none),
        }
    }

    /// All that is kept, the oldest first.
    pub fn snapshot(&self) -> Vec<HistoryEntry> {
        self.history.snapshot()
    }

    /// Sends a member what it still has to get, and `farewell`. What comes later
    /// does not reach it any more.
    pub fn disconnect(&mut self, id: ConnectionId, final_bytes: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            write_member(member, &self.batch, &mut Vec::new());
            member.write_half.close(final_bytes);
        }
    }

    /// Sends everybody the rest, and then the end.
    pub fn disconnect_all(mut self, final_bytes: &[u8]) {
        for member in self.members.values_mut() {
            write_member(member, &self.batch, &mut Vec::new());
            member.write_half.close(final_bytes);
        }
    }

    /// One write for each member that has something to get.
    pub fn flush(&mut self) {
        let Room { members, batch, .. } = self;
        let mut pieces = Vec::new();
        if batch.has_no_shared() {
            for id in &self.customized {
                if let Some(member) = members.get_mut(id) {
                    write_member(member, batch, &mut pieces);
                    // Told twice, it stands here twice: the second finds nothing.
                    member.view.clear();
                }
            }
        } else {
            for member in members.values_mut() {
                write_member(member, batch, &mut pieces);
            }
            for id in &self.customized {
                if let Some(member) = members.get_mut(id) {
                    member.view.clear();
                }
            }
        }
        drop(pieces);
        self.customized.clear();
        self.batch.clear();
    }
}

impl JoinLeaveCounter {
    fn count(&mut self, step: Change) {
        match step {
            Change::Joined => self.joined += 1,
            Change::Left => self.left += 1,
        }
        self.due
            .get_or_insert_with(|| Instant::now() + limits::JOIN_COUNT_INTERVAL);
    }
}

fn write_member<'a>(member: &mut Member, batch: &'a Batch, pieces: &mut Vec<IoSlice<'a>>) {
    batch.slices(&member.view, pieces);
    if !pieces.is_empty() {
        let Member { write_half, view } = member;
        write_half.send(pieces, || batch.copy_for(view));
    }
}
