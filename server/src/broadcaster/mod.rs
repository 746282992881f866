//! Broadcaster: the thread that writes to all members that keep up. Posts in, one
//! write per member out.
//!
//! It takes all waiting posts, up to [`MAX_BATCH_BYTES`](limits::MAX_BATCH_BYTES),
//! and only then writes. Under load a single system call carries hundreds of lines
//! to a member; when all is quiet a line goes out at once.
//!
//! It knows no member's name: members are numbers here, and lines are bytes.
//!
//! Writes: to every connection, through the write halves that it owns.
//! Locks: only the backlog of a lagging member and the queue for its thread, for a moment.
//! Blocks: only while it waits for the next post.

mod changes;
mod delivery;
mod filters;
mod ignored_by;
mod membership;
pub mod post;
mod private_log;
mod resumption;
pub mod room_set;

use std::collections::HashMap;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::connection::MemberId;
use crate::limits;
use crate::record::Recorder;
use crate::room::Room;
use crate::room::history::MessageSender;
use crate::room::id::{Lines, RoomRef, SenderId};
use crate::room::rendering::Rendering;
use ignored_by::IgnoredBy;
use post::{ConnectionPost, MemberPost, Post, QueryPost, ShutdownPost};
use private_log::PrivateLog;
use room_set::{RoomConfig, RoomSet};

/// The owner of all rooms, and in them of every connection's write half.
pub struct Broadcaster {
    rooms: RoomSet,
    /// The members, and the peers without a name.
    members: HashMap<MemberId, MemberState>,
    /// The members whose departure was announced, and which may still resume.
    departed: HashMap<MemberId, MemberState>,
    ignored_by: IgnoredBy,
    /// The bytes that members have received when they resumed.
    missed_bytes: usize,
    shutting_down: bool,
    /// The connections that have left since the shutdown began, with the last bytes
    /// for each.
    final_bytes: Vec<(MemberId, Vec<u8>)>,
    recorder: Recorder,
}

/// The state of a member beside its write half.
#[derive(Default)]
struct MemberState {
    /// The number of its room, at first that of peers without a name.
    room: u64,
    /// When it entered the room.
    entered: Option<Instant>,
    /// `None` before the peer has a name.
    sender_id: Option<SenderId>,
    /// How its lines are rendered.
    rendering: Rendering,
    hides_join_leave: bool,
    ignored: Vec<MemberId>,
    private_log: PrivateLog,
}

impl Broadcaster {
    /// Makes a broadcaster without members, which reports to `recorder`.
    pub fn new(config: RoomConfig, recorder: Recorder) -> Broadcaster {
        let mut rooms = RoomSet::new(config);
        rooms.get_or_create(&RoomRef::unnamed_room());
        rooms.get_or_create(&RoomRef::lobby());
        Broadcaster {
            rooms,
            members: HashMap::new(),
            departed: HashMap::new(),
            ignored_by: IgnoredBy::default(),
            missed_bytes: 0,
            shutting_down: false,
            final_bytes: Vec::new(),
            recorder,
        }
    }

    /// Runs until [`ShutdownPost::End`], or until no sender is left.
    pub fn run(mut self, posts: &Receiver<Post>) {
        while let Some(mut post) = self.next(posts) {
            let mut batched_bytes = 0;
            loop {
                if let Post::Shutdown(ShutdownPost::End) = post {
                    return;
                }
                batched_bytes += self.handle(post);
                if batched_bytes >= limits::MAX_BATCH_BYTES {
                    break;
                }
                match posts.try_recv() {
                    Ok(next) => post = next,
                    Err(_none_waits) => break,
                }
            }
            self.rooms.flush();
        }
    }

