//! Session: the thread of one client, from its first byte to its last.
//!
//! ```text
//! run:  handshake (a line becomes a name)  ->  chat (lines become posts)  ->  leave
//!                 (or a request)           ->  file transfer
//! ```
//!
//! A session reads and decides. Its replies go to the broadcaster as posts, like
//! everything else. What a session holds has layers, each with what the next needs:
//!
//! ```text
//! Chat           the loop: waits for bytes, takes lines           (chat.rs)
//!   LineHandler    one line: limits, parses, dispatches           (line_handler.rs)
//!     MemberSession  the member, as commands see it               (member_session.rs)
//!       SessionGuard   the connection, its name and its end       (guard.rs, leaving.rs)
//!         Connection     what other threads see of it             (../connection/mod.rs)
//! ```
//!
//! Every end, a normal `q:quit` too, travels up as an `Err(Close)`, so that `?` ends
//! whatever was going on.
//!
//! Writes: nothing to a socket, but for the bytes of a file.
//! Locks: the registry, the moderation, the file catalog, the tokens, the allowances of
//! hosts and the admission, inside their methods.
//! Blocks: on its socket, the broadcaster's full queue and answers, its rate limit, and
//! the disk of a file; for seconds on a silent holder of a wanted name, before a repeated
//! refusal, and on the previous session of a member that resumes.

mod chat;
mod command;
pub mod context;
#[cfg(test)]
mod file_races;
mod file_transfer;
mod foreign_protocol;
mod guard;
mod handshake;
mod heartbeat;
mod leaving;
mod line_handler;
mod line_reader;
pub mod linger;
mod member_session;
#[cfg(test)]
mod moderation_races;
mod name_reclaim;
mod post_buffer;
mod reply_tracker;
mod resuming;
#[cfg(test)]
mod test_panic;
#[cfg(test)]
mod test_parts;
mod unframed_text;

use std::sync::Arc;

use crate::broadcaster::post::PostSender;
use crate::connection::admission::Permit;
use crate::connection::close::{Close, CloseReason};
use crate::connection::{Connection, ReadHalf};
use crate::limits;

use context::{ServerContext, UntilClosed};
use guard::SessionGuard;
use handshake::HandshakeOutcome;
use line_reader::LineReader;
use linger::linger;

/// Runs the session of one connection. `permit` is given back at its end.
pub fn run(
    read_half: ReadHalf,
    connection: Arc<Connection>,
    permit: Permit,
    context: ServerContext,
) {
    let mut reader = LineReader::new(read_half, context.limits.unframed_delay);
    let mut guard = SessionGuard::new(connection, context, &permit);
    // It returns only when the connection closes.
    let Err(close) = serve(&mut guard, &mut reader);
    let max_linger = if close.reason == CloseReason::Protocol {
        limits::FOREIGN_LINGER
    } else {
        limits::MAX_LINGER
    };
    guard.leave_with(close);
    linger(reader.read_half(), max_linger);
}

/// Closes a connection that was not admitted.
pub fn reject(connection: &Connection, posts: &PostSender, close: Close) {
    connection.lifecycle.set_close(close);
    leaving::post_leave(connection, posts, None, "");
    connection.lifecycle.mark_done();
}

fn serve(guard: &mut SessionGuard<'_>, reader: &mut LineReader) -> UntilClosed {
    match handshake::run(guard, reader)? {
        HandshakeOutcome::Member(name) => chat::run(guard, reader, name),
        HandshakeOutcome::Transfer(request) => Err(file_transfer::run(guard, reader, request)),
    }
}
