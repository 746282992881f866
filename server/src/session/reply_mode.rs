//! How an unframed peer behaves: whether it reads all the time, or only after it
//! has sent something, and then waits for one answer.

use common::command::find;
use common::{Name, request};

use crate::connection::Connection;

/// What a script leaves with that waits for answers.
const BYE: &str = "bye";

/// The commands that are speech, and are answered by nothing else.
const COMMANDS_WITHOUT_REPLY: [&str; 3] = ["me", "msg", "reply"];

/// What is known of a peer's manner.
pub struct ReplyMode {
    unframed: bool,
    /// Whether there is something already that it will take for its next answer.
    unread: bool,
}

impl ReplyMode {
    /// The manner of a framed peer, or of an unframed one; `prompted` is whether that
    /// was asked for a name, which it then reads when it has sent one.
    pub fn new(unframed: bool, prompted: bool) -> ReplyMode {
        ReplyMode {
            unframed,
            unread: prompted,
        }
    }

    /// Whether it sends texts without newlines.
    pub fn is_unframed(&self) -> bool {
        self.unframed
    }

    /// Whether `line` of `me` shows that its program waits for an answer now: it is
    /// bare, without the name that the other kind sends along.
    pub fn expects_reply(&self, line: &str, me: &Name, connection: &Connection) -> bool {
        if !self.unframed {
            return false;
        }
        let bare = !request::has_prefix(line, me);
        match bare {
            true => connection.replies.mark_request(),
            false => connection.replies.set_full_duplex(),
        }
        bare
    }

    /// Whether it has nothing to read yet, so that it has to be answered.
    pub fn needs_reply(&mut self) -> bool {
        !std::mem::take(&mut self.unread)
    }
}

/// Whether this text is how such a program leaves.
pub fn is_bye(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(BYE)
}

/// Whether this command is answered by nothing else.
pub fn has_no_reply(word: &str) -> bool {
    find(word).is_some_and(|entry| COMMANDS_WITHOUT_REPLY.contains(&entry.word))
}
