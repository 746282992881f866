//! What sessions and the console hand to the broadcaster.
//!
//! Joining and leaving are posts like messages are, so the order in this one
//! channel is the only truth about who was there when what was said.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::limits;
use crate::link::{Id, Outlet};
use crate::log::Entry;

/// One thing to do, in its place among the others. Lines are bytes with their
/// newline, ready to be sent; log entries are passed on without being read.
pub enum Post {
    /// A connection is there; it gets what it is told, but hears nobody yet.
    Open(Outlet),
    /// It becomes a member: it gets `welcome`, everybody else `notice`.
    Enter {
        /// Who.
        id: Id,
        /// For the newcomer alone.
        welcome: Vec<u8>,
        /// For all the others.
        notice: Vec<u8>,
        /// For the log.
        entry: Entry,
    },
    /// A member says one or more lines to everybody else.
    Say {
        /// Who.
        from: Id,
        /// Its lines.
        lines: Vec<u8>,
    },
    /// A line for one connection alone.
    Tell {
        /// Which.
        to: Id,
        /// The line.
        line: Vec<u8>,
    },
    /// A line for everybody.
    Announce(Vec<u8>),
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
}
