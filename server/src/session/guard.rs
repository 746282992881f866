//! Guard: a connection's presence in the chat, from joining to leaving.
//!
//! Invariant: however the session's thread ends, by `?` or by a panic, the leave is
//! posted, the name released and the close logged.

use std::sync::Arc;
use std::thread;

use common::{Event, Name, notice};

use super::context::ServerContext;
use crate::broadcaster::post::{
    ChangeNotices, Departure, MemberPost, Post, PostSender, RoomChange,
};
use crate::connection::Connection;
use crate::connection::admission::{self, Permit};
use crate::connection::close::{Close, CloseReason};
use crate::record::log::LogEntry;
use crate::registry::NameTaken;
use crate::room::id::RoomId;

/// The presence of one connection. Dropping it leaves the chat.
pub struct SessionGuard<'a> {
    /// The connection of the session.
    pub connection: Arc<Connection>,
    /// The parts of the server that every session uses.
    pub context: ServerContext,
    permit: &'a Permit,
    /// `None` before the connection is a member.
    name: Option<Name>,
    /// The reason that the member gives for leaving; may be empty.
    pub quit_message: String,
    /// The peer was prompted for its name.
    pub was_prompted: bool,
}

/// The reason why a connection cannot join.
pub enum JoinError {
    /// The name has this holder, unless it is just being released.
    NameTaken(Option<Arc<Connection>>),
    /// The connection must close.
    Closed(Close),
}

impl<'a> SessionGuard<'a> {
    /// Makes the guard of a connection that holds `permit`.
    pub fn new(
        connection: Arc<Connection>,
        context: ServerContext,
        permit: &'a Permit,
    ) -> SessionGuard<'a> {
        SessionGuard {
            connection,
            context,
            permit,
            name: None,
            quit_message: String::new(),
            was_prompted: false,
        }
    }

    /// Makes the connection a member called `name`.
    ///
    /// # Errors
    ///
    /// When it cannot join, see [`JoinError`].
    pub fn join(&mut self, name: &Name) -> Result<(), JoinError> {
        let claimed = self.context.registry.claim(name, &self.connection);
        let others = claimed.map_err(|NameTaken(holder)| JoinError::NameTaken(holder))?;
        if !self.permit.mark_named() {
            self.context.registry.release(name);
            return Err(JoinError::Closed(admission::evicted()));
        }
        self.name = Some(name.clone());
        self.connection
            .flags
            .set_muted(self.context.moderation.is_muted(name));
        let address = self.connection.address;
        let over = if self.connection.is_udp() {
            " over UDP"
        } else {
            ""
        };
        let entry = format!("[NEW CONNECTION] {name} connected from {address}{over}.");
        let change = RoomChange {
            id: self.connection.id,
            to: RoomId::lobby(),
            departure_notice: Vec::new(),
            arrival_notice: Event::Notice(&notice::joined(name)).to_line(),
            own_notice: self.welcome(&notice::welcome(name, &others)),
            log_entry: LogEntry::Line(entry),
        };
        let sender_id = self.context.registry.sender_id(name);
        let post = MemberPost::Join(change, sender_id);
        self.context.posts.send(Post::Member(post));
        Ok(())
    }

    /// Marks that the connection needs no name. Returns `false` if it has been
    /// [evicted](admission::evicted) already.
    pub fn claim_slot(&self) -> bool {
        self.permit.mark_named()
    }

    /// Returns the first lines for a member: the welcome, and the message of the day.
    fn welcome(&self, welcome: &str) -> Vec<u8> {
        let mut lines = Event::Notice(welcome).to_line();
        for line in self.context.moderation.motd() {
            Event::Operator(&line).encode(&mut lines);
        }
        lines
    }

    /// Gives the member another name, and notifies its room.
    ///
    /// # Errors
    ///
    /// When another member has that name.
    pub fn rename(&mut self, old: &Name, new: &Name) -> Result<(), NameTaken> {
        let ServerContext {
            registry, posts, ..
        } = &self.context;
        registry.rename(old, new)?;
        self.name = Some(new.clone());
        let id = self.connection.id;
        let line = |text: &str| Event::Notice(text).to_line();
        let notice = ChangeNotices {
            id,
            others: line(&notice::renamed(old, new)),
            own: line(&notice::own_new_name(new)),
        };
        let post = MemberPost::Rename(notice, registry.sender_id(new));
        posts.send(Post::Member(post));
        registry.release_old_name(old);
        Ok(())
    }

    /// Sends `event` to the client.
    pub fn send(&self, event: &Event<'_>) {
        self.context
            .posts
            .send_to(self.connection.id, event.to_line());
    }

    /// Closes the connection, unless a cause is set already.
    pub fn close(self, close: Close) {
        let _first_cause_counts = self.connection.lifecycle.set_close(close);
    }
}

impl Drop for SessionGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let message = "Something went wrong in the server, sorry.";
            let _first_cause_counts = self
                .connection
                .lifecycle
                .set_close(Close::with_message(CloseReason::Panic, message));
        }
        // First the post, then the name: so the next holder can only join after this
        // one has left.
        post_leave(
            &self.connection,
            &self.context.posts,
            self.name.as_ref(),
            &self.quit_message,
        );
        if let Some(name) = &self.name {
            self.context.registry.release(name);
            if let Some(files) = &self.context.files {
                files.remove_member(self.connection.id);
            }
        }
        self.connection.lifecycle.mark_done();
    }
}

/// Posts the end of a connection, with its last bytes and its log entry.
pub fn post_leave(
    connection: &Connection,
    posts: &PostSender,
    name: Option<&Name>,
    quit_message: &str,
) {
    let close = connection.lifecycle.close_cause().cloned();
    let close = close.unwrap_or_else(|| Close::from(CloseReason::Eof));
    let who = name.map_or_else(|| connection.address.to_string(), Name::to_string);
    let reason = close.reason;
    let entry = format!("[CONNECTION CLOSED] {who} disconnected ({reason}).");
    let left = |name| Event::Notice(&notice::left(name, quit_message)).to_line();
    let departure = Departure {
        id: connection.id,
        notice: name.map(left).unwrap_or_default(),
        final_bytes: close.final_bytes(),
        log_entry: LogEntry::Line(entry),
        // A peer that vanished has not seen what was said since.
        last_received: (reason == CloseReason::Timeout).then(|| connection.last_received()),
    };
    posts.send(Post::Member(MemberPost::Leave(departure)));
}
