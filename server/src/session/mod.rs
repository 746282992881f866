//! One client's thread: from its first byte to its last.
//!
//! ```text
//! run:  handshake (a line becomes a name)  ->  talk (lines become posts)  ->  leave
//! ```
//!
//! A session reads and decides; it never writes to the socket. What its client
//! is to be told goes to the broadcaster as a post, like everything else.

mod bucket;
mod handshake;
mod pulse;
mod speech;
mod talk;

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use common::{Event, LineSplitter, MAX_LINE, Name, notice};

use crate::door::Pass;
use crate::limits::{self, Limits};
use crate::link::{Inlet, Link};
use crate::log::Entry;
use crate::post::{Post, Posts};
use crate::reason::{Ending, Reason};
use crate::registry::Registry;
use crate::stop::Stop;

/// What all sessions share.
#[derive(Clone)]
pub struct Room {
    /// The way to the broadcaster.
    pub posts: Posts,
    /// Who is here.
    pub registry: Arc<Registry>,
    /// What may be asked of the room.
    pub limits: Arc<Limits>,
    /// Raised when the server ends.
    pub stop: Stop,
}

/// The thread's life. `pass` is given back when it ends.
pub fn run(mut inlet: Inlet, link: Arc<Link>, pass: Pass, room: Room) {
    let mut visit = Visit::new(link, room);
    let ending = match converse(&mut visit, &mut inlet, &pass) {
        Err(ending) => ending,
        Ok(never) => match never {},
    };
    visit.link.conclude(ending);
    drop(visit);
    linger(&mut inlet);
}

/// Turns away a connection for which there is no place.
pub fn refuse(link: &Link, posts: &Posts, ending: Ending) {
    link.conclude(ending);
    leave(link, posts, None);
}

/// Reads on until the peer has seen the end, or until its time is up.
pub fn linger(inlet: &mut Inlet) {
    let until = Instant::now() + limits::LINGER;
    let mut unread = [0; 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || inlet.set_patience(Some(left)).is_err() {
            return;
        }
        if matches!(inlet.read(&mut unread), Ok(0) | Err(_)) {
            return;
        }
    }
}

/// There is no way to end well: every conversation ends with an [`Ending`].
type Endless = Result<std::convert::Infallible, Ending>;

fn converse(visit: &mut Visit, inlet: &mut Inlet, pass: &Pass) -> Endless {
    let mut lines = LineSplitter::new(MAX_LINE);
    let name = handshake::run(visit, inlet, &mut lines)?;
    pass.named();
    talk::run(visit, inlet, &mut lines, &name)
}

/// A connection's presence. However the thread ends, by `?` or by a panic,
/// dropping this tells the room, frees the name and writes the log.
struct Visit {
    link: Arc<Link>,
    room: Room,
    name: Option<Name>,
}

impl Visit {
    fn new(link: Arc<Link>, room: Room) -> Visit {
        let name = None;
        Visit { link, room, name }
    }

    /// Tells this client `event`.
    fn tell(&self, event: &Event<'_>) {
        self.room.posts.tell(self.link.id, event.to_line());
    }

    /// Tells this client what it cannot have, and why.
    fn refuse(&self, why: &str) {
        self.tell(&Event::Refusal(why));
    }

    /// Reads more bytes, or says that and how the conversation is over.
    fn fill(&self, lines: &mut LineSplitter, inlet: &mut Inlet) -> Result<(), Ending> {
        if let Some(ending) = self.link.ending() {
            return Err(ending.clone());
        }
        match lines.fill(inlet) {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                ErrorKind::TimedOut => Ending::told(Reason::Timeout, SILENT),
                _ => Ending::from(Reason::Reset),
            }),
        }
    }

    /// Makes the client a member, if nobody holds `name`.
    fn enter(&mut self, name: &Name) -> Result<(), crate::registry::Taken> {
        let others = self.room.registry.claim(name, &self.link)?;
        self.name = Some(name.clone());
        let welcome = notice::welcome(name, others.count, &others.listed);
        let address = self.link.address;
        let entry = format!("[NEW CONNECTION] {name} connected from {address}.");
        self.room.posts.send(Post::Enter {
            id: self.link.id,
            welcome: Event::Notice(&welcome).to_line(),
            notice: Event::Notice(&notice::joined(name)).to_line(),
            entry: Entry::Line(entry),
        });
        Ok(())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if thread::panicking() {
            let told = "Something went wrong in the server, sorry.";
            self.link.conclude(Ending::told(Reason::Panic, told));
        }
        // First the post, then the name: its next holder can then only enter
        // after this one has left.
        leave(&self.link, &self.room.posts, self.name.as_ref());
        if let Some(name) = &self.name {
            self.room.registry.release(name);
        }
    }
}

/// Posts the end of a connection, with its last lines and its log entry.
fn leave(link: &Link, posts: &Posts, name: Option<&Name>) {
    let ending = link.ending().cloned();
    let ending = ending.unwrap_or_else(|| Ending::from(Reason::Eof));
    let mut farewell = Vec::new();
    if !ending.told.is_empty() {
        Event::Refusal(&ending.told).encode(&mut farewell);
    }
    Event::Quit.encode(&mut farewell);
    let who = name.map_or_else(|| link.address.to_string(), Name::to_string);
    let left = |name| Event::Notice(&notice::left(name)).to_line();
    posts.send(Post::Exit {
        id: link.id,
        notice: name.map(left).unwrap_or_default(),
        farewell,
        entry: Entry::Line(format!(
            "[CONNECTION CLOSED] {who} disconnected ({}).",
            ending.reason
        )),
    });
}

const SILENT: &str = "Nothing has come from you for too long.";

/// The ending of a connection whose socket refuses even to be set up.
fn broken(_: io::Error) -> Ending {
    Ending::from(Reason::Reset)
}
