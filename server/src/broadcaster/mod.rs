//! The one thread that speaks: posts in, one write for each member out.
//!
//! It takes every post that is waiting, up to [`BATCH`](limits::BATCH) bytes,
//! and only then writes: under load a single system call carries hundreds of
//! lines to a member, and when all is quiet a line goes out at once.
//!
//! It knows no names: members are numbers here, lines are bytes. Nothing in this
//! file can block but waiting for the next post; the only lock on its way is that
//! of a lagging member's backlog, which is held for a moment.

mod filters;
mod membership;
pub mod post;

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::broadcaster::post::Post;
use crate::connection::ConnectionId;
use crate::limits;
use crate::record::Recorder;
use crate::room::Room;
use crate::room::id::{Lines, RoomId, SenderId, UNNAMED_ROOM};

/// Owns every room, and in them every connection's outlet.
pub struct Broadcaster {
    rooms: BTreeMap<u64, Room>,
    members: HashMap<ConnectionId, MemberState>,
    /// Those who do not want to hear a voice. Mostly empty, so that it costs a
    /// message nothing.
    ignored_by: HashMap<SenderId, Vec<ConnectionId>>,
    /// The rooms that have something to write.
    dirty_rooms: Vec<u64>,
    /// The rooms that will tell how many came and went.
    counting_rooms: Vec<u64>,
    /// Whether the server is ending.
    shutting_down: bool,
    /// Who has left since then, with the last line for each.
    final_bytes: Vec<(ConnectionId, Vec<u8>)>,
    room_config: RoomConfig,
    recorder: Recorder,
}

/// What rooms are made with.
#[derive(Clone, Copy, Debug)]
pub struct RoomConfig {
    /// How many lines each keeps.
    pub history_lines: usize,
    /// Up to how many members it tells who comes and goes.
    pub join_notice_limit: usize,
}

/// What is known of a connection beside its outlet.
struct MemberState {
    room: u64,
    /// None before it is a member.
    sender_id: Option<SenderId>,
    hides_join_leave: bool,
    ignored: Vec<SenderId>,
}

impl Broadcaster {
    /// A broadcaster without members, which tells `tap` what happens.
    pub fn new(keep: RoomConfig, recorder: Recorder) -> Broadcaster {
        let mut broadcaster = Broadcaster {
            rooms: BTreeMap::new(),
            members: HashMap::new(),
            ignored_by: HashMap::new(),
            dirty_rooms: Vec::new(),
            counting_rooms: Vec::new(),
            shutting_down: false,
            final_bytes: Vec::new(),
            room_config: keep,
            recorder,
        };
        broadcaster.room_or_create(&RoomId::unnamed_room());
        broadcaster.room_or_create(&RoomId::lobby());
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
                waiting += self.handle(post);
                if waiting >= limits::MAX_BATCH_BYTES {
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
                .counting_rooms
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
            self.announce_counts();
            self.flush();
        }
    }

    fn announce_counts(&mut self) {
        let now = Instant::now();
        for number in mem::take(&mut self.counting_rooms) {
            match self.rooms.get_mut(&number) {
                Some(room) if room.count_due().is_some_and(|due| due <= now) => {
                    mark_dirty(&mut self.dirty_rooms, number, room);
                    room.announce_count();
                }
                Some(_) => self.counting_rooms.push(number),
                None => {}
            }
        }
    }

    /// Does what a post says, and tells how many bytes wait to be written for it.
    fn handle(&mut self, post: Post) -> usize {
        let bytes = post.byte_size();
        match post {
            Post::Open(write_half) => self.open(write_half),
            Post::SetUnframed(id) => self.set_unframed(id),
            Post::Join(change, sender_id) => self.join(change, sender_id),
            Post::Move(change) => self.change_room(change),
            Post::Say { from, lines, count } => self.say(from, lines, count),
            Post::Tell { to, line } => self.send_to(to, &line),
            Post::Private {
                from,
                to,
                line,
                if_departed: missed,
            } => self.send_private(from, to, &line, &missed),
            Post::About {
                id,
                notice,
                message,
            } => self.send_about(id, &notice, &message),
            Post::Rename {
                id,
                sender_id,
                notice,
                message,
            } => {
                self.send_about(id, &notice, &message);
                self.rename(id, sender_id);
            }
            Post::SetTopic { id, line } => {
                if let Some((room, recorder)) = self.room_of(id) {
                    recorder.record_messages(&room.name, Lines::clone(&line));
                    room.set_topic(&line);
                }
            }
            Post::AskTopic { id, none } => {
                if let Some((room, _)) = self.room_of(id) {
                    room.send_topic(id, &none);
                }
            }
            Post::ReadHistory { id, reply } => {
                // Whoever asked waits for it; if not, nobody needs it.
                let _ = reply.send(self.read_history(id));
            }
            Post::TakeWriter { id, to } => self.take_writer(id, &to),
            Post::FileShared { member, notice } => self.announce_file(member, &notice),
            Post::SetFilter { id, change: what } => self.set_filter(id, what),
            Post::Announce { place, line } => self.announce(place.as_ref(), &line),
            Post::Leave {
                id,
                notice,
                final_bytes,
                entry,
                last_received: heard,
            } => {
                self.recorder.log.push(entry);
                self.leave(id, &notice, final_bytes, heard);
            }
            Post::Disconnect { id, final_bytes } => self.disconnect(id, &final_bytes),
            Post::ShuttingDown(line) => {
                self.for_each_room(None, |room, _| room.announce(&line));
                self.shutting_down = true;
            }
            Post::FinalLines(line) => self.disconnect_all(&line),
            Post::End => {}
        }
        bytes
    }

