//! Post buffer: what one member says, collected until it is worth a post.
//!
//! One read may bring hundreds of lines. They travel to the broadcaster as one
//! post. That saves a channel operation, and perhaps a thread switch, for each.

use common::{Name, event};

use super::guard::SessionGuard;
use crate::broadcaster::post::Post;
use crate::limits;
use crate::room::id::Lines;

/// The lines of one member that are not posted yet.
pub struct PostBuffer {
    lines: Vec<u8>,
    count: usize,
    /// The bytes of the last post: a good guess for the next.
    last_size: usize,
}

impl PostBuffer {
    /// Makes an empty buffer.
    pub fn new() -> PostBuffer {
        PostBuffer {
            lines: Vec::new(),
            count: 0,
            last_size: 0,
        }
    }

    /// Adds one message of the member `from`.
    pub fn push_message(&mut self, from: &Name, text: &str) {
        if self.lines.is_empty() {
            self.lines.reserve(self.last_size);
        }
        event::message(from, text, &mut self.lines);
        self.count += 1;
    }

    /// Adds one action of the member `from`.
    pub fn push_action(&mut self, from: &Name, text: &str) {
        event::action(from, text, &mut self.lines);
        self.count += 1;
    }

    /// Returns `true` if the lines are enough for a post. A short line under a long
    /// name grows to many times its size, and the queue counts posts, not bytes.
    pub fn is_large(&self) -> bool {
        self.lines.len() >= limits::MAX_POST_BYTES
    }

    /// Posts the collected lines, if there are any.
    pub fn flush(&mut self, guard: &SessionGuard<'_>) {
        if self.lines.is_empty() {
            return;
        }
        guard.connection.activity.record_message();
        self.last_size = self.lines.len();
        let mut lines = std::mem::take(&mut self.lines);
        if lines.capacity() > 2 * lines.len() {
            lines.shrink_to_fit(); // the history keeps it
        }
        guard.context.posts.send(Post::Say {
            from: guard.connection.member_id(),
            lines: Lines::new(lines),
            count: std::mem::take(&mut self.count),
        });
    }
}
