//! Limits: the values of every limit of the server, each with its reason.
//!
//! It enforces nothing. `connection/admission.rs` caps connections,
//! `rate_limit/` the lines of a member, `files/bandwidth.rs` the bytes of
//! transfers.
//!
//! An operator can change those of [`Limits`]. The constants are not worth a flag.
//! Constants that only one file needs are in that file.

use std::time::Duration;

use common::MAX_EVENT;

/// The most posts that wait for the broadcaster: a few for each of a thousand sessions.
/// Past it the posting session waits.
pub const POST_QUEUE: usize = 4096;

/// The bytes of messages after which a session posts them, even if it has more lines to
/// handle. One read brings as many, so the bytes in the queue are bounded.
pub const MAX_POST_BYTES: usize = 16 * 1024;

/// The bytes of waiting posts after which they are written; one more post may come on
/// top. More at once gains no speed, and delays the first of them.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;

/// The most bytes of lines that a room keeps: a thousand lines of an ordinary kilobyte,
/// and a bound for longer ones.
pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// The lines of history that a newcomer receives: what fits on a screen.
pub const HISTORY_ON_JOIN: usize = 20;

/// The most missed lines that a returning member receives.
pub const HISTORY_ON_RETURN: usize = 200;

/// The time after leaving in which a member that returns under its name counts as the
/// same.
pub const RETURN_WINDOW: Duration = Duration::from_secs(3600);

/// The most departed members that a room's history remembers: as many as come and go in
/// an hour, even where ten thousand do. Each costs some 50 bytes.
pub const MAX_LEFT: usize = 16 * 1024;

/// A member that stayed in a room for a shorter time is not remembered there when many have
/// left. With longer visits the 64 connections of one host need more than
/// [`RETURN_WINDOW`] to fill the other half of [`MAX_LEFT`].
pub const SHORT_VISIT: Duration = Duration::from_secs(30);

/// The most bytes of lines in an answer over UDP: less than a socket buffers, and a part of
/// a second on a slow line.
pub const MAX_UDP_ANSWER: usize = 64 * 1024;

/// The most lines that `/search` shows.
pub const MAX_SEARCH_HITS: usize = 50;

/// The most members that `/who` and `/names` list: more than a person reads, in an
/// answer that costs no more than a few messages.
pub const MAX_LISTED: usize = 200;

/// The most members that the operator's `/who` lists: a terminal keeps about as many
/// lines, and the log takes them at once.
pub const MAX_LISTED_TO_OPERATOR: usize = 1000;

/// The most names that one member ignores.
pub const MAX_IGNORED: usize = 100;

/// How often a crowded room announces how many members joined and left.
pub const JOIN_COUNT_INTERVAL: Duration = Duration::from_secs(10);

/// The time for which the holder of a wanted name may leave probes without an answer: a
/// slow line answers in a few seconds, and so does a client that was stopped for some.
pub const RECLAIM_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest delay of a refusal for a name that is requested again and again.
pub const MAX_NAME_REFUSAL_DELAY: Duration = Duration::from_secs(8);

/// The time in which the previous session of a member that resumes must end. It may have
/// to post what it has read, into a full queue.
pub const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of missed lines that a member receives when it resumes: half of what may
/// wait for a member that reads slowly, so that the next line does not disconnect it.
pub const MAX_MISSED_BYTES: usize = 512 * 1024;

/// The most members whose connection broke and which may resume. Each takes at most twice
/// [`MAX_PRIVATE_BYTES`] of memory.
pub const MAX_BROKEN: usize = 1024;

/// The most bytes of private messages that are kept for a member that may resume: some
/// hundred messages.
pub const MAX_PRIVATE_BYTES: usize = 64 * 1024;

/// The most messages in the log's queue. Past it messages are dropped.
pub const LOG_MESSAGE_QUEUE: usize = 4096;

/// The most entries in the log's queue. The difference is room for joins and leaves
/// while messages are dropped.
pub const LOG_QUEUE: usize = 64 * 1024;

/// The most names that one connection may try.
pub const MAX_NAME_TRIES: u32 = 5;

/// The time after which a silent connection is prompted for a name. A program has sent
/// one by then, and a person needs the hint.
pub const NAME_PROMPT_DELAY: Duration = Duration::from_secs(1);

