//! Post: one item in the broadcaster's queue.
//!
//! Joining, moving and leaving are posts like messages. The order in this one
//! channel decides who was in which room when a message was said.

pub use super::changes::{
    ConnectionEnd, Detachment, FilterChange, MemberChange, MemberNotice, Resumption, RoomChange,
};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::connection::{BlockingWriter, MemberId, WriteHalf};
use crate::limits;
use crate::room::history::HistoryEntry;
use crate::room::id::{Lines, RoomRef, SenderId};

/// One thing for the broadcaster to do. Lines are bytes with their newline, ready
/// to be sent. Log entries are passed on without being read.
pub enum Post {
    /// Messages of one member to all others in its room.
    Say {
        /// The sender.
        from: MemberId,
        /// The messages.
        lines: Lines,
        /// The number of messages.
        count: usize,
    },
    /// A private message.
    Private {
        /// The sender.
        from: MemberId,
        /// The recipient.
        to: MemberId,
        /// The message.
        line: Lines,
        /// The reply to the sender if the recipient has left meanwhile.
        if_departed: Vec<u8>,
    },
    /// Notices and replies.
    Deliver {
        /// The connections that receive them.
        audience: Audience,
        /// One line, or several.
        lines: Vec<u8>,
    },
    /// A message of the operator, which history and log keep like a member's.
    Announce {
        /// The room; `None` is every room.
        room: Option<RoomRef>,
        /// The message.
        line: Lines,
    },
    /// A change of one connection.
    Connection(ConnectionPost),
    /// A change of one member.
    Member(MemberPost),
    /// A question about a room, answered in its place among the messages.
    Query(QueryPost),
    /// A step of the server's shutdown.
    Shutdown(ShutdownPost),
}

/// The connections that receive some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One member, or one peer without a name, in reply to what it has sent: never tagged.
    One(MemberId),
    /// One member that has asked for nothing: tagged if it receives tags.
    OneWithNotice(MemberId),
    /// All members in the room of a member, but not that member and those that ignore
    /// it.
    OthersInRoomOf(MemberId),
    /// All members in the room of a member but those that ignore it; nobody if it has
    /// left.
    RoomOf(MemberId),
}

/// A change of one connection.
pub enum ConnectionPost {
    /// It is open. It receives replies, but no messages yet.
    Open(WriteHalf),
    /// Its peer ends no lines, and must not receive a newline.
    SetUnframed(MemberId),
    /// Its peer has asked for tags.
    SetTagged(MemberId),
    /// It carries a file. Its session writes to it from now on.
    TakeWriter {
        /// The number that its peer has as a member.
        id: MemberId,
        /// Receives the writer.
        to: Sender<BlockingWriter>,
    },
    /// It is closed from outside. Its session posts a leave when it has seen that.
    Disconnect {
        /// The number that its peer has as a member.
        id: MemberId,
        /// The last bytes for it.
        final_bytes: Vec<u8>,
    },
    /// It ends, whether it is a member's or not.
    Leave(ConnectionEnd),
    /// Its member cannot resume any more.
    Forget(MemberId),
}

/// A change of one member.
pub enum MemberPost {
    /// A connection becomes a member, with this id as a sender.
    Join(RoomChange, SenderId),
    /// A member goes to another room.
    Move(RoomChange),
    /// Something about a member has changed.
    Change(MemberChange),
    /// A member has a new name, and with it a new id as a sender.
    Rename(MemberChange, SenderId),
    /// A member sets the topic of its room to this line.
    SetTopic(MemberId, Lines),
    /// A member wants to receive less, or more again.
    SetFilter(MemberId, FilterChange),
    /// A member has a token, and may resume.
    SetResumable(MemberId),
    /// The connection of a member that may resume is broken.
    Detach(Detachment),
    /// A member resumes on a new connection.
    Resume(Box<Resumption>),
}

/// A question of a member about its room.
pub enum QueryPost {
    /// The topic, or `none` if there is none.
    Topic {
        /// The member.
        id: MemberId,
        /// The reply where no topic is set.
        none: Vec<u8>,
    },
    /// The history.
    History {
        /// The member.
        id: MemberId,
        /// Receives the entries, the oldest first.
        reply: Sender<Vec<HistoryEntry>>,
    },
}

/// A step of the server's shutdown.
pub enum ShutdownPost {
    /// It begins: every member receives this line. Leaving is without a notice from
    /// now on, because all members leave.
    Begin(Vec<u8>),
    /// All has been said: every connection receives the rest and these last bytes.
    FinalBytes(Vec<u8>),
    /// Nothing follows.
    End,
}

impl Post {
    /// Returns roughly how many bytes the post brings. The rare posts count nothing.
    pub fn byte_size(&self) -> usize {
        match self {
            Post::Say { lines, .. } => lines.len(),
            Post::Private { line, .. } => line.len(),
            Post::Deliver { lines, .. } => lines.len(),
            Post::Member(MemberPost::Join(change, _) | MemberPost::Move(change)) => {
                change.own_notice.len() + change.arrival_notice.text.len()
            }
            _ => 0,
        }
    }
}

/// The sending end of the broadcaster's queue.
#[derive(Clone)]
pub struct PostSender(Sender<Post>);

/// Makes the queue between all sessions and the broadcaster.
pub fn channel() -> (PostSender, Receiver<Post>) {
    let (sender, receiver) = bounded(limits::POST_QUEUE);
    (PostSender(sender), receiver)
}

impl PostSender {
    /// Queues one post. Blocks while the queue is full: so a room that cannot keep
    /// up slows down its senders.
    pub fn send(&self, post: Post) {
        // The broadcaster ends only after every member has left. A later post has
        // no connection to reach.
        let _ = self.0.send(post);
    }

    /// Delivers `lines` to `audience`.
    pub fn deliver(&self, audience: Audience, lines: Vec<u8>) {
        self.send(Post::Deliver { audience, lines });
    }

    /// Delivers `lines` to the peer `to` alone.
    pub fn send_to(&self, to: MemberId, lines: Vec<u8>) {
        self.deliver(Audience::One(to), lines);
    }

    /// Returns the history of the room of `id`, the oldest first.
    pub fn read_history(&self, id: MemberId) -> Vec<HistoryEntry> {
        let (reply, answer) = bounded(1);
        self.send(Post::Query(QueryPost::History { id, reply }));
        // A broadcaster that has ended, or a member that has left, has no history.
        answer.recv().unwrap_or_default()
    }
}
