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
pub mod rendering;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Instant;

use common::{Event, Name, Timestamp};

use crate::connection::{ConnectionId, WriteHalf};
use batch::View;
use history::{History, HistoryEntry, Sender};
use id::{Lines, SenderId};
pub use join_leave::Change;
use join_leave::JoinLeaveCounter;
use rendering::{Rendering, RoomBatch, now, tag_notices};

/// The members of one room and what is said there.
pub struct Room {
    /// The name of the room in the log and the transcript.
    pub name: Name,
    /// The members in the order of joining, in which their sockets lie in memory. At a
    /// thousand members that saves a tenth of the time (measured).
    members: BTreeMap<ConnectionId, RoomMember>,
    /// The members whose connection is broken, and may still come back.
    detached: BTreeSet<ConnectionId>,
    batch: RoomBatch,
    /// The members whose view of this batch is not simply the shared lines.
    customized: Vec<ConnectionId>,
    /// The members that want no join and leave notices.
    join_leave_hidden_for: BTreeSet<ConnectionId>,
    /// The line that set the topic, with the name of the member who did, and when.
    topic: Option<(Lines, Timestamp)>,
    history: History,
    /// Above so many members joins and leaves are only counted.
    join_notice_limit: usize,
    join_leave_counter: JoinLeaveCounter,
}

struct RoomMember {
    write_half: WriteHalf,
    rendering: Rendering,
    view: View,
}

impl Room {
    /// Makes an empty room that keeps `history_lines`, and announces each join and
    /// leave while it has at most `join_notice_limit` members.
    pub fn new(name: Name, history_lines: usize, join_notice_limit: usize) -> Room {
        Room {
            members: BTreeMap::new(),
            detached: BTreeSet::new(),
            batch: RoomBatch::default(),
            customized: Vec::new(),
            join_leave_hidden_for: BTreeSet::new(),
            topic: None,
            history: History::new(&name, history_lines),
            name,
            join_notice_limit,
            join_leave_counter: JoinLeaveCounter::default(),
        }
    }

