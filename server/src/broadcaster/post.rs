//! What sessions and the console hand to the broadcaster.
//!
//! Joining, moving and leaving are posts like messages are, so the order in this
//! one channel is the only truth about who was where when what was said.

use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::connection::{BlockingWriter, ConnectionId, WriteHalf};
use crate::limits;
use crate::record::log::LogEntry;
use crate::room::history::HistoryEntry;
use crate::room::id::{Lines, RoomId, SenderId};

/// One thing to do, in its place among the others. Lines are bytes with their
/// newline, ready to be sent; log entries are passed on without being read.
pub enum Post {
    /// A connection is there; it gets what it is told, but hears nobody yet.
    Open(WriteHalf),
    /// Its peer ends no lines, and is not to be sent any newline.
    SetUnframed(ConnectionId),
    /// It becomes a member, with this voice.
    Join(RoomChange, SenderId),
    /// A member goes to another room.
    Move(RoomChange),
    /// A member says one or more lines to everybody else in its room.
    Say {
        /// Who.
        from: ConnectionId,
        /// Its lines.
        lines: Lines,
        /// How many they are.
        count: usize,
    },
    /// A line for one connection alone.
    Tell {
        /// Which.
        to: ConnectionId,
        /// The line, or several.
        line: Vec<u8>,
    },
    /// A private line from one member to another.
    Private {
        /// Who says it.
        from: ConnectionId,
        /// Who hears it.
        to: ConnectionId,
        /// The line.
        line: Lines,
        /// For the one who says it, if the other has left meanwhile.
        if_departed: Vec<u8>,
    },
    /// Something about a member, for everybody else in its room.
    About {
        /// Who.
        id: ConnectionId,
        /// For the others.
        notice: Vec<u8>,
        /// For the member itself.
        message: Vec<u8>,
    },
    /// A member has another name, and with it another voice. The rest is as in
    /// [`Post::About`].
    Rename {
        /// Who.
        id: ConnectionId,
        /// The new voice; whoever is deaf to the old one is to this as well.
        sender_id: SenderId,
        /// For the others in the room.
        notice: Vec<u8>,
        /// For the member itself.
        message: Vec<u8>,
    },
    /// A member sets its room's topic to this line.
    SetTopic {
        /// Who.
        id: ConnectionId,
        /// For everybody in the room, now and later.
        line: Lines,
    },
    /// A member asks for its room's topic; `none` is the answer if there is none.
    AskTopic {
        /// Who.
        id: ConnectionId,
        /// The answer to give then.
        none: Vec<u8>,
    },
    /// A member wants to look through what its room has kept.
    ReadHistory {
        /// Who.
        id: ConnectionId,
        /// Where to send it.
        reply: Sender<Vec<HistoryEntry>>,
    },
    /// A member wants to hear less, or more again.
    SetFilter {
        /// Who.
        id: ConnectionId,
        /// What.
        change: FilterChange,
    },
    /// A connection carries a file: its session writes to it from now on.
    TakeWriter {
        /// Which.
        id: ConnectionId,
        /// Where the writing side goes.
        to: Sender<BlockingWriter>,
    },
    /// A member has shared a file: its room is told, or the lobby if it has left.
    FileShared {
        /// Who.
        member: ConnectionId,
        /// For everybody there, also for the member.
        notice: Vec<u8>,
    },
    /// A line from the operator, for everybody in one room or in all of them.
    Announce {
        /// Where; everywhere if not said.
        place: Option<RoomId>,
        /// The line.
        line: Lines,
    },
    /// A connection ends: it gets `farewell` as the last, the others `notice`.
    Leave {
        /// Which.
        id: ConnectionId,
        /// For the others; empty if it was not a member.
        notice: Vec<u8>,
        /// For the one that leaves.
        final_bytes: Vec<u8>,
        /// For the log.
        entry: LogEntry,
        /// When it was last heard from, if it may have missed what came after.
        last_received: Option<Instant>,
    },
    /// A connection is ended from outside: it gets these lines as its last, and
    /// exits when its session has seen it.
    Disconnect {
        /// Which.
        id: ConnectionId,
        /// For the one that has to go.
        final_bytes: Vec<u8>,
    },
    /// The server is about to end, which everybody is told: who leaves from now
    /// on does so without a notice, as everybody does.
    ShuttingDown(Vec<u8>),
    /// All has been said: everybody who is still here gets these last lines.
    FinalLines(Vec<u8>),
    /// Nothing follows.
    End,
}

impl Post {
    /// How many bytes it brings, roughly: only what is said comes in masses.
    pub fn byte_size(&self) -> usize {
        match self {
            Post::Say { lines, .. } => lines.len(),
            Post::Private { line, .. } => line.len(),
            Post::Tell { line, .. } => line.len(),
            Post::Join(way, _) | Post::Move(way) => way.own_notice.len() + way.arrival_notice.len(),
            _ => 0,
        }
    }
}

/// The way of a member from one room to another.
pub struct RoomChange {
    /// Who.
    pub id: ConnectionId,
    /// Where to.
    pub to: RoomId,
    /// For those it leaves.
    pub departure_notice: Vec<u8>,
    /// For those it comes to.
    pub arrival_notice: Vec<u8>,
    /// For itself, before the room's topic and history.
    pub own_notice: Vec<u8>,
    /// For the log.
    pub log_entry: LogEntry,
}

/// What a member hears beside messages, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterChange {
    /// Nothing more from this voice.
    Ignore(SenderId),
    /// This voice again.
    Unignore(SenderId),
    /// No notices of who comes and goes.
    HideJoinLeave,
    /// These notices again.
    ShowJoinLeave,
}

/// The way to the broadcaster.
#[derive(Clone)]
pub struct PostSender(Sender<Post>);

/// Makes the channel between all sessions and the broadcaster.
pub fn channel() -> (PostSender, Receiver<Post>) {
    let (sender, receiver) = bounded(limits::POST_QUEUE);
    (PostSender(sender), receiver)
}

impl PostSender {
    /// Hands over one post; waits while too many are waiting already, which is
    /// how a room that cannot keep up slows down those who speak.
    pub fn send(&self, post: Post) {
        // The broadcaster ends only after everybody has left: what could be
        // posted later has no one to reach.
        let _ = self.0.send(post);
    }

    /// Tells `line` to the connection `to` alone.
    pub fn send_to(&self, to: ConnectionId, line: Vec<u8>) {
        self.send(Post::Tell { to, line });
    }

    /// What the room of `id` has kept, the oldest first.
    pub fn read_history(&self, id: ConnectionId) -> Vec<HistoryEntry> {
        let (reply, answer) = bounded(1);
        self.send(Post::ReadHistory { id, reply });
        // A broadcaster that has ended, or a member that it does not know any
        // more, has nothing to show.
        answer.recv().unwrap_or_default()
    }
}
