//! The limits of the server, each with the reason for its figure.
//!
//! An operator can change those of [`Limits`]; the constants are not worth a
//! flag. Those of one file alone stand there.

use std::time::Duration;

use common::MAX_EVENT;

/// How many posts may wait for the broadcaster. A few for each of a thousand
/// sessions; when they are used up, the posting session waits.
pub const POST_QUEUE: usize = 4096;

/// After how many bytes a session posts what its client says, even if more has
/// come already: as much as one read brings, so all that waits is bounded.
pub const MAX_POST_BYTES: usize = 16 * 1024;

/// After how many bytes of waiting posts they are written; one more post may
/// come on top. More at once gains no speed, and delays the first of them.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;

/// How many bytes of lines one room keeps at most, however few lines that are: a
/// thousand lines of an ordinary kilobyte, and a bound for longer ones.
pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// How many lines of the past a newcomer is shown: what fits on a screen.
pub const HISTORY_ON_JOIN: usize = 20;

/// How many lines somebody who returns is shown of what they have missed.
pub const HISTORY_ON_RETURN: usize = 200;

/// How long after leaving somebody is still taken for the same, when they
/// return under the same name.
pub const RETURN_WINDOW: Duration = Duration::from_secs(3600);

/// How many who left are remembered: as many as come and go in an hour, even
/// where ten thousand do; each costs some 50 bytes.
pub const MAX_DEPARTED: usize = 16 * 1024;

/// How many lines `/search` shows.
pub const MAX_SEARCH_HITS: usize = 50;

/// How many members `/who` lists, and `/names`: more than anybody reads, and an
/// answer that costs no more than a few messages.
pub const MAX_LISTED: usize = 200;

/// How many members the operator's `/who` lists: a terminal keeps about as many
/// lines, and the log carries them at once.
pub const MAX_LISTED_TO_OPERATOR: usize = 1000;

/// Whom one member may ignore at once.
pub const MAX_IGNORED: usize = 100;

/// How often a crowd is told how many came and went.
pub const JOIN_COUNT_INTERVAL: Duration = Duration::from_secs(10);

/// How long the holder of a name may take to answer when somebody else wants
/// it: a slow line answers in a tenth of that.
pub const RECLAIM_TIMEOUT: Duration = Duration::from_secs(2);

/// How many messages the log may lag behind before it leaves some out.
pub const LOG_MESSAGE_QUEUE: usize = 4096;

/// How many entries the log holds at all: room is kept for those that matter,
/// who came and who went, when messages are left out already.
pub const LOG_QUEUE: usize = 64 * 1024;

/// How many names one connection may try before it is closed.
pub const MAX_NAME_TRIES: u32 = 5;

/// How long a new connection may say nothing before it is asked for a name: a
/// program has sent one by then, a person needs the hint.
pub const NAME_PROMPT_DELAY: Duration = Duration::from_secs(1);

/// How long to read on after the last line was sent. Closing with unread input
/// sends a reset, which may overtake that line.
pub const LINGER: Duration = Duration::from_secs(1);

/// How long to read on from one that speaks another protocol, in all: it may send the rest of
/// a long request, which nobody wants.
pub const FOREIGN_LINGER: Duration = Duration::from_millis(500);

/// How many refused connections are read on from at once. Each takes a thread
/// and a file, which the capacity leaves free.
pub const MAX_LINGERING_REFUSALS: usize = 32;

/// How long the lines that a client sent before it went are still said, where
/// the rate holds them back. It cannot be longer: somebody who is gone would
/// stay, for days if all of the socket's buffer is full of short lines.
pub const DRAIN_INPUT: Duration = Duration::from_secs(10);

/// How long one who left while lagging may take to fetch the rest, in all: its
/// writer is one that others may need.
pub const DRAIN_OUTPUT: Duration = Duration::from_secs(10);

/// How long the server takes to end at most, with all that still has to be sent.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the log may take to write what it still holds then.
pub const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The stack of a session or a writer, in bytes. They go a few calls deep; only
/// what is touched takes memory, but the reserved space adds up over thousands.
pub const SESSION_STACK: usize = 256 * 1024;

/// What an operator can change.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub max_clients: usize,
    /// Connections without a name at once. Past it the oldest is closed, so
    /// that idle ones cannot keep people out.
    pub max_unnamed: usize,
    /// How long a connection may take to name itself, in all.
    pub name_timeout: Duration,
    /// How long nothing may follow first bytes without a newline, before they
    /// count as a line: longer than a network takes between two pieces of one
    /// line, and shorter than a person between two lines. `None` is for ever.
    pub unframed_delay: Option<Duration>,
    /// Connections from one address: a whole class behind one router fits, and
    /// one machine cannot take the room for itself. Loopback is exempt.
    pub max_per_address: usize,
    /// How fast one client may send.
    pub rate: Rate,
    /// The bytes that may wait for a member that reads too slowly.
    pub max_backlog: usize,
    /// How long such a member may take nothing at all.
    pub stall_timeout: Duration,
    /// How often a client that keeps a heartbeat sends one; it is given up
    /// when [`HEARTBEATS_MISSED`](common::HEARTBEATS_MISSED) are missing.
    pub heartbeat: Duration,
    /// How many lines each room keeps for those who come later: an hour or two
    /// of lively talk.
    pub history_lines: usize,
    /// Up to how many members a room is told of each who comes or goes: above,
    /// nobody knows them all any more, and the notices drown the talk.
    pub join_notice_limit: usize,
    /// Rooms at once. Each keeps at most [`HISTORY_BYTES`]; an empty one is
    /// freed.
    pub max_rooms: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_clients: 1000,
            max_unnamed: 256,
            name_timeout: Duration::from_secs(30),
            unframed_delay: Some(Duration::from_millis(250)),
            max_per_address: 64,
            rate: Rate::Limited {
                per_second: 10,
                burst: 50,
            },
            max_backlog: 1024 * 1024,
            stall_timeout: Duration::from_secs(10),
            heartbeat: common::HEARTBEAT,
            history_lines: 1000,
            join_notice_limit: 50,
            max_rooms: 1000,
        }
    }
}

/// How many lines a client may send; what comes faster waits in its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As many as it likes.
    Unlimited,
    /// No person types ten lines a second; pasting fifty at once is common.
    Limited {
        /// In the long run.
        per_second: u32,
        /// At once, after a pause.
        burst: u32,
    },
}

/// The smallest backlog that makes sense: one longest line. What is left of the
/// write by which a member began to lag is always kept, whatever its size.
pub const MIN_BACKLOG: usize = MAX_EVENT;

/// How many members may lag at once, each with a writer thread, on a server for
/// `clients`: an eighth fits beside the clients into what [`capacity`] leaves
/// free, and a small room has a few as well.
///
/// [`capacity`]: crate::capacity
pub fn max_writers(clients: usize) -> usize {
    clients / 8 + 16
}
