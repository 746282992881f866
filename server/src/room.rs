//! One room: its members, what they are about to be told, and what it keeps.
//!
//! Like the broadcaster, which owns all rooms, it knows no names: members are
//! numbers here and lines are bytes. Rooms know nothing of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Instant;

use common::{Event, Name, notice};

use crate::batch::{Batch, View};
use crate::history::{History, Said, Voice};
use crate::limits;
use crate::link::{Id, Outlet};
use crate::post::Lines;

/// The members of one room and what is said there.
pub struct Room {
    /// What it is called in the log and the transcript.
    pub name: Name,
    /// In the order in which they came, which is the order their sockets lie in
    /// memory: at a thousand members that saves a tenth of the time (measured).
    members: BTreeMap<Id, Member>,
    batch: Batch,
    /// Those whose view of this batch is not simply the shared lines.
    touched: Vec<Id>,
    /// Those who do not want to know who comes and goes.
    quiet: BTreeSet<Id>,
    /// What the room is about, with who said so; shown to who comes in.
    topic: Option<Lines>,
    history: History,
    /// Above so many members it is told only how many come and go.
    crowd: usize,
    footfall: Footfall,
}

struct Member {
    outlet: Outlet,
    view: View,
}

/// Who came and went since the last time that was told.
#[derive(Default)]
struct Footfall {
    come: usize,
    gone: usize,
    /// When it is told next; none if nobody came or went.
    due: Option<Instant>,
}

/// In which way somebody passes the door of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// In.
    Come,
    /// Out.
    Gone,
}

impl Room {
    /// An empty room that keeps `history` lines, and tells of each step as long
    /// as there are at most `crowd` members.
    pub fn new(name: Name, history: usize, crowd: usize) -> Room {
        Room {
            name,
            members: BTreeMap::new(),
            batch: Batch::default(),
            touched: Vec::new(),
            quiet: BTreeSet::new(),
            topic: None,
            history: History::new(history),
            crowd,
            footfall: Footfall::default(),
        }
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether there is nothing to write.
    pub fn is_idle(&self) -> bool {
        self.batch.is_empty() && self.touched.is_empty()
    }

    /// Takes in a connection; it hears what is said from now on.
    pub fn admit(&mut self, outlet: Outlet) {
        let view = self.batch.newcomer();
        self.touched.push(outlet.id());
        self.members.insert(outlet.id(), Member { outlet, view });
    }

    /// Sends a connection no newlines any more.
    pub fn unframe(&mut self, id: Id) {
        if let Some(member) = self.members.get_mut(&id) {
            member.outlet.unframe();
        }
    }

    /// Shows a newcomer the topic, and what was said before; but nothing of
    /// those that it is `deaf_to`.
    pub fn greet(&mut self, id: Id, voice: Voice, deaf_to: impl Fn(Voice) -> bool) {
        if let Some(topic) = self.topic.clone() {
            self.tell(id, &topic);
        }
        if let Some(past) = self.history.greet(voice, deaf_to) {
            self.tell(id, &past);
        }
    }

    /// Lets a connection go, after it has been sent what it still has to get.
    pub fn release(&mut self, id: Id) -> Option<Outlet> {
        let mut member = self.members.remove(&id)?;
        self.quiet.remove(&id);
        send(&mut member, &self.batch, &mut Vec::new());
        Some(member.outlet)
    }

    /// Remembers up to where somebody who goes has heard what was said.
    pub fn depart(&mut self, voice: Voice, until: Option<Instant>) {
        self.history.depart(voice, until);
    }

    /// Says lines of `from` to all others but those `deaf` to them.
    pub fn say(&mut self, from: Id, voice: Voice, lines: &Lines, count: usize, deaf: &[Id]) {
        self.batch.say(lines);
        self.history.note(Some(voice), lines, count);
        self.leave_out(from, lines.len());
        for &id in deaf {
            self.leave_out(id, lines.len());
        }
    }

    /// Leaves the last `length` bytes out of what a member gets.
    fn leave_out(&mut self, id: Id, length: usize) {
        if let Some(member) = self.members.get_mut(&id) {
            self.touched.push(id);
            self.batch.leave_out(&mut member.view, length);
        }
    }

    /// Says a line to everybody.
    pub fn announce(&mut self, line: &[u8]) {
        self.batch.say(line);
    }

    /// Says a line of the operator, which is kept like any message.
    pub fn proclaim(&mut self, line: &Lines) {
        self.batch.say(line);
        self.history.note(None, line, 1);
    }

    /// Tells all members but `id` something about it.
    pub fn tell_others(&mut self, id: Id, line: &[u8]) {
        self.batch.say(line);
        self.leave_out(id, line.len());
    }

    /// Tells one member something.
    pub fn tell(&mut self, id: Id, line: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            self.touched.push(id);
            self.batch.tell(&mut member.view, line);
        }
    }

