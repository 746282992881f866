//! One client's thread: from its first byte to its last.
//!
//! ```text
//! run:  handshake (a line becomes a name)  ->  talk (lines become posts)  ->  leave
//!                 (or a demand)            ->  transfer (bytes of a file)
//! ```
//!
//! A session reads and decides; it never writes to the socket. What its client
//! is to be told goes to the broadcaster as a post, like everything else.

mod chat;
mod command;
pub mod context;
mod file_transfer;
mod foreign_protocol;
mod guard;
mod handshake;
mod heartbeat;
mod line_reader;
pub mod linger;
mod member;
mod name_reclaim;
mod outbox;
mod rate_limit;
mod reply_mode;
#[cfg(test)]
mod test_panic;

use std::sync::Arc;

use crate::broadcaster::post::PostSender;
use crate::connection::close::{Close, CloseReason};
use crate::connection::limiter::Permit;
use crate::connection::{Connection, ReadHalf};
use crate::limits;

use context::{ServerContext, UntilClosed};
use guard::SessionGuard;
use handshake::HandshakeOutcome;
use line_reader::LineReader;
use linger::linger;

/// The thread's life. `pass` is given back when it ends.
pub fn run(
    read_half: ReadHalf,
    connection: Arc<Connection>,
    permit: Permit,
    shared: ServerContext,
) {
    let mut reader = LineReader::new(read_half, shared.limits.unframed_delay);
    let mut guard = SessionGuard::new(connection, shared, &permit);
    let Err(close) = serve(&mut guard, &mut reader);
    let timeout = match close.reason {
        CloseReason::Protocol => limits::FOREIGN_LINGER,
        _ => limits::SHUTDOWN_TIMEOUT,
    };
    guard.close(close);
    linger(reader.read_half(), timeout);
}

/// Turns away a connection for which there is no place.
pub fn reject(connection: &Connection, posts: &PostSender, close: Close) {
    connection.lifecycle.set_close(close);
    guard::post_leave(connection, posts, None, "");
    connection.lifecycle.mark_done();
}

fn serve(guard: &mut SessionGuard<'_>, reader: &mut LineReader) -> UntilClosed {
    match handshake::run(guard, reader)? {
        HandshakeOutcome::Member(name) => chat::run(guard, reader, name),
        HandshakeOutcome::Transfer(request) => Err(file_transfer::run(guard, reader, request)),
    }
}
