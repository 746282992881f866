//! What sessions and the console hand to the broadcaster.
//!
//! Joining, moving and leaving are posts like messages are, so the order in this
//! one channel is the only truth about who was where when what was said.

use std::sync::Arc;
use std::time::Instant;

use common::Name;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::history::{Said, Voice};
use crate::limits;
use crate::link::{Id, Outlet, Pipe};
use crate::log::Entry;

/// One or more lines on their way, each with its newline, ready to be sent.
/// They are shared by all who keep them: the history, the log, the transcript.
pub type Lines = Arc<Vec<u8>>;

/// A room, as the broadcaster knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What tells it from all other rooms, also from earlier ones of its name.
    pub number: u64,
    /// What it is called in the log.
    pub name: Name,
}

/// One thing to do, in its place among the others. Lines are bytes with their
/// newline, ready to be sent; log entries are passed on without being read.
pub enum Post {
    /// A connection is there; it gets what it is told, but hears nobody yet.
    Open(Outlet),
    /// Its peer ends no lines, and is not to be sent any newline.
    Unframe(Id),
    /// It becomes a member, with this voice.
    Enter(Passage, Voice),
    /// A member goes to another room.
    Move(Passage),
    /// A member says one or more lines to everybody else in its room.
    Say {
        /// Who.
        from: Id,
        /// Its lines.
        lines: Lines,
        /// How many they are.
        count: usize,
    },
    /// A line for one connection alone.
    Tell {
        /// Which.
        to: Id,
        /// The line, or several.
        line: Vec<u8>,
    },
    /// A private line from one member to another.
    Whisper {
        /// Who says it.
        from: Id,
        /// Who hears it.
        to: Id,
        /// The line.
        line: Lines,
        /// For the one who says it, if the other has left meanwhile.
        missed: Vec<u8>,
    },
    /// Something about a member, for everybody else in its room.
    About {
        /// Who.
        id: Id,
        /// For the others.
        notice: Vec<u8>,
        /// For the member itself.
        told: Vec<u8>,
    },
    /// A member has another name, and with it another voice. The rest is as in
    /// [`Post::About`].
    Rename {
        /// Who.
        id: Id,
        /// The new voice; whoever is deaf to the old one is to this as well.
        voice: Voice,
        /// For the others in the room.
        notice: Vec<u8>,
        /// For the member itself.
        told: Vec<u8>,
    },
    /// A member sets its room's topic to this line.
    SetTopic {
        /// Who.
        id: Id,
        /// For everybody in the room, now and later.
        line: Lines,
    },
    /// A member asks for its room's topic; `none` is the answer if there is none.
    AskTopic {
        /// Who.
        id: Id,
        /// The answer to give then.
        none: Vec<u8>,
    },
    /// A member wants to look through what its room has kept.
    Recall {
        /// Who.
        id: Id,
        /// Where to send it.
        reply: Sender<Vec<Said>>,
    },
    /// A member wants to hear less, or more again.
    Heed {
        /// Who.
        id: Id,
        /// What.
        what: Heed,
    },
    /// A connection carries a file: its session writes to it from now on.
    HandOver {
        /// Which.
        id: Id,
        /// Where the writing side goes.
        to: Sender<Pipe>,
    },
    /// A member has shared a file: its room is told, or the lobby if it has left.
    Shared {
        /// Who.
        member: Id,
        /// For everybody there, also for the member.
        notice: Vec<u8>,
    },
    /// A line from the operator, for everybody in one room or in all of them.
    Announce {
        /// Where; everywhere if not said.
        place: Option<Place>,
        /// The line.
        line: Lines,
    },
    /// A connection ends: it gets `farewell` as the last, the others `notice`.
    Exit {
        /// Which.
        id: Id,
        /// For the others; empty if it was not a member.
        notice: Vec<u8>,
        /// For the one that leaves.
        farewell: Vec<u8>,
        /// For the log.
        entry: Entry,
        /// When it was last heard from, if it may have missed what came after.
        heard: Option<Instant>,
    },
    /// A connection is ended from outside: it gets these lines as its last, and
    /// exits when its session has seen it.
    Dismiss {
        /// Which.
        id: Id,
        /// For the one that has to go.
        farewell: Vec<u8>,
    },
    /// The server is about to end, which everybody is told: who leaves from now
    /// on does so without a notice, as everybody does.
    Stopping(Vec<u8>),
    /// All has been said: everybody who is still here gets these last lines.
    Farewell(Vec<u8>),
    /// Nothing follows.
    End,
}

impl Post {
    /// How many bytes it brings, roughly: only what is said comes in masses.
    pub fn weight(&self) -> usize {
        match self {
            Post::Say { lines, .. } => lines.len(),
            Post::Whisper { line, .. } => line.len(),
            Post::Tell { line, .. } => line.len(),
            Post::Enter(way, _) | Post::Move(way) => way.told.len() + way.come.len(),
            _ => 0,
        }
    }
}

/// The way of a member from one room to another.
pub struct Passage {
    /// Who.
    pub id: Id,
    /// Where to.
    pub to: Place,
    /// For those it leaves.
    pub gone: Vec<u8>,
    /// For those it comes to.
    pub come: Vec<u8>,
    /// For itself, before the room's topic and history.
    pub told: Vec<u8>,
    /// For the log.
    pub entry: Entry,
}

/// What a member hears beside messages, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heed {
    /// Nothing more from this voice.
    Ignore(Voice),
    /// This voice again.
    Unignore(Voice),
    /// No notices of who comes and goes.
    MessagesOnly,
    /// These notices again.
    Everything,
}

/// The way to the broadcaster.
#[derive(Clone)]
pub struct Posts(Sender<Post>);

/// Makes the channel between all sessions and the broadcaster.
pub fn channel() -> (Posts, Receiver<Post>) {
    let (sender, receiver) = bounded(limits::POSTS);
    (Posts(sender), receiver)
}

impl Posts {
    /// Hands over one post; waits while too many are waiting already, which is
    /// how a room that cannot keep up slows down those who speak.
    pub fn send(&self, post: Post) {
        // The broadcaster ends only after everybody has left: what could be
        // posted later has no one to reach.
        let _ = self.0.send(post);
    }

    /// Tells `line` to the connection `to` alone.
    pub fn tell(&self, to: Id, line: Vec<u8>) {
        self.send(Post::Tell { to, line });
    }

    /// What the room of `id` has kept, the oldest first.
    pub fn recall(&self, id: Id) -> Vec<Said> {
        let (reply, answer) = bounded(1);
        self.send(Post::Recall { id, reply });
        // A broadcaster that has ended, or a member that it does not know any
        // more, has nothing to show.
        answer.recv().unwrap_or_default()
    }
}