    /// Waits for the next post. Meanwhile it announces how many members joined and left,
    /// where that is due.
    fn next(&mut self, posts: &Receiver<Post>) -> Option<Post> {
        loop {
            let Some(due) = self.rooms.next_count_due() else {
                return posts.recv().ok();
            };
            if Instant::now() < due {
                match posts.recv_deadline(due) {
                    Ok(post) => return Some(post),
                    Err(RecvTimeoutError::Disconnected) => return None,
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
            self.rooms.announce_counts();
            self.rooms.flush();
        }
    }

    /// Does what a post says. Returns roughly how many bytes it brings.
    fn handle(&mut self, post: Post) -> usize {
        let bytes = post.byte_size();
        let missed_before = self.missed_bytes;
        match post {
            Post::Say { from, lines, count } => self.say(from, lines, count),
            Post::Private {
                from,
                to,
                line,
                if_departed,
            } => {
                if !self.send_private(to, &line) {
                    self.send_to(from, &if_departed);
                }
            }
            Post::Deliver { audience, lines } => self.deliver(&audience, &lines),
            Post::Announce { room, line } => self.announce_operator(room, line),
            Post::Connection(post) => self.change_connection(post),
            Post::Member(post) => self.change_member(post),
            Post::Query(query) => self.answer(query),
            Post::Shutdown(step) => self.shut_down(step),
        }
        bytes + self.missed_bytes.wrapping_sub(missed_before)
    }

    fn change_connection(&mut self, post: ConnectionPost) {
        match post {
            ConnectionPost::Open(write_half) => self.open(write_half),
            ConnectionPost::SetUnframed(id) => self.set_unframed(id),
            ConnectionPost::SetTagged(id) => self.set_tagged(id),
            ConnectionPost::TakeWriter { id, to } => self.take_writer(id, &to),
            ConnectionPost::Disconnect { id, final_bytes } => self.disconnect(id, &final_bytes),
            ConnectionPost::Leave(end) => self.leave(end),
            ConnectionPost::Forget(id) => self.forget(id),
        }
    }

    fn change_member(&mut self, post: MemberPost) {
        match post {
            MemberPost::Join(change, sender_id) => self.join(change, sender_id),
            MemberPost::Move(change) => self.change_room(change),
            MemberPost::Change(change) => self.announce_change(&change),
            MemberPost::Rename(notice, sender_id) => {
                self.rename(&notice, sender_id);
            }
            MemberPost::SetTopic(id, line) => self.set_topic(id, &line),
            MemberPost::SetFilter(id, change) => self.set_filter(id, change),
            MemberPost::SetResumable(id) => self.set_resumable(id),
            MemberPost::Detach(detachment) => self.detach(detachment),
            MemberPost::Resume(resumption) => self.resume(*resumption),
        }
    }

    fn answer(&mut self, query: QueryPost) {
        match query {
            QueryPost::Topic { id, none } => {
                let number = self.members.get(&id).map(|member| member.room);
                if let Some(room) = number.and_then(|number| self.rooms.get_mut(number)) {
                    let ignored_by = &self.ignored_by;
                    room.send_topic(id, &none, |other| ignored_by.contains(id, other));
                }
            }
            QueryPost::History { id, reply } => {
                // An error means that the session has ended.
                let _ = reply.send(self.history_for(id));
            }
        }
    }

    fn shut_down(&mut self, step: ShutdownPost) {
        match step {
            ShutdownPost::Begin(line) => {
                for room in self.rooms.select_mut(None) {
                    room.connections.push_notice(&line);
                }
                self.shutting_down = true;
            }
            ShutdownPost::FinalBytes(bytes) => self.disconnect_all(&bytes),
            ShutdownPost::End => {}
        }
    }

    /// Returns the room in which a member is.
    fn room_of(&mut self, id: MemberId) -> Option<&mut Room> {
        let number = self.members.get(&id)?.room;
        self.rooms.get_mut(number)
    }

    /// Adds messages to the batch of the sender's room.
    fn say(&mut self, from: MemberId, lines: Lines, count: usize) {
        let Some(member) = self.members.get(&from) else {
            return;
        };
        let (Some(sender_id), Some(room)) = (member.sender_id, self.rooms.get_mut(member.room))
        else {
            return;
        };
        let ignored_by = self.ignored_by.of(from);
        let sender = MessageSender {
            member: from,
            id: sender_id,
        };
        room.broadcast(sender, &lines, count, ignored_by);
        self.recorder.record_messages(&room.name, lines);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::time::Duration;

    use common::Name;

    use super::post::{Audience, MemberNotice, RoomChange};
    use super::*;
    use crate::connection::open::ConnectionFactory;
    use crate::connection::{ConnectionId, WriterThreads};
    use crate::limits::Limits;
    use crate::record::log::{self, LogEntry, LogScope};

    /// A broadcaster in the test's own thread, and the far ends of its members.
    struct Fixture {
        broadcaster: Broadcaster,
        listener: TcpListener,
        factory: ConnectionFactory,
        peers: Vec<TcpStream>,
    }

    impl Fixture {
        fn new() -> Fixture {
            let limits = Arc::new(Limits::default());
            let (writers, _) = WriterThreads::start(1, limits.stall_timeout).unwrap();
            let (log, _logger) = log::new(LogScope::Everything, Box::new(io::sink()), None);
            let recorder = Recorder {
                log,
                transcript: None,
            };
            let config = RoomConfig {
                history_lines: 10,
                join_notice_limit: 0,
            };
            Fixture {
                broadcaster: Broadcaster::new(config, recorder),
                listener: TcpListener::bind("127.0.0.1:0").unwrap(),
                factory: ConnectionFactory { limits, writers },
                peers: Vec::new(),
            }
        }

        /// Opens connection `id`, the next one, without a name.
        fn open(&mut self, id: u64) {
            let peer = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let (stream, address) = self.listener.accept().unwrap();
            let id = ConnectionId(id);
            let parts = self.factory.open_tcp(id, stream, address).unwrap();
            let post = ConnectionPost::Open(parts.write_half);
            self.broadcaster.handle(Post::Connection(post));
            self.peers.push(peer);
        }

        /// Opens connection `id` and makes it a member of `room`.
        fn join(&mut self, id: u64, room: &RoomRef) {
            self.open(id);
            let change = RoomChange {
                id: member(id),
                to: room.clone(),
                leaving_notice: MemberNotice::default(),
                arrival_notice: MemberNotice::default(),
                own_notice: Vec::new(),
                log_entry: LogEntry::Line(String::new()),
            };
            let post = MemberPost::Join(change, SenderId(id));
            self.broadcaster.handle(Post::Member(post));
        }

        /// Ends all connections. Returns what each has received before.
        fn received(mut self) -> Vec<String> {
            self.broadcaster.rooms.flush();
            self.broadcaster.disconnect_all(b"");
            let read = |mut peer: TcpStream| {
                let mut text = String::new();
                peer.read_to_string(&mut text).unwrap();
                text
            };
            self.peers.into_iter().map(read).collect()
        }
    }

    /// Returns the number of the member that joined with connection `id`.
    fn member(id: u64) -> MemberId {
        MemberId::first_of(ConnectionId(id))
    }

    /// 1 and 2 are in the lobby, 3 in `games`, 4 has no name yet, 5 has left.
    #[test]
    fn each_audience_is_exactly_the_connections_it_names() {
        let games = RoomRef {
            number: 7,
            name: Name::from_static("games"),
        };
        for (audience, receivers) in [
            (Audience::One(member(1)), &[1][..]),
            (Audience::One(member(4)), &[4]),
            (Audience::One(member(5)), &[]),
            (Audience::OneWithNotice(member(2)), &[2]),
            (Audience::OneWithNotice(member(5)), &[]),
            (Audience::OthersInRoomOf(member(1)), &[2]),
            (Audience::OthersInRoomOf(member(3)), &[]),
            (Audience::OthersInRoomOf(member(5)), &[]),
            (Audience::RoomOf(member(1)), &[1, 2]),
            (Audience::RoomOf(member(3)), &[3]),
            (Audience::RoomOf(member(5)), &[]),
        ] {
            let mut fixture = Fixture::new();
            fixture.join(1, &RoomRef::lobby());
            fixture.join(2, &RoomRef::lobby());
            fixture.join(3, &games);
            fixture.open(4);
            let shown = format!("{audience:?}");
            let lines = b"x\n".to_vec();
            fixture
                .broadcaster
                .handle(Post::Deliver { audience, lines });
            let received = fixture.received();
            let with_line = received.iter().zip(1..).filter(|(text, _)| *text == "x\n");
            let with_line: Vec<i32> = with_line.map(|(_, id)| id).collect();
            assert_eq!(with_line, receivers, "{shown}");
        }
    }

    /// The member is taken out of its room and added again, which must not repeat what it
    /// receives.
    #[test]
    fn a_reply_is_sent_once_around_a_request_for_tags() {
        let mut fixture = Fixture::new();
        fixture.join(1, &RoomRef::lobby());
        let reply = |line: &[u8]| Post::Deliver {
            audience: Audience::One(member(1)),
            lines: line.to_vec(),
        };
        fixture.broadcaster.handle(reply(b"before\n"));
        let post = ConnectionPost::SetTagged(member(1));
        fixture.broadcaster.handle(Post::Connection(post));
        fixture.broadcaster.handle(reply(b"after\n"));
        assert_eq!(fixture.received(), ["before\nafter\n"]);
    }

    #[test]
    fn a_notice_is_tagged_and_a_reply_is_not() {
        let mut fixture = Fixture::new();
        fixture.join(1, &RoomRef::lobby());
        let post = ConnectionPost::SetTagged(member(1));
        fixture.broadcaster.handle(Post::Connection(post));
        for audience in [Audience::One(member(1)), Audience::OneWithNotice(member(1))] {
            let lines = b"x\n".to_vec();
            let post = Post::Deliver { audience, lines };
            fixture.broadcaster.handle(post);
        }
        let received = &fixture.received()[0];
        let (reply, notice) = received.split_once('\n').unwrap();
        assert_eq!(reply, "x");
        assert!(notice.starts_with("@time="), "{notice:?}");
        assert!(notice.ends_with(" x\n"), "{notice:?}");
    }

    #[test]
    fn the_operator_reaches_one_room_or_all_members() {
        let games = RoomRef {
            number: 7,
            name: Name::from_static("games"),
        };
        for (room, receivers) in [
            (Some(RoomRef::lobby()), &[1][..]),
            (Some(games.clone()), &[2]),
            (None, &[1, 2]),
        ] {
            let mut fixture = Fixture::new();
            fixture.join(1, &RoomRef::lobby());
            fixture.join(2, &games);
            fixture.open(3);
            let shown = format!("{room:?}");
            let line = Lines::new(b"x\n".to_vec());
            fixture.broadcaster.handle(Post::Announce { room, line });
            let received = fixture.received();
            let with_line = received.iter().zip(1..).filter(|(text, _)| *text == "x\n");
            let with_line: Vec<i32> = with_line.map(|(_, id)| id).collect();
            assert_eq!(with_line, receivers, "{shown}");
        }
    }
}
