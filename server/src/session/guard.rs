//! Guard: a connection's presence in the chat, from joining to leaving.
//!
//! A guard is a value whose drop does the last step, whatever ends the thread. This
//! one's drop is in `leaving.rs`.
//!
//! Invariant: however the session's thread ends, by `?` or by a panic, the leave is
//! posted, the name released and the close logged.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use common::{CapReply, Capabilities, Capability, Event, Name, Token, notice};

use super::context::ServerContext;
use crate::broadcaster::post::{
    ConnectionPost, MemberChange, MemberNotice, MemberPost, Post, RoomChange,
};
use crate::connection::Connection;
use crate::connection::admission::{self, Permit};
use crate::connection::close::{Close, CloseReason};
use crate::connection::host::Host;
use crate::rate_limit::TokenBucket;
use crate::record::log::LogEntry;
use crate::registry::NameTaken;
use crate::room::id::{RoomRef, SenderId};

/// How often a session that waits looks whether its connection must close.
const CLOSE_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The presence of one connection. Dropping it leaves the chat.
pub struct SessionGuard<'a> {
    /// The connection of the session.
    pub connection: Arc<Connection>,
    /// The parts of the server that every session uses.
    pub context: ServerContext,
    permit: &'a Permit,
    /// `None` before the connection is a member.
    pub(super) name: Option<Name>,
    /// The reason that the member gives for leaving; may be empty.
    pub quit_message: String,
    /// The peer was prompted for its name.
    pub was_prompted: bool,
    /// The peer ends no lines.
    pub is_unframed: bool,
    /// The member does not want join and leave notices.
    pub hides_join_leave: bool,
    /// The allowance of lines.
    pub rate_limit: TokenBucket,
    /// The end of the time in which the peer must give a name.
    pub name_deadline: Instant,
    /// The capabilities that were granted.
    pub capabilities: Capabilities,
    /// The number of the client's last line that was handled.
    pub last_handled: Arc<AtomicU64>,
    /// The member's token; `None` if it did not ask for one.
    pub token: Option<Token>,
}

/// The reason why a connection cannot join.
pub enum JoinError {
    /// The name has this holder, unless it is just being released.
    NameTaken(Option<Arc<Connection>>),
    /// The name or the address is banned, for this reason, or the server is locked.
    Refused(String),
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
        let now = Instant::now();
        let host = Host::of(connection.address.ip());
        SessionGuard {
            rate_limit: context.allowances.take(host, context.limits.rate, now),
            name_deadline: now + context.limits.name_timeout,
            connection,
            context,
            permit,
            name: None,
            quit_message: String::new(),
            was_prompted: false,
            is_unframed: false,
            hides_join_leave: false,
            capabilities: Capabilities::default(),
            last_handled: Arc::default(),
            token: None,
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
        let id = self.connection.member_id();
        // After the claim: so a ban either finds the member, or is found here.
        let address = self.connection.address.ip();
        if let Err(why) = self.context.moderation.admit_name(name, address) {
            self.context.registry.release(id);
            return Err(JoinError::Refused(why));
        }
        if !self.permit.protect_from_eviction() {
            self.context.registry.release(id);
            return Err(JoinError::Closed(admission::evicted()));
        }
        self.name = Some(name.clone());
        self.apply_mute(name);
        if self.capabilities.contains(Capability::Resume) {
            self.issue_token();
        }
        let motd = self.context.moderation.motd();
        let change = RoomChange {
            id,
            to: RoomRef::lobby(),
            leaving_notice: MemberNotice::default(),
            arrival_notice: Event::Notice(&notice::joined(name)).to_line().into(),
            own_notice: self.welcome(&notice::welcome(name, &others), &motd),
            log_entry: self.connected_entry(name),
        };
        let post = MemberPost::Join(change, self.sender_id(name));
        self.context.posts.send(Post::Member(post));
        if self.token.is_some() {
            let post = MemberPost::SetResumable(id);
            self.context.posts.send(Post::Member(post));
        }
        Ok(())
    }

    /// Mutes the member if `name` is muted, which others can find it by already.
    pub(super) fn apply_mute(&self, name: &Name) {
        self.context
            .moderation
            .apply_mute(name, &self.connection.flags);
    }

    fn issue_token(&mut self) {
        let last_handled = Arc::clone(&self.last_handled);
        let token = self.context.resume.issue(&self.connection, last_handled);
        self.token = Some(token);
        self.connection.flags.set_may_resume();
    }

    pub(super) fn connected_entry(&self, name: &Name) -> LogEntry {
        let address = self.connection.address;
        let over_udp = self.connection.is_udp().then_some(" over UDP");
        let over = over_udp.unwrap_or_default();
        LogEntry::Line(format!(
            "[NEW CONNECTION] {name} connected from {address}{over}."
        ))
    }

