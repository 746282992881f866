//! The one thread that speaks: posts in, one write for each member out.
//!
//! It takes every post that is waiting, up to [`BATCH`](limits::BATCH) bytes,
//! and only then writes: under load a single system call carries hundreds of
//! lines to a member, and when all is quiet a line goes out at once.
//!
//! It knows no names: members are numbers here, lines are bytes. Nothing in this
//! file can block but waiting for the next post; the only lock on its way is that
//! of a lagging member's backlog, which is held for a moment.

mod hearing;
mod moves;

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::history::Voice;
use crate::limits;
use crate::link::Id;
use crate::post::{Lines, Place, Post};
use crate::registry::{HALL, hall, lobby};
use crate::room::Room;
use crate::tap::Tap;

/// Owns every room, and in them every connection's outlet.
pub struct Broadcaster {
    rooms: BTreeMap<u64, Room>,
    profiles: HashMap<Id, Profile>,
    /// Those who do not want to hear a voice. Mostly empty, so that it costs a
    /// message nothing.
    deaf: HashMap<Voice, Vec<Id>>,
    /// The rooms that have something to write.
    busy: Vec<u64>,
    /// The rooms that will tell how many came and went.
    counting: Vec<u64>,
    /// Whether the server is ending.
    stopping: bool,
    /// Who has left since then, with the last line for each.
    farewells: Vec<(Id, Vec<u8>)>,
    keep: Keep,
    tap: Tap,
}

/// What rooms are made with.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How many lines each keeps.
    pub history: usize,
    /// Up to how many members it tells who comes and goes.
    pub crowd: usize,
}

/// What is known of a connection beside its outlet.
struct Profile {
    room: u64,
    /// None before it is a member.
    voice: Option<Voice>,
    quiet: bool,
    ignored: Vec<Voice>,
}

impl Broadcaster {
    /// A broadcaster without members, which tells `tap` what happens.
    pub fn new(keep: Keep, tap: Tap) -> Broadcaster {
        let mut broadcaster = Broadcaster {
            rooms: BTreeMap::new(),
            profiles: HashMap::new(),
            deaf: HashMap::new(),
            busy: Vec::new(),
            counting: Vec::new(),
            stopping: false,
            farewells: Vec::new(),
            keep,
            tap,
        };
        broadcaster.open_room(&hall());
        broadcaster.open_room(&lobby());
        broadcaster
    }

    /// The thread's life: until [`Post::End`], or until nobody can post.
    pub fn run(mut self, posts: &Receiver<Post>) {
        while let Some(mut post) = self.next(posts) {
            let mut waiting = 0;
            loop {
                if let Post::End = post {
                    return;
                }
                waiting += self.take(post);
                if waiting >= limits::BATCH {
                    break;
                }
                match posts.try_recv() {
                    Ok(next) => post = next,
                    Err(_none_waits) => break,
                }
            }
            self.flush();
        }
    }

