//! Reply tracker: whether an unframed peer still waits for a reply.
//!
//! Some unframed programs wait for one reply to each text that they send; others read
//! all the time. What a program sends shows its kind.

use common::command::find;
use common::request;

use super::member_session::MemberSession;

/// The text with which a program that waits for replies leaves.
const BYE: &str = "bye";

/// The commands that speak to others and have no reply of their own.
const COMMANDS_WITHOUT_REPLY: [&str; 3] = ["me", "msg", "reply"];

/// The reply to a text that has no other.
const SENT: &str = "Sent.";

/// The replies that one unframed peer waits for.
pub struct ReplyTracker {
    /// Something that the peer will take for its next reply is on its way already.
    has_unread: bool,
}

impl ReplyTracker {
    /// Makes the tracker of a new member. A peer that was prompted for its name reads
    /// the prompt after it has sent one.
    pub fn new(was_prompted: bool) -> ReplyTracker {
        ReplyTracker {
            has_unread: was_prompted,
        }
    }

    /// Records how the program of `member` sends. Returns `true` if it waits for a reply
    /// to `text`: it sends the bare text, without the name that the other kind puts
    /// before it.
    pub fn observe(text: &str, member: &MemberSession<'_, '_>) -> bool {
        let replies = &member.connection().replies;
        let is_bare = !request::has_prefix(text, &member.me);
        if is_bare {
            replies.mark_request();
        } else {
            replies.set_full_duplex();
        }
        is_bare
    }

    /// Replies to a text that expects it, if nothing else has.
    pub fn acknowledge(&mut self, member: &mut MemberSession<'_, '_>, expects_reply: bool) {
        if expects_reply && !member.has_replied && !std::mem::take(&mut self.has_unread) {
            member.reply_text(SENT);
        }
    }

    /// Returns `true` if `text` is how such a program leaves.
    pub fn is_bye(text: &str) -> bool {
        text.trim().eq_ignore_ascii_case(BYE)
    }

    /// Returns `true` if the command `word` has no reply of its own.
    pub fn has_no_reply(word: &str) -> bool {
        find(word).is_some_and(|entry| COMMANDS_WITHOUT_REPLY.contains(&entry.word))
    }
}