    /// Tells who is there that somebody came or went, who is not among them.
    ///
    /// In a crowd it is only counted: ten thousand members who join would be
    /// told fifty million times otherwise.
    pub fn step(&mut self, step: Step, line: &[u8]) {
        if self.members.len() >= self.crowd {
            return self.footfall.count(step);
        }
        self.tell_unless_quiet(line);
    }

    fn tell_unless_quiet(&mut self, line: &[u8]) {
        self.batch.say(line);
        for id in &self.quiet {
            if let Some(member) = self.members.get_mut(id) {
                self.touched.push(*id);
                self.batch.leave_out(&mut member.view, line.len());
            }
        }
    }

    /// When the count of those who came and went is due, if there is one.
    pub fn count_due(&self) -> Option<Instant> {
        self.footfall.due
    }

    /// Tells how many came and went.
    pub fn tell_count(&mut self) {
        let Footfall { come, gone, .. } = std::mem::take(&mut self.footfall);
        let told = notice::join_leave_counts(come, gone, self.members.len());
        self.tell_unless_quiet(&Event::Notice(&told).to_line());
    }

    /// Has a member hear of others' steps, or not.
    pub fn set_quiet(&mut self, id: Id) {
        self.quiet.insert(id);
    }

    /// Has a member hear of others' steps again.
    pub fn clear_quiet(&mut self, id: Id) {
        self.quiet.remove(&id);
    }

    /// Sets the topic, and tells it.
    pub fn set_topic(&mut self, line: &Lines) {
        self.batch.say(line);
        self.topic = Some(Lines::clone(line));
    }

    /// Tells a member the topic, or `none` if there is none.
    pub fn tell_topic(&mut self, id: Id, none: &[u8]) {
        match self.topic.clone() {
            Some(topic) => self.tell(id, &topic),
            None => self.tell(id, none),
        }
    }

    /// All that is kept, the oldest first.
    pub fn snapshot(&self) -> Vec<Said> {
        self.history.snapshot()
    }

    /// Sends a member what it still has to get, and `farewell`. What comes later
    /// does not reach it any more.
    pub fn dismiss(&mut self, id: Id, farewell: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            send(member, &self.batch, &mut Vec::new());
            member.outlet.close(farewell);
        }
    }

    /// Sends everybody the rest, and then the end.
    pub fn dismiss_all(mut self, farewell: &[u8]) {
        for member in self.members.values_mut() {
            send(member, &self.batch, &mut Vec::new());
            member.outlet.close(farewell);
        }
    }

    /// One write for each member that has something to get.
    pub fn flush(&mut self) {
        let Room { members, batch, .. } = self;
        let mut pieces = Vec::new();
        if batch.is_private() {
            for id in &self.touched {
                if let Some(member) = members.get_mut(id) {
                    send(member, batch, &mut pieces);
                    // Told twice, it stands here twice: the second finds nothing.
                    member.view.clear();
                }
            }
        } else {
            for member in members.values_mut() {
                send(member, batch, &mut pieces);
            }
            for id in &self.touched {
                if let Some(member) = members.get_mut(id) {
                    member.view.clear();
                }
            }
        }
        drop(pieces);
        self.touched.clear();
        self.batch.clear();
    }
}

impl Footfall {
    fn count(&mut self, step: Step) {
        match step {
            Step::Come => self.come += 1,
            Step::Gone => self.gone += 1,
        }
        self.due
            .get_or_insert_with(|| Instant::now() + limits::FOOTFALL);
    }
}

fn send<'a>(member: &mut Member, batch: &'a Batch, pieces: &mut Vec<IoSlice<'a>>) {
    batch.pieces(&member.view, pieces);
    if !pieces.is_empty() {
        let Member { outlet, view } = member;
        outlet.send(pieces, || batch.keep(view));
    }
}