    /// Waits for the next post, and meanwhile tells the counts that are due.
    fn next(&mut self, posts: &Receiver<Post>) -> Option<Post> {
        loop {
            let due = self
                .counting
                .iter()
                .filter_map(|number| self.rooms.get(number)?.count_due());
            let Some(due) = due.min() else {
                return posts.recv().ok();
            };
            if Instant::now() < due {
                match posts.recv_deadline(due) {
                    Ok(post) => return Some(post),
                    Err(RecvTimeoutError::Disconnected) => return None,
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
            self.tell_counts();
            self.flush();
        }
    }

    fn tell_counts(&mut self) {
        let now = Instant::now();
        for number in mem::take(&mut self.counting) {
            match self.rooms.get_mut(&number) {
                Some(room) if room.count_due().is_some_and(|due| due <= now) => {
                    call(&mut self.busy, number, room);
                    room.tell_count();
                }
                Some(_) => self.counting.push(number),
                None => {}
            }
        }
    }

    /// Does what a post says, and tells how many bytes wait to be written for it.
    fn take(&mut self, post: Post) -> usize {
        let bytes = post.weight();
        match post {
            Post::Open(outlet) => self.open(outlet),
            Post::Unframe(id) => self.unframe(id),
            Post::Enter(passage, voice) => self.enter(passage, voice),
            Post::Move(passage) => self.pass(passage),
            Post::Say { from, lines, count } => self.say(from, lines, count),
            Post::Tell { to, line } => self.tell(to, &line),
            Post::Whisper {
                from,
                to,
                line,
                missed,
            } => self.whisper(from, to, &line, &missed),
            Post::About { id, notice, told } => self.about(id, &notice, &told),
            Post::Rename {
                id,
                voice,
                notice,
                told,
            } => {
                self.about(id, &notice, &told);
                self.rename(id, voice);
            }
            Post::SetTopic { id, line } => {
                if let Some((room, tap)) = self.room_of(id) {
                    tap.said(&room.name, Lines::clone(&line));
                    room.set_topic(&line);
                }
            }
            Post::AskTopic { id, none } => {
                if let Some((room, _)) = self.room_of(id) {
                    room.tell_topic(id, &none);
                }
            }
            Post::Recall { id, reply } => {
                // Whoever asked waits for it; if not, nobody needs it.
                let _ = reply.send(self.recall(id));
            }
            Post::HandOver { id, to } => self.hand_over(id, &to),
            Post::Shared { member, notice } => self.shared(member, &notice),
            Post::Heed { id, what } => self.heed(id, what),
            Post::Announce { place, line } => self.announce(place.as_ref(), &line),
            Post::Exit {
                id,
                notice,
                farewell,
                entry,
                heard,
            } => {
                self.tap.log.note(entry);
                self.exit(id, &notice, farewell, heard);
            }
            Post::Dismiss { id, farewell } => self.dismiss(id, &farewell),
            Post::Stopping(line) => {
                self.in_each(None, |room, _| room.announce(&line));
                self.stopping = true;
            }
            Post::Farewell(line) => self.dismiss_all(&line),
            Post::End => {}
        }
        bytes
    }

    /// The room at `place`, which is made if there is none yet; it has work now.
    fn open_room(&mut self, place: &Place) -> &mut Room {
        let Keep { history, crowd } = self.keep;
        let room = self.rooms.entry(place.number);
        let room = room.or_insert_with(|| Room::new(place.name.clone(), history, crowd));
        call(&mut self.busy, place.number, room);
        room
    }

    /// The room in which a connection is, which has work now.
    fn room_of(&mut self, id: Id) -> Option<(&mut Room, &Tap)> {
        let number = self.profiles.get(&id)?.room;
        let room = self.rooms.get_mut(&number)?;
        call(&mut self.busy, number, room);
        Some((room, &self.tap))
    }

    fn say(&mut self, from: Id, lines: Lines, count: usize) {
        let Some(profile) = self.profiles.get(&from) else {
            return;
        };
        let (Some(voice), Some(room)) = (profile.voice, self.rooms.get_mut(&profile.room)) else {
            return;
        };
        call(&mut self.busy, profile.room, room);
        let deaf = self.deaf.get(&voice).map_or(&[][..], Vec::as_slice);
        room.say(from, voice, &lines, count, deaf);
        self.tap.said(&room.name, lines);
    }

    fn tell(&mut self, to: Id, line: &[u8]) {
        if let Some((room, _)) = self.room_of(to) {
            room.tell(to, line);
        }
    }

    fn whisper(&mut self, from: Id, to: Id, line: &[u8], missed: &[u8]) {
        match self.profiles.contains_key(&to) {
            true => self.tell(to, line),
            false => self.tell(from, missed),
        }
    }

    fn about(&mut self, id: Id, notice: &[u8], told: &[u8]) {
        if let Some((room, tap)) = self.room_of(id) {
            tap.told(&room.name, notice);
            room.tell_others(id, notice);
            room.tell(id, told);
        }
    }

    /// Says a line of the operator, in one room or in all.
    fn announce(&mut self, place: Option<&Place>, line: &Lines) {
        self.in_each(place, |room, tap| {
            room.proclaim(line);
            tap.told(&room.name, line);
        });
        let room = place.map(|place| place.name.clone());
        self.tap.log.said(room, Lines::clone(line));
    }

    /// Does something in the room at `place`, or in every one but the hall.
    fn in_each(&mut self, place: Option<&Place>, mut act: impl FnMut(&mut Room, &Tap)) {
        let chosen = |number: u64| place.is_none_or(|place| place.number == number);
        for (&number, room) in &mut self.rooms {
            if number != HALL && chosen(number) {
                call(&mut self.busy, number, room);
                act(room, &self.tap);
            }
        }
    }

    /// One write for each member that has something to get.
    fn flush(&mut self) {
        for number in self.busy.drain(..) {
            if let Some(room) = self.rooms.get_mut(&number) {
                room.flush();
            }
        }
    }
}

/// Notes, before a room gets something to write, that it will have.
fn call(busy: &mut Vec<u64>, number: u64, room: &Room) {
    if room.is_idle() {
        busy.push(number);
    }
}
