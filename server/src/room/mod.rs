//! Room: its members' connections, what is said there, and its history.
//!
//! Like the broadcaster, which owns all rooms, it knows no member's name: members are
//! numbers here and lines are bytes. Rooms know nothing of each other.
//!
//! Writes: to its connections, through their write halves, in the broadcaster's thread.
//! Locks: nothing of its own.
//! Blocks: never.

mod batch;
mod connections;
pub mod history;
pub mod id;
mod join_leave;
pub mod rendering;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::{Event, Name, Timestamp};

use crate::connection::{MemberId, WriteHalf};
use connections::RoomConnections;
use history::{History, MessageSender};
use id::{Lines, SenderId};
use join_leave::JoinLeaveCounter;
pub use join_leave::{JoinLeave, JoinLeaveNotice};
use rendering::now;

/// One room and what is said there.
pub struct Room {
    /// The name of the room in the log and the transcript.
    pub name: Name,
    /// The connections of its members.
    pub connections: RoomConnections,
    /// The lines that were said here.
    pub history: History,
    /// The members that want no join and leave notices.
    join_leave_hidden_for: BTreeSet<MemberId>,
    topic: Option<Topic>,
    /// With more members than this, joins and leaves are only counted.
    join_notice_limit: usize,
    join_leave_counter: JoinLeaveCounter,
}

struct Topic {
    /// The line that set it, with the name of the member who did.
    line: Lines,
    set_by: MemberId,
    time: Timestamp,
}

impl Room {
    /// Makes an empty room that keeps `history_lines`, and announces each join and
    /// leave while it has at most `join_notice_limit` members.
    pub fn new(name: Name, history_lines: usize, join_notice_limit: usize) -> Room {
        Room {
            connections: RoomConnections::default(),
            history: History::new(&name, history_lines),
            join_leave_hidden_for: BTreeSet::new(),
            topic: None,
            join_notice_limit,
            join_leave_counter: JoinLeaveCounter::default(),
            name,
        }
    }

    /// Sends a newcomer the topic and the history, without the senders for which
    /// `is_ignored` is true.
    pub fn send_history(
        &mut self,
        id: MemberId,
        sender_id: SenderId,
        is_ignored: impl Fn(MemberId) -> bool,
    ) {
        let rendering = self.connections.rendering_of(id);
        let topic = self.topic.as_ref();
        if let Some(topic) = topic.filter(|topic| !is_ignored(topic.set_by)) {
            let line = rendering.of_notice(&topic.line, topic.time);
            self.connections.send_to(id, &line);
        }
        let max_bytes = self.connections.max_answer_of(id);
        let excerpt = self
            .history
            .excerpt_for(sender_id, rendering, max_bytes, is_ignored);
        if let Some(excerpt) = excerpt {
            self.connections.send_to(id, &excerpt);
        }
    }

    /// Removes a member. Returns its connection, unless that is broken. The history
    /// remembers up to where the member has received it; without `missed_since` it has
    /// received all. The member has `stayed` in this room for some time.
    pub fn remove(
        &mut self,
        id: MemberId,
        sender_id: Option<SenderId>,
        missed_since: Option<Instant>,
        stayed: Duration,
    ) -> Option<WriteHalf> {
        self.join_leave_hidden_for.remove(&id);
        if let Some(sender_id) = sender_id {
            self.history.record_leaving(sender_id, missed_since, stayed);
        }
        self.connections.remove(id)
    }

    /// Adds messages for all members but their sender `from` and those in
    /// `ignored_by`.
    pub fn broadcast(
        &mut self,
        from: MessageSender,
        lines: &Lines,
        count: usize,
        ignored_by: &[MemberId],
    ) {
        self.say(Some(from), lines, count);
        self.connections.exclude(from.member);
        self.exclude_all(ignored_by);
    }

    /// Leaves the lines that were added last out of what these members receive.
    pub fn exclude_all(&mut self, members: &[MemberId]) {
        for &id in members {
            self.connections.exclude(id);
        }
    }

    /// Adds lines that the history keeps, for all members.
    fn say(&mut self, from: Option<MessageSender>, lines: &Lines, count: usize) {
        let time = now();
        let first_id = self.history.record(from, lines, count, time);
        let tags = || self.history.tag_writer(time, first_id);
        self.connections.push_shared(lines, tags);
    }

    /// Adds a message of the operator, which the history keeps like any message.
    pub fn announce_operator(&mut self, line: &Lines) {
        self.say(None, line, 1);
    }

    /// Adds a notice for all members but `id`.
    pub fn send_to_others(&mut self, id: MemberId, lines: &[u8]) {
        self.connections.push_notice(lines);
        self.connections.exclude(id);
    }

    /// Adds the notice of a join or leave for the other members.
    ///
    /// In a crowd it is only counted: ten thousand members that join would be fifty
    /// million notices otherwise.
    pub fn announce_join_leave(&mut self, notice: JoinLeaveNotice<'_>) {
        if self.connections.count() >= self.join_notice_limit {
            return self.join_leave_counter.count(notice.change);
        }
        self.send_join_leave(notice.text);
        if notice.plain == notice.text {
            return;
        }
        for &id in notice.ignored_by {
            self.connections.exclude(id);
            if !self.join_leave_hidden_for.contains(&id) {
                self.connections.send_notice(id, notice.plain);
            }
        }
    }

    fn send_join_leave(&mut self, notice: &[u8]) {
        self.connections.push_notice(notice);
        for &id in &self.join_leave_hidden_for {
            self.connections.exclude(id);
        }
    }

    /// Returns the time at which the count of joins and leaves is due, if there is one.
    pub fn count_due(&self) -> Option<Instant> {
        self.join_leave_counter.due()
    }

    /// Announces how many members joined and left.
    pub fn announce_count(&mut self) {
        let notice = self
            .join_leave_counter
            .take_notice(self.connections.count());
        self.send_join_leave(&Event::Notice(&notice).to_line());
    }

    /// Stops join and leave notices for one member.
    pub fn hide_join_leave(&mut self, id: MemberId) {
        self.join_leave_hidden_for.insert(id);
    }

    /// Sends one member join and leave notices again.
    pub fn show_join_leave(&mut self, id: MemberId) {
        self.join_leave_hidden_for.remove(&id);
    }

    /// Sets the topic, and adds the line for all members.
    pub fn set_topic(&mut self, set_by: MemberId, line: &Lines) {
        self.connections.push_notice(line);
        self.topic = Some(Topic {
            line: Lines::clone(line),
            set_by,
            time: now(),
        });
    }

    /// Sends a member the topic, or `none` if there is none or its author is ignored.
    pub fn send_topic(&mut self, id: MemberId, none: &[u8], is_ignored: impl Fn(MemberId) -> bool) {
        let topic = self
            .topic
            .as_ref()
            .filter(|topic| !is_ignored(topic.set_by));
        let line = topic.map_or(none, |topic| topic.line.as_slice());
        self.connections.send_to(id, line);
    }
}