/// The time after which a connection without a name counts toward the most of these. A
/// storm of programs that all send their names at once is not counted.
pub const UNNAMED_DELAY: Duration = Duration::from_secs(1);

/// The time that a peer has to close its side after the last line was sent. A close with
/// unread input sends a reset, which may overtake that line.
pub const LINGER: Duration = Duration::from_secs(1);

/// The time to read on from a peer that speaks another protocol. It may send the rest of
/// a long request, which is discarded.
pub const FOREIGN_LINGER: Duration = Duration::from_millis(500);

/// The most refused connections that are read from at once. Each takes a thread and a
/// file, which the capacity leaves free.
pub const MAX_LINGERING_REFUSALS: usize = 32;

/// The time for which lines of a closed connection are still said, where the rate limit
/// holds them back. Without it a departed member would stay for days, if all of the
/// socket's buffer is full of short lines.
pub const DRAIN_INPUT: Duration = Duration::from_secs(10);

/// The time in which a lagging member that left must read the rest, because others may
/// need its writer.
pub const DRAIN_OUTPUT: Duration = Duration::from_secs(10);

/// The longest that a session reads on after its last line, even if its peer goes on
/// sending.
pub const MAX_LINGER: Duration = Duration::from_secs(5);

/// The longest time of a shutdown, with all that must still be sent.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The time in which the log must write its queue at the end.
pub const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The stack of a session or a writer, in bytes. They go a few calls deep. Only what is
/// touched takes memory, but the reserved space adds up over thousands.
pub const SESSION_STACK: usize = 256 * 1024;

/// The limits that an operator can change.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The maximum number of connections.
    pub max_clients: usize,
    /// The most connections without a name. Past it the oldest is closed, so that idle ones
    /// cannot keep people out.
    pub max_unnamed: usize,
    /// The time in which a connection must give a name.
    pub name_timeout: Duration,
    /// The time after which first bytes without a newline are a line. It is longer than a
    /// network takes between two pieces of one line, and shorter than a person between
    /// two lines. `None` is forever.
    pub unframed_delay: Option<Duration>,
    /// The most connections from one address: a whole class behind one router fits, and
    /// one machine cannot take all places. Loopback is exempt.
    pub max_per_address: usize,
    /// The rate of lines from one client.
    pub rate: Rate,
    /// The most bytes that wait for a member that reads too slowly.
    pub max_backlog: usize,
    /// The time for which such a member may take nothing at all.
    pub stall_timeout: Duration,
    /// The interval of a client's heartbeat. The client is disconnected when
    /// [`MAX_MISSED_HEARTBEATS`](common::MAX_MISSED_HEARTBEATS) are missing.
    pub heartbeat: Duration,
    /// The most lines that each room keeps for members that come later: an hour or two of
    /// lively talk.
    pub history_lines: usize,
    /// The most members to which a room announces each join and leave. In a larger room
    /// the notices would drown the talk.
    pub join_notice_limit: usize,
    /// The time after which a broken connection is announced as a departure, if its member
    /// may resume. A short break is over by then, and nobody notices it.
    pub leave_delay: Duration,
    /// The time for which a member may resume after its connection broke: a walk from one
    /// network to another.
    pub token_lifetime: Duration,
    /// The most rooms. Each keeps at most [`MAX_HISTORY_BYTES`]; an empty one is removed.
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
            leave_delay: Duration::from_secs(10),
            token_lifetime: Duration::from_secs(600),
            max_rooms: 1000,
        }
    }
}

/// The rate at which a client may send. Faster lines wait in its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// No limit.
    Unlimited,
    /// A limit. No person types ten lines a second; to paste fifty at once is common.
    Limited {
        /// The lines per second in the long run.
        per_second: u32,
        /// The lines at once, after a pause.
        burst: u32,
    },
}

/// The smallest backlog that makes sense: one longest line. The rest of the write by
/// which a member began to lag is always kept, whatever its size.
pub const MIN_BACKLOG: usize = MAX_EVENT;

/// Returns the most writer threads of lagging members, on a server for `clients`. An eighth
/// fits beside the clients into what the capacity leaves free, and a small server has a few
/// as well.
pub fn max_writers(clients: usize) -> usize {
    clients / 8 + 16
}
