//! Ends a conversation from outside: the operator's kick, or a full door.
//!
//! The peer is told and nothing more is sent to it; most then close their side,
//! and the session, which still reads, sees that and leaves. For those that do
//! not, this thread waits a moment and then wakes the session the hard way, see
//! [`Link::wake`].

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::broadcaster::post::{ConnectionPost, Post, PostSender};
use crate::connection::Connection;
use crate::connection::close::Close;
use crate::limits;

/// Shows people out.
#[derive(Clone)]
pub struct Reaper {
    posts: PostSender,
    /// Holds a connection at most once, so it is bounded by their number.
    stragglers: Sender<(Instant, Arc<Connection>)>,
}

impl Reaper {
    /// Starts the usher's thread.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(posts: PostSender) -> io::Result<Reaper> {
        let (late, waiting) = unbounded();
        let thread = thread::Builder::new().name("usher".to_string());
        // It ends with the last usher, which a console may hold that waits for
        // its keyboard; so nobody can join it.
        let _detached = thread.spawn(move || interrupt_stragglers(&waiting))?;
        Ok(Reaper {
            posts,
            stragglers: late,
        })
    }

    /// Ends the conversation on `connection`, unless it is ending already.
    pub fn disconnect(&self, connection: &Arc<Connection>, close: Close) {
        let final_bytes = close.final_bytes();
        if connection.lifecycle.set_close(close) {
            let id = connection.id;
            let post = ConnectionPost::Disconnect { id, final_bytes };
            self.posts.send(Post::Connection(post));
            let due = Instant::now() + limits::LINGER;
            let _the_thread_lives = self.stragglers.send((due, Arc::clone(connection)));
        }
    }
}

/// The thread's life. All wait equally long, so the first is always the next.
fn interrupt_stragglers(waiting: &Receiver<(Instant, Arc<Connection>)>) {
    for (due, connection) in waiting {
        let left = due.saturating_duration_since(Instant::now());
        if left > Duration::ZERO {
            thread::sleep(left);
        }
        connection.interrupt_read();
    }
}