    /// Marks that the connection needs no name. Returns `false` if it has been
    /// [evicted](admission::evicted) already.
    pub fn protect_from_eviction(&self) -> bool {
        self.permit.protect_from_eviction()
    }

    /// Takes the place of a file, beside that of the connection that carries it. Returns
    /// `false` if none is left.
    pub fn count_transfer(&self) -> bool {
        self.permit.count_transfer()
    }

    /// Counts the connection as one that has sent no name for a while. The oldest of
    /// these is closed if there are too many.
    pub fn count_unnamed(&self) {
        if let Some(oldest) = self.permit.count_unnamed() {
            self.context
                .reaper
                .disconnect(&oldest, admission::evicted());
        }
    }

    /// Returns the first lines for a member: the welcome, its token if it has one, and
    /// the message of the day `motd`.
    pub(super) fn welcome(&self, welcome: &str, motd: &[String]) -> Vec<u8> {
        let mut lines = Event::Notice(welcome).to_line();
        lines.extend(self.token_line());
        for line in motd {
            Event::Operator(line).encode(&mut lines);
        }
        lines
    }

    /// Returns the number of the member as a sender under `name`. Another member has the
    /// same only under the same name and from the same host.
    pub(super) fn sender_id(&self, name: &Name) -> SenderId {
        let host = Host::of(self.connection.address.ip());
        self.context.registry.sender_id(name, host)
    }

    /// Gives the member another name, and notifies its room.
    ///
    /// # Errors
    ///
    /// When another member has that name.
    pub fn rename(&mut self, old: &Name, new: &Name) -> Result<(), NameTaken> {
        let registry = &self.context.registry;
        registry.rename(old, new)?;
        self.apply_mute(new);
        self.name = Some(new.clone());
        let id = self.connection.member_id();
        let line = |text: &str| Event::Notice(text).to_line();
        let notice = MemberChange {
            id,
            others: line(&notice::renamed(old, new)),
            own: line(&notice::own_new_name(new)),
        };
        let post = MemberPost::Rename(notice, self.sender_id(new));
        self.context.posts.send(Post::Member(post));
        registry.release_old_name(old);
        Ok(())
    }

    /// Waits for `time`. A connection that must close, perhaps to make room for others,
    /// does so at once.
    ///
    /// # Errors
    ///
    /// How the connection closes, if it must meanwhile.
    pub fn pause(&self, time: Duration) -> Result<(), Close> {
        let end = Instant::now() + time;
        loop {
            if let Some(close) = self.connection.lifecycle.close_cause() {
                return Err(close.clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if self.context.shutdown.sleep(left.min(CLOSE_POLL_INTERVAL)) {
                return Err(CloseReason::Shutdown.into());
            }
        }
    }

    /// Returns the line with the member's token, if it has one.
    fn token_line(&self) -> Vec<u8> {
        let reply = self.token.map(CapReply::ResumeToken);
        reply.map_or_else(Vec::new, |reply| format!("{reply}\n").into_bytes())
    }

    /// Grants the client what it asks for, if it is known. Returns all that is new.
    pub fn grant(&mut self, asked: Capabilities) -> Capabilities {
        let grantable = if self.is_unframed {
            // Numbers and heartbeats need lines, and a token a program that keeps it.
            asked.intersection(Capabilities::of(&[Capability::Time]))
        } else if self.connection.is_udp() {
            asked.intersection(Capabilities::of(&[Capability::Time, Capability::Heartbeat]))
        } else {
            asked
        };
        let new = grantable.without(self.capabilities);
        self.capabilities = self.capabilities.union(new);
        let id = self.connection.member_id();
        let mut lines = format!("{}\n", self.capabilities).into_bytes();
        if new.contains(Capability::Resume) && self.name.is_some() && self.token.is_none() {
            self.issue_token();
            let post = MemberPost::SetResumable(id);
            self.context.posts.send(Post::Member(post));
            lines.extend(self.token_line());
        }
        self.context.posts.send_to(id, lines);
        if new.contains(Capability::Time) || new.contains(Capability::Id) {
            let post = ConnectionPost::SetTagged(id);
            self.context.posts.send(Post::Connection(post));
        }
        if new.contains(Capability::Heartbeat) {
            self.connection.flags.set_answers_probes();
        }
        new
    }

    /// Returns `true` if the client numbers its lines.
    pub fn is_numbered(&self) -> bool {
        self.capabilities.contains(Capability::Id)
    }

    /// Sends `event` to the client.
    pub fn send(&self, event: &Event<'_>) {
        self.context
            .posts
            .send_to(self.connection.member_id(), event.to_line());
    }

    /// Leaves, for this reason unless another is set already.
    pub fn leave_with(self, close: Close) {
        let _first_cause_counts = self.connection.lifecycle.set_close(close);
    }
}
