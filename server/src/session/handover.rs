//! Whether the holder of a name is still there, when somebody else wants it.
//!
//! Who lost the connection without a word wants to come back, and the server has
//! not noticed yet. A holder that has promised to answer is asked; a person at
//! `nc` cannot answer that fast, so is never asked and never driven out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Event;

use super::Shared;
use crate::limits;
use crate::link::Link;
use crate::reason::{Ending, Reason};

/// How often to look for an answer; nothing wakes one thread for another's news.
const LOOK: Duration = Duration::from_millis(10);

/// Says whether `holder` is gone or going, and ends it if it does not answer.
/// Takes as long as it may take to answer.
pub fn is_gone(holder: &Arc<Link>, shared: &Shared) -> bool {
    if holder.ending().is_some() {
        return true;
    }
    if !holder.has_promised() || is_there(holder) {
        return false;
    }
    let before = holder.heard();
    shared.posts.tell(holder.id, Event::Heartbeat.to_line());
    let until = Instant::now() + limits::HANDOVER;
    while Instant::now() < until {
        if shared.stop.sleep(LOOK) || is_there(holder) || holder.heard() != before {
            return false;
        }
        if holder.ending().is_some() {
            return true;
        }
    }
    let told = "You did not answer, and somebody came under your name.";
    holder.conclude(Ending::told(Reason::Timeout, told));
    holder.wake();
    true
}

/// Whether there are signs of life: it has not taken in all that it was sent, so
/// that it may not have seen the question; or its lines wait for their turn, and
/// the answer with them.
fn is_there(holder: &Link) -> bool {
    holder.is_lagging() || !holder.is_resting()
}
