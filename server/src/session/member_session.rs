//! Member session: what commands may read and change, and how they reply.
//!
//! Invariant: every reply comes after what the member has said before it.

use std::sync::atomic::Ordering;

use common::notice::without_colons;
use common::{Event, Name, numbering};

use super::guard::SessionGuard;
use super::post_buffer::PostBuffer;
use crate::broadcaster::post::PostSender;
use crate::connection::{Connection, MemberId};
use crate::registry::{MemberRef, Registry};

/// The lines of a reply that cost as much as one line of the member's own.
const REPLY_LINES_PER_TOKEN: usize = 20;

/// One member's session, as its commands see it.
pub struct MemberSession<'a, 'b> {
    /// Leaves the chat when the session ends, whatever ends it.
    pub guard: &'a mut SessionGuard<'b>,
    /// The member's present name.
    pub me: Name,
    /// The messages that are not posted yet.
    pub post_buffer: PostBuffer,
    /// The present line was replied to.
    pub has_replied: bool,
}

impl MemberSession<'_, '_> {
    /// Returns the connection of the member.
    pub fn connection(&self) -> &Connection {
        &self.guard.connection
    }

    /// Returns the number of the member.
    pub fn id(&self) -> MemberId {
        self.guard.connection.member_id()
    }

    /// Returns a reference to the member.
    pub fn to_ref(&self) -> MemberRef {
        MemberRef {
            id: self.id(),
            name: self.me.clone(),
        }
    }

    /// Returns the handle to the broadcaster.
    pub fn posts(&self) -> &PostSender {
        &self.guard.context.posts
    }

    /// Returns the registry of all members.
    pub fn registry(&self) -> &Registry {
        &self.guard.context.registry
    }

    /// Sends `event` to the member.
    pub fn reply(&mut self, event: &Event<'_>) {
        self.has_replied = true;
        self.flush();
        self.guard.send(event);
    }

    /// Returns the number of the last line that was handled.
    pub fn last_handled(&self) -> u64 {
        self.guard.last_handled.load(Ordering::Relaxed)
    }

    /// Records that the line of this number was handled.
    pub fn set_last_handled(&mut self, number: u64) {
        self.guard.last_handled.store(number, Ordering::Relaxed);
    }

    /// Replies which lines were handled, in answer to a heartbeat.
    pub fn acknowledge(&mut self) {
        self.has_replied = true;
        self.flush();
        let line = format!("{}\n", numbering::ack(self.last_handled()));
        self.posts().send_to(self.id(), line.into_bytes());
    }

    /// Replies with a notice.
    pub fn reply_text(&mut self, text: &str) {
        self.reply(&Event::Notice(text));
    }

    /// Replies that the server did not do what the line asks for, and why.
    pub fn refuse(&mut self, why: &str) {
        self.reply(&Event::Refusal(why));
    }

    /// Replies with several notices in one piece. Twenty of them cost the member as
    /// much as one line of its own.
    pub fn reply_lines(&mut self, lines: &[String]) {
        let tokens = lines.len() / REPLY_LINES_PER_TOKEN;
        self.guard
            .rate_limit
            .charge(u32::try_from(tokens).unwrap_or(u32::MAX));
        let mut bytes = Vec::new();
        for line in lines {
            Event::Notice(&without_colons(line)).encode(&mut bytes);
        }
        self.posts().send_to(self.id(), bytes);
    }

    /// Posts what the member has said so far.
    pub fn flush(&mut self) {
        self.post_buffer.flush(self.guard);
    }

    /// Returns why the member may not speak, if so.
    pub fn mute_reason(&self) -> Option<&'static str> {
        let moderation = &self.guard.context.moderation;
        moderation.mute_reason(&self.connection().flags)
    }

    /// Returns whether the member may speak. Refuses with the reason if it may not.
    pub fn may_speak_or_refuse(&mut self) -> bool {
        let reason = self.mute_reason();
        if let Some(why) = reason {
            self.refuse(why);
        }
        reason.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::test_parts::TestParts;
    use crate::broadcaster::post::Post;
    use crate::session;

    /// Returns the posts of a session whose peer sends `bytes` and closes.
    fn posts_of(bytes: &[u8]) -> Vec<Post> {
        let server = TestParts::new();
        let (parts, permit, mut peer) = server.connect("127.0.0.1");
        peer.write_all(bytes).unwrap();
        drop(peer);
        let context = server.context.clone();
        session::run(parts.read_half, parts.connection, permit, context);
        server.queue.try_iter().collect()
    }

    #[test]
    fn a_line_is_posted_before_its_confirmation() {
        let posts = posts_of(b"/cap id\nann\n/seq 1 hi\n\nq:quit\n");
        let order = posts.iter().filter_map(|post| match post {
            Post::Say { .. } => Some("said"),
            Post::Deliver { lines, .. } if lines == b"/ack 1\n" => Some("confirmed"),
            _ => None,
        });
        assert_eq!(order.collect::<Vec<_>>(), ["said", "confirmed"]);
    }
}
