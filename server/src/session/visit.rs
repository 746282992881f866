//! A connection's presence in the room, from coming in to leaving.

use std::sync::Arc;
use std::thread;

use common::{Event, Name, notice};

use super::Shared;
use crate::door::{self, Pass};
use crate::link::Link;
use crate::log::Entry;
use crate::post::{Passage, Post, Posts};
use crate::reason::{Ending, Reason};
use crate::registry::{Taken, lobby};

/// However the thread ends, by `?` or by a panic, dropping this tells the room,
/// frees the name and writes the log.
pub struct Visit<'a> {
    /// The connection.
    pub link: Arc<Link>,
    /// The rest of the server.
    pub shared: Shared,
    pass: &'a Pass,
    /// Once it is a member.
    name: Option<Name>,
    /// What it says about its leaving.
    pub parting: String,
    /// Whether it had to be asked for a name.
    pub prompted: bool,
}

/// Why somebody could not enter.
pub enum Refused {
    /// The name has this holder; another one may do.
    Taken(Option<Arc<Link>>),
    /// It is over.
    Over(Ending),
}

impl<'a> Visit<'a> {
    /// Begins the visit of a connection that holds `pass`.
    pub fn begin(link: Arc<Link>, shared: Shared, pass: &'a Pass) -> Visit<'a> {
        Visit {
            link,
            shared,
            pass,
            name: None,
            parting: String::new(),
            prompted: false,
        }
    }

    /// Makes the client a member called `name`.
    ///
    /// # Errors
    ///
    /// Why that cannot be; see [`Refused`].
    pub fn enter(&mut self, name: &Name) -> Result<(), Refused> {
        let claimed = self.shared.registry.claim(name, &self.link);
        let others = claimed.map_err(|Taken(holder)| Refused::Taken(holder))?;
        if !self.pass.named() {
            self.shared.registry.release(name);
            return Err(Refused::Over(door::crowded_out()));
        }
        self.name = Some(name.clone());
        self.link.set_muted(self.shared.rules.is_muted(name));
        let address = self.link.address;
        let over = if self.link.is_datagrams() {
            " over UDP"
        } else {
            ""
        };
        let entry = format!("[NEW CONNECTION] {name} connected from {address}{over}.");
        let passage = Passage {
            id: self.link.id,
            to: lobby(),
            gone: Vec::new(),
            come: Event::Notice(&notice::joined(name)).to_line(),
            told: self.welcome(&notice::welcome(name, &others)),
            entry: Entry::Line(entry),
        };
        let voice = self.shared.registry.voice(name);
        self.shared.posts.send(Post::Enter(passage, voice));
        Ok(())
    }

    /// Notes that the connection needs no name, and says whether it is in time: it
    /// may have been [crowded out](door::crowded_out) just before.
    pub fn takes_place(&self) -> bool {
        self.pass.named()
    }

    /// The first lines for a member: the welcome, and what the operator has to say.
    fn welcome(&self, welcome: &str) -> Vec<u8> {
        let mut lines = Event::Notice(welcome).to_line();
        for line in self.shared.rules.motd() {
            Event::Operator(&line).encode(&mut lines);
        }
        lines
    }

    /// Gives the member another name, and tells its room.
    ///
    /// # Errors
    ///
    /// When somebody has that name.
    pub fn rename(&mut self, old: &Name, new: &Name) -> Result<(), Taken> {
        let Shared {
            registry, posts, ..
        } = &self.shared;
        registry.rename(old, new)?;
        self.name = Some(new.clone());
        posts.send(Post::Rename {
            id: self.link.id,
            voice: registry.voice(new),
            notice: Event::Notice(&notice::renamed(old, new)).to_line(),
            told: Event::Notice(&notice::own_new_name(new)).to_line(),
        });
        registry.free(old);
        Ok(())
    }

    /// Tells this client `event`.
    pub fn tell(&self, event: &Event<'_>) {
        self.shared.posts.tell(self.link.id, event.to_line());
    }

    /// Ends the visit, for the reason in `ending` unless there is one already.
    pub fn end(self, ending: Ending) {
        let _the_first_counts = self.link.conclude(ending);
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let told = "Something went wrong in the server, sorry.";
            let _the_first_counts = self.link.conclude(Ending::told(Reason::Panic, told));
        }
        // First the post, then the name: its next holder can then only enter
        // after this one has left.
        leave(
            &self.link,
            &self.shared.posts,
            self.name.as_ref(),
            &self.parting,
        );
        if let Some(name) = &self.name {
            self.shared.registry.release(name);
            if let Some(files) = &self.shared.files {
                files.leave(self.link.id);
            }
        }
        self.link.leave();
    }
}

/// Posts the end of a connection, with its last lines and its log entry.
pub fn leave(link: &Link, posts: &Posts, name: Option<&Name>, parting: &str) {
    let ending = link.ending().cloned();
    let ending = ending.unwrap_or_else(|| Ending::from(Reason::Eof));
    let who = name.map_or_else(|| link.address.to_string(), Name::to_string);
    let reason = ending.reason;
    let entry = format!("[CONNECTION CLOSED] {who} disconnected ({reason}).");
    let left = |name| Event::Notice(&notice::left(name, parting)).to_line();
    posts.send(Post::Exit {
        id: link.id,
        notice: name.map(left).unwrap_or_default(),
        farewell: ending.farewell(),
        entry: Entry::Line(entry),
        // Who vanished has not seen what was said since.
        heard: (reason == Reason::Timeout).then(|| link.heard()),
    });
}