    /// Returns `true` if the room has no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.detached.is_empty()
    }

    /// Returns `true` if the member `id` is in the room, connected or not.
    pub fn contains(&self, id: ConnectionId) -> bool {
        self.members.contains_key(&id) || self.detached.contains(&id)
    }

    /// Returns `true` if the room has nothing to write.
    pub fn is_clean(&self) -> bool {
        self.batch.is_empty() && self.customized.is_empty()
    }

    /// Adds a member with its connection, or the new connection of a detached one. It
    /// receives what is said from now on.
    pub fn add(&mut self, id: ConnectionId, write_half: WriteHalf, rendering: Rendering) {
        self.detached.remove(&id);
        let view = self.batch.add_member(rendering);
        if !view.is_shared() {
            self.customized.push(id);
        }
        let member = RoomMember {
            write_half,
            rendering,
            view,
        };
        self.members.insert(id, member);
    }

    /// Sends a connection tags from now on.
    pub fn set_tagged(&mut self, id: ConnectionId) {
        if let Some(write_half) = self.take_write_half(id) {
            self.add(id, write_half, Rendering::Tagged);
        }
    }

    /// Takes the broken connection of a member, which stays in the room.
    pub fn detach(&mut self, id: ConnectionId) -> Option<WriteHalf> {
        let write_half = self.take_write_half(id)?;
        self.detached.insert(id);
        Some(write_half)
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
        let rendering = self.rendering_of(id);
        if let Some((topic, time)) = self.topic.clone() {
            self.send_to(id, &rendering.of_notice(&topic, time));
        }
        let excerpt = self.history.excerpt_for(sender_id, rendering, is_ignored);
        if let Some(excerpt) = excerpt {
            self.send_to(id, &excerpt);
        }
    }

    /// Removes a member. Returns its connection, unless that is broken, after it has
    /// been sent what it still has to receive.
    pub fn remove(&mut self, id: ConnectionId) -> Option<WriteHalf> {
        self.join_leave_hidden_for.remove(&id);
        self.detached.remove(&id);
        self.take_write_half(id)
    }

    /// Takes a connection out, after it has been sent what it still has to receive.
    fn take_write_half(&mut self, id: ConnectionId) -> Option<WriteHalf> {
        let mut member = self.members.remove(&id)?;
        write_member(&mut member, &self.batch, &mut Vec::new());
        self.batch.remove_member(member.rendering);
        Some(member.write_half)
    }

    /// Returns how the lines of a member are rendered.
    pub fn rendering_of(&self, id: ConnectionId) -> Rendering {
        let member = self.members.get(&id);
        member.map_or(Rendering::Plain, |member| member.rendering)
    }

    /// Remembers up to where a departed member has received the history; `None` is all.
    pub fn record_departure(&mut self, sender_id: SenderId, missed_since: Option<Instant>) {
        self.history.record_departure(sender_id, missed_since);
    }

    /// Adds messages for all members but their sender `from` and those in
    /// `ignored_by`.
    pub fn broadcast(
        &mut self,
        from: Sender,
        lines: &Lines,
        count: usize,
        ignored_by: &[ConnectionId],
    ) {
        self.say(Some(from), lines, count);
        self.exclude(from.member);
        for &id in ignored_by {
            self.exclude(id);
        }
    }

    /// Adds lines that the history keeps, for all members.
    fn say(&mut self, from: Option<Sender>, lines: &Lines, count: usize) {
        let time = now();
        let first_id = self.history.record(from, lines, count, time);
        let tags = || self.history.tag_writer(time, first_id);
        self.batch.push_shared(lines, tags);
    }

    /// Leaves the lines that were added last out of what a member receives.
    fn exclude(&mut self, id: ConnectionId) {
        if let Some(member) = self.members.get_mut(&id) {
            customize(&mut self.customized, id, &member.view);
            self.batch.exclude(member.rendering, &mut member.view);
        }
    }

    /// Adds a notice for all members.
    pub fn announce(&mut self, lines: &[u8]) {
        self.batch.push_notice(lines);
    }

    /// Adds a message of the operator, which the history keeps like any message.
    pub fn announce_operator(&mut self, line: &Lines) {
        self.say(None, line, 1);
    }

    /// Adds a notice for all members but `id`.
    pub fn send_to_others(&mut self, id: ConnectionId, lines: &[u8]) {
        self.batch.push_notice(lines);
        self.exclude(id);
    }

    /// Adds lines for one member alone.
    pub fn send_to(&mut self, id: ConnectionId, lines: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            customize(&mut self.customized, id, &member.view);
            let rendering = member.rendering;
            self.batch.push_private(rendering, &mut member.view, lines);
        }
    }

    /// Adds notices for one member alone. Unlike an answer to a command, they are
    /// tagged for a member that receives tags.
    pub fn notify(&mut self, id: ConnectionId, lines: &[u8]) {
        match self.rendering_of(id) {
            Rendering::Plain => self.send_to(id, lines),
            Rendering::Tagged => self.send_to(id, &tag_notices(lines, now())),
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
        self.batch.push_notice(notice);
        for id in self.join_leave_hidden_for.clone() {
            self.exclude(id);
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
        self.batch.push_notice(line);
        self.topic = Some((Lines::clone(line), now()));
    }

    /// Sends a member the topic, or `none` if there is none.
    pub fn send_topic(&mut self, id: ConnectionId, none: &[u8]) {
        match self.topic.clone() {
            Some((topic, _)) => self.send_to(id, &topic),
            None => self.send_to(id, none),
        }
    }

    /// Returns the history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Returns the entries of the history, the oldest first.
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
                }
            }
        } else {
            for member in members.values_mut() {
                write_member(member, batch, &mut slices);
            }
        }
        drop(slices);
        for id in self.customized.drain(..) {
            if let Some(member) = members.get_mut(&id) {
                member.view.clear();
            }
        }
        self.batch.clear();
    }
}

/// Notes that the view of member `id` is about to differ, unless it does already.
fn customize(customized: &mut Vec<ConnectionId>, id: ConnectionId, view: &View) {
    if view.is_shared() {
        customized.push(id);
    }
}

fn write_member<'a>(member: &mut RoomMember, batch: &'a RoomBatch, slices: &mut Vec<IoSlice<'a>>) {
    let batch = batch.rendered(member.rendering);
    batch.slices(&member.view, slices);
    if !slices.is_empty() {
        let RoomMember {
            write_half, view, ..
        } = member;
        write_half.send(slices, || batch.copy_for(view));
    }
}
