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

use crate::door::Pass;
use crate::files::Files;
use crate::limits::{self, Limits};
use crate::link::{Inlet, Link};
use crate::post::Posts;
use crate::reason::{Ending, Reason};
use crate::registry::Registry;
use crate::rules::Rules;
use crate::stop::Stop;

use ear::Ear;
use handshake::Arrival;
use visit::Visit;

/// What all sessions share.
#[derive(Clone)]
pub struct Shared {
    /// The way to the broadcaster.
    pub posts: Posts,
    /// Who is here.
    pub registry: Arc<Registry>,
    /// What the operator has decided.
    pub rules: Arc<Rules>,
    /// What people share, if they may.
    pub files: Option<Arc<Files>>,
    /// When the server started.
    pub started: Instant,
    /// What may be asked of the room.
    pub limits: Arc<Limits>,
    /// Raised when the server ends and everybody has been told so.
    pub stop: Stop,
}

/// The thread's life. `pass` is given back when it ends.
pub fn run(inlet: Inlet, link: Arc<Link>, pass: Pass, shared: Shared) {
    let mut ear = Ear::new(inlet, shared.limits.quiet);
    let mut visit = Visit::begin(link, shared, &pass);
    let Err(ending) = converse(&mut visit, &mut ear);
    let patience = match ending.reason {
        Reason::Protocol => limits::STRANGER,
        _ => limits::STOPPING,
    };
    visit.end(ending);
    linger(ear.inlet(), patience);
}

/// Turns away a connection for which there is no place.
pub fn turn_away(link: &Link, posts: &Posts, ending: Ending) {
    link.conclude(ending);
    visit::leave(link, posts, None, "");
    link.leave();
}

/// Reads on until the peer closes its side too, or until its time is up: closing
/// with unread input would send a reset, which may overtake the last line.
///
/// Who still sends, or lags, has not come to the end yet and may take longer, but
/// not more than `most`.
pub fn linger(inlet: &mut Inlet, most: Duration) {
    let begin = Instant::now();
    let mut last_sign = begin;
    let mut unread = [0; 1024];
    let patience = limits::LINGER.min(most);
    while begin.elapsed() < most && last_sign.elapsed() < limits::LINGER {
        if inlet.set_patience(Some(patience)).is_err() {
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
type UntilEnding = Result<Infallible, Ending>;

fn converse(visit: &mut Visit<'_>, ear: &mut Ear) -> UntilEnding {
    match handshake::run(visit, ear)? {
        Arrival::Member(name) => talk::run(visit, ear, name),
        Arrival::Transfer(demand) => Err(transfer::run(visit, ear, demand)),
    }
}
