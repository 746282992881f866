//! Whether the holder of a name is still there, when somebody else wants it.
//!
//! Who lost the connection without a word wants to come back, and the server has
//! not noticed yet. A holder that has promised to answer is asked; a person at
//! `nc` cannot answer that fast, so is never asked and never driven out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Event;

use super::context::ServerContext;
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// How often to look for an answer; nothing wakes one thread for another's news.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Says whether `holder` is gone or going, and ends it if it does not answer.
/// Takes as long as it may take to answer.
pub fn probe_holder(holder: &Arc<Connection>, shared: &ServerContext) -> bool {
    if holder.lifecycle.close_cause().is_some() {
        return true;
    }
    if !holder.flags.answers_probes() || shows_life(holder) {
        return false;
    }
    let before = holder.last_received();
    shared.posts.send_to(holder.id, Event::Heartbeat.to_line());
    let until = Instant::now() + limits::RECLAIM_TIMEOUT;
    while Instant::now() < until {
        if shared.shutdown.sleep(POLL_INTERVAL)
            || shows_life(holder)
            || holder.last_received() != before
        {
            return false;
        }
        if holder.lifecycle.close_cause().is_some() {
            return true;
        }
    }
    let message = "You did not answer, and somebody came under your name.";
    holder
        .lifecycle
        .set_close(Close::with_message(CloseReason::Timeout, message));
    holder.interrupt_read();
    true
}

/// Whether there are signs of life: it has not taken in all that it was sent, so
/// that it may not have seen the question; or its lines wait for their turn, and
/// the answer with them.
fn shows_life(holder: &Connection) -> bool {
    holder.is_lagging() || !holder.lifecycle.is_waiting()
}
