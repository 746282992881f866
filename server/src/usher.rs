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

use crate::limits;
use crate::link::Link;
use crate::post::{Post, Posts};
use crate::reason::Ending;

/// Shows people out.
#[derive(Clone)]
pub struct Usher {
    posts: Posts,
    /// Holds a connection at most once, so it is bounded by their number.
    late: Sender<(Instant, Arc<Link>)>,
}

impl Usher {
    /// Starts the usher's thread.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(posts: Posts) -> io::Result<Usher> {
        let (late, waiting) = unbounded();
        let thread = thread::Builder::new().name("usher".to_string());
        // It ends with the last usher, which a console may hold that waits for
        // its keyboard; so nobody can join it.
        let _detached = thread.spawn(move || wake_the_late(&waiting))?;
        Ok(Usher { posts, late })
    }

    /// Ends the conversation on `link`, unless it is ending already.
    pub fn show_out(&self, link: &Arc<Link>, ending: Ending) {
        let farewell = ending.farewell();
        if link.conclude(ending) {
            let id = link.id;
            self.posts.send(Post::Dismiss { id, farewell });
            let due = Instant::now() + limits::LINGER;
            let _the_thread_lives = self.late.send((due, Arc::clone(link)));
        }
    }
}

/// The thread's life. All wait equally long, so the first is always the next.
fn wake_the_late(waiting: &Receiver<(Instant, Arc<Link>)>) {
    for (due, link) in waiting {
        let left = due.saturating_duration_since(Instant::now());
        if left > Duration::ZERO {
            thread::sleep(left);
        }
        link.wake();
    }
}
