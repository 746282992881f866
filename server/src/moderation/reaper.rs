//! Reaper: marks a connection as closing from outside, for a kick, a ban or an
//! eviction, and interrupts those that do not end.
//!
//! The peer receives its last lines and the end. Most peers then close their side,
//! which the session sees. For those that do not, this thread waits a moment and
//! then interrupts the session's read, see
//! [`interrupt_read`](crate::connection::Connection::interrupt_read).
//!
//! Thread: `reaper`.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::broadcaster::post::{ConnectionPost, Post, PostSender};
use crate::connection::Connection;
use crate::connection::close::Close;
use crate::limits;

/// A handle to the reaper's thread.
#[derive(Clone)]
pub struct Reaper {
    posts: PostSender,
    /// Contains a connection at most once, so their number is the bound.
    stragglers: Sender<(Instant, Arc<Connection>)>,
}

impl Reaper {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(posts: PostSender) -> io::Result<Reaper> {
        let (stragglers, queue) = unbounded();
        let thread = thread::Builder::new().name("reaper".to_string());
        // Not joined: it ends with the last handle, and the console keeps one while
        // it waits for its input.
        let _not_joined = thread.spawn(move || interrupt_stragglers(&queue))?;
        Ok(Reaper { posts, stragglers })
    }

    /// Marks `connection` as closing, unless it is already and the member cannot come
    /// back, and posts its last bytes.
    pub fn disconnect(&self, connection: &Arc<Connection>, close: Close) {
        let final_bytes = close.final_bytes();
        // One that is broken already has nothing to receive.
        if connection.lifecycle.set_disconnect(close) && !connection.is_detached() {
            let id = connection.member_id();
            let post = ConnectionPost::Disconnect { id, final_bytes };
            self.posts.send(Post::Connection(post));
            let due = Instant::now() + limits::LINGER;
            let _the_thread_lives = self.stragglers.send((due, Arc::clone(connection)));
        }
    }
}

/// The body of the thread. All wait equally long, so the first is always the next.
fn interrupt_stragglers(queue: &Receiver<(Instant, Arc<Connection>)>) {
    for (due, connection) in queue {
        let left = due.saturating_duration_since(Instant::now());
        if left > Duration::ZERO {
            thread::sleep(left);
        }
        connection.interrupt_read();
    }
}
