//! Leaving: the end of a session, as a leave or as a break after which the member may
//! come back.

use std::thread;
use std::time::Instant;

use common::{Event, Name, notice};

use super::guard::SessionGuard;
use crate::broadcaster::post::{
    ConnectionEnd, ConnectionPost, Detachment, MemberNotice, MemberPost, Post, PostSender,
};
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::connection::host::Host;
use crate::record::log::LogEntry;
use crate::resume::Detached;

impl Drop for SessionGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let message = "Something went wrong in the server, sorry.";
            let _first_cause_counts = self
                .connection
                .lifecycle
                .set_close(Close::with_message(CloseReason::Panic, message));
        }
        let close = close_of(&self.connection);
        if !(close.reason.is_break() && self.detach(&close)) {
            self.leave();
        }
        self.connection.lifecycle.mark_done();
    }
}

impl SessionGuard<'_> {
    /// Keeps the name for a member whose connection broke, and which may resume. Returns
    /// `false` if the member must leave.
    fn detach(&self, close: &Close) -> bool {
        let (Some(name), Some(_token)) = (&self.name, self.token) else {
            return false;
        };
        let id = self.connection.member_id();
        let host = Host::of(self.connection.address.ip());
        let limits = &self.context.limits;
        if !self.context.resume.make_room(id, host, limits) {
            return false;
        }
        let stand_in = self.connection.stand_in();
        self.context.registry.set_connection(&stand_in);
        // A kick either finds the stand-in, or is found here.
        if self.connection.lifecycle.kick().is_some() {
            return false;
        }
        let detachment = Detachment {
            id,
            final_bytes: close.final_bytes(),
            log_entry: closed_entry(&self.connection, Some(name), close),
        };
        let post = MemberPost::Detach(detachment);
        self.context.posts.send(Post::Member(post));
        let now = Instant::now();
        let missed_since = missed_since(&self.connection, close);
        let detached = Detached {
            name: name.clone(),
            connection: stand_in,
            since: now,
            leave_at: now + limits.leave_delay,
            missed_since: missed_since.unwrap_or(now),
            hides_join_leave: self.hides_join_leave,
            rate_limit: self.rate_limit,
        };
        self.context.resume.detach(id, detached);
        true
    }

    fn leave(&self) {
        let id = self.connection.member_id();
        let host = Host::of(self.connection.address.ip());
        let now = Instant::now();
        self.context
            .allowances
            .give_back(host, self.rate_limit, now);
        // First the post, then the name: so the next holder can only join after this
        // one has left.
        post_leave(
            &self.connection,
            &self.context.posts,
            self.name.as_ref(),
            &self.quit_message,
        );
        if self.name.is_some() {
            self.context.registry.release(id);
            self.context.resume.remove(id);
            if let Some(files) = &self.context.files {
                files.remove_member(id);
            }
        }
    }
}

/// Returns how a connection closes.
fn close_of(connection: &Connection) -> Close {
    let close = connection.lifecycle.close_cause().cloned();
    close.unwrap_or_else(|| Close::from(CloseReason::Eof))
}

fn closed_entry(connection: &Connection, name: Option<&Name>, close: &Close) -> LogEntry {
    let who = name.map_or_else(|| connection.address.to_string(), Name::to_string);
    let reason = close.reason;
    LogEntry::Line(format!(
        "[CONNECTION CLOSED] {who} disconnected ({reason})."
    ))
}

/// Returns the time at which a peer that vanished last showed life: it has not seen
/// what was said since.
fn missed_since(connection: &Connection, close: &Close) -> Option<Instant> {
    (close.reason == CloseReason::Timeout).then(|| connection.last_received())
}

/// Posts the end of a connection, with its last bytes and its log entry.
pub fn post_leave(
    connection: &Connection,
    posts: &PostSender,
    name: Option<&Name>,
    quit_message: &str,
) {
    let close = close_of(connection);
    let left = |name, why| Event::Notice(&notice::left(name, why)).to_line();
    let end = ConnectionEnd {
        id: connection.member_id(),
        notice: MemberNotice {
            text: name
                .map(|name| left(name, quit_message))
                .unwrap_or_default(),
            plain: name.map(|name| left(name, "")).unwrap_or_default(),
        },
        final_bytes: close.final_bytes(),
        log_entry: Some(closed_entry(connection, name, &close)),
        missed_since: missed_since(connection, &close),
        may_resume: false,
    };
    let post = ConnectionPost::Leave(end);
    posts.send(Post::Connection(post));
}
