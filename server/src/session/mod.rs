//! One client's thread: from its first byte to its last.
//!
//! ```text
//! run:  handshake (a line becomes a name)  ->  talk (lines become posts)  ->  leave
//!                 (or a demand)            ->  transfer (bytes of a file)
//! ```
//!
//! A session reads and decides; it never writes to the socket. What its client
//! is to be told goes to the broadcaster as a post, like everything else.

mod bucket;
mod command;
mod ear;
mod handover;
mod handshake;
mod manner;
mod pulse;
mod speech;
mod stranger;
mod talk;
mod transfer;
mod visit;

use std::convert::Infallible;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::door::Permit;
use crate::files::Files;
use crate::limits::{self, Limits};
use crate::link::{ReadHalf, Connection};
use crate::post::PostSender;
use crate::reason::{Close, CloseReason};
use crate::registry::Registry;
use crate::rules::Moderation;
use crate::stop::Shutdown;

use ear::LineReader;
use handshake::HandshakeOutcome;
use visit::SessionGuard;

/// What all sessions share.
#[derive(Clone)]
pub struct ServerContext {
    /// The way to the broadcaster.
    pub posts: PostSender,
    /// Who is here.
    pub registry: Arc<Registry>,
    /// What the operator has decided.
    pub moderation: Arc<Moderation>,
    /// What people share, if they may.
    pub files: Option<Arc<Files>>,
    /// When the server started.
    pub started: Instant,
    /// What may be asked of the room.
    pub limits: Arc<Limits>,
    /// Raised when the server ends and everybody has been told so.
    pub shutdown: Shutdown,
}

/// The thread's life. `pass` is given back when it ends.
pub fn run(inlet: ReadHalf, link: Arc<Connection>, pass: Permit, shared: ServerContext) {
    let mut ear = LineReader::new(inlet, shared.limits.unframed_delay);
    let mut visit = SessionGuard::new(link, shared, &pass);
    let Err(ending) = serve(&mut visit, &mut ear);
    let patience = match ending.reason {
        CloseReason::Protocol => limits::FOREIGN_LINGER,
        _ => limits::SHUTDOWN_TIMEOUT,
    };
    visit.close(ending);
    linger(ear.read_half(), patience);
}

/// Turns away a connection for which there is no place.
pub fn reject(link: &Connection, posts: &PostSender, ending: Close) {
    link.set_close(ending);
    visit::post_leave(link, posts, None, "");
    link.mark_done();
}

/// Reads on until the peer closes its side too, or until its time is up: closing
/// with unread input would send a reset, which may overtake the last line.
///
/// Who still sends, or lags, has not come to the end yet and may take longer, but
/// not more than `most`.
pub fn linger(inlet: &mut ReadHalf, most: Duration) {
    let begin = Instant::now();
    let mut last_sign = begin;
    let mut unread = [0; 1024];
    let patience = limits::LINGER.min(most);
    while begin.elapsed() < most && last_sign.elapsed() < limits::LINGER {
        if inlet.set_timeout(Some(patience)).is_err() {
            return;
        }
        match inlet.read(&mut unread) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                if inlet.is_lagging() {
                    last_sign = Instant::now();
                }
            }
            Ok(0) | Err(_) => return,
            Ok(_) => last_sign = Instant::now(),
        }
    }
}

/// What goes on until the conversation is over has no other result.
type UntilClosed = Result<Infallible, Close>;

fn serve(visit: &mut SessionGuard<'_>, ear: &mut LineReader) -> UntilClosed {
    match handshake::run(visit, ear)? {
        HandshakeOutcome::Member(name) => talk::run(visit, ear, name),
        HandshakeOutcome::Transfer(demand) => Err(transfer::run(visit, ear, demand)),
    }
}
