//! Departures: announces the departure of members whose connection broke and who did
//! not come back in time.
//!
//! Thread: `departures`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Event, notice};

use super::{Detached, ResumeTable};
use crate::broadcaster::post::{ConnectionEnd, ConnectionPost, Post, PostSender};
use crate::connection::MemberId;
use crate::files::Files;
use crate::limits::Limits;
use crate::registry::Registry;
use crate::shutdown::Shutdown;

/// How often to look for members whose time is over: the delay of a kick's notice
/// while the kicked member's connection is broken.
const INTERVAL: Duration = Duration::from_millis(250);

/// The parts of the server that a departure concerns.
pub struct Departures {
    /// The tokens.
    pub resume: Arc<ResumeTable>,
    /// The members by name.
    pub registry: Arc<Registry>,
    /// The shared files; `None` if sharing is off.
    pub files: Option<Arc<Files>>,
    /// How long to wait.
    pub limits: Arc<Limits>,
    /// The queue of the broadcaster.
    pub posts: PostSender,
    /// Triggered when the server stops.
    pub shutdown: Shutdown,
}

impl Departures {
    /// Runs until the server stops.
    pub fn run(&self) {
        while !self.shutdown.sleep(INTERVAL) {
            self.announce_due(Instant::now());
        }
    }

    /// Announces the departures that are due at `now`, and forgets ended members.
    pub fn announce_due(&self, now: Instant) {
        for (member, detached) in self.resume.take_due(now) {
            self.depart(member, detached);
        }
        for member in self.resume.take_ended(now, self.limits.token_lifetime) {
            self.forget(member);
        }
    }

    /// Makes a member leave. Its token stays good, unless it was kicked.
    fn depart(&self, member: MemberId, detached: Detached) {
        let name = &detached.name;
        let left = Event::Notice(&notice::left(name, "")).to_line();
        let departure = ConnectionEnd {
            id: member,
            notice: left.into(),
            final_bytes: Vec::new(),
            log_entry: None,
            missed_since: Some(detached.missed_since),
            may_resume: !detached.was_kicked(),
        };
        // First the post, then the name: so the next holder can only join after this
        // one has left.
        let post = ConnectionPost::Leave(departure);
        self.posts.send(Post::Connection(post));
        match self.registry.release(member) {
            Some(profile) if !detached.was_kicked() => {
                self.resume.set_departed(member, detached, profile)
            }
            _ => self.forget(member),
        }
    }

    /// Ends all that a member could have resumed.
    fn forget(&self, member: MemberId) {
        self.resume.remove(member);
        if let Some(files) = &self.files {
            files.remove_member(member);
        }
        let post = ConnectionPost::Forget(member);
        self.posts.send(Post::Connection(post));
    }
}