    /// The room at `place`, which is made if there is none yet; it has work now.
    fn room_or_create(&mut self, place: &RoomId) -> &mut Room {
        let RoomConfig {
            history_lines: history,
            join_notice_limit: crowd,
        } = self.room_config;
        let room = self.rooms.entry(place.number);
        let room = room.or_insert_with(|| Room::new(place.name.clone(), history, crowd));
        mark_dirty(&mut self.dirty_rooms, place.number, room);
        room
    }

    /// The room in which a connection is, which has work now.
    fn room_of(&mut self, id: ConnectionId) -> Option<(&mut Room, &Recorder)> {
        let number = self.members.get(&id)?.room;
        let room = self.rooms.get_mut(&number)?;
        mark_dirty(&mut self.dirty_rooms, number, room);
        Some((room, &self.recorder))
    }

    fn say(&mut self, from: ConnectionId, lines: Lines, count: usize) {
        let Some(member) = self.members.get(&from) else {
            return;
        };
        let (Some(sender_id), Some(room)) = (member.sender_id, self.rooms.get_mut(&member.room))
        else {
            return;
        };
        mark_dirty(&mut self.dirty_rooms, member.room, room);
        let deaf = self
            .ignored_by
            .get(&sender_id)
            .map_or(&[][..], Vec::as_slice);
        room.broadcast(from, sender_id, &lines, count, deaf);
        self.recorder.record_messages(&room.name, lines);
    }

    fn send_to(&mut self, to: ConnectionId, line: &[u8]) {
        if let Some((room, _)) = self.room_of(to) {
            room.send_to(to, line);
        }
    }

    fn send_private(&mut self, from: ConnectionId, to: ConnectionId, line: &[u8], missed: &[u8]) {
        match self.members.contains_key(&to) {
            true => self.send_to(to, line),
            false => self.send_to(from, missed),
        }
    }

    fn send_about(&mut self, id: ConnectionId, notice: &[u8], message: &[u8]) {
        if let Some((room, recorder)) = self.room_of(id) {
            recorder.record_notice(&room.name, notice);
            room.send_to_others(id, notice);
            room.send_to(id, message);
        }
    }

    /// Says a line of the operator, in one room or in all.
    fn announce(&mut self, place: Option<&RoomId>, line: &Lines) {
        self.for_each_room(place, |room, recorder| {
            room.announce_operator(line);
            recorder.record_notice(&room.name, line);
        });
        let room = place.map(|place| place.name.clone());
        self.recorder.log.messages(room, Lines::clone(line));
    }

    /// Does something in the room at `place`, or in every one but the hall.
    fn for_each_room(&mut self, place: Option<&RoomId>, mut act: impl FnMut(&mut Room, &Recorder)) {
        let chosen = |number: u64| place.is_none_or(|place| place.number == number);
        for (&number, room) in &mut self.rooms {
            if number != UNNAMED_ROOM && chosen(number) {
                mark_dirty(&mut self.dirty_rooms, number, room);
                act(room, &self.recorder);
            }
        }
    }

    /// One write for each member that has something to get.
    fn flush(&mut self) {
        for number in self.dirty_rooms.drain(..) {
            if let Some(room) = self.rooms.get_mut(&number) {
                room.flush();
            }
        }
    }
}

/// Notes, before a room gets something to write, that it will have.
fn mark_dirty(busy: &mut Vec<u64>, number: u64, room: &Room) {
    if room.is_clean() {
        busy.push(number);
    }
}
