//! Name reclaim: whether the holder of a wanted name is still there.
//!
//! A member whose connection broke wants to come back before the server has noticed.
//! A holder that has opted in to answer is probed. A person at `nc` cannot answer
//! that fast, so such a holder is never probed and keeps its name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Event;

use super::context::ServerContext;
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// How often to look for an answer, because nothing wakes this thread when it comes.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Returns `true` if `holder` is gone or about to go. Closes it if it does not
/// answer. Blocks for at most [`RECLAIM_TIMEOUT`](limits::RECLAIM_TIMEOUT).
pub fn reclaim_from(holder: &Arc<Connection>, context: &ServerContext) -> bool {
    if holder.is_detached() || holder.lifecycle.close_cause().is_some() {
        return true;
    }
    if !holder.flags.answers_probes() || shows_life(holder) {
        return false;
    }
    let before = holder.last_received();
    context
        .posts
        .send_to(holder.member_id(), Event::Heartbeat.to_line());
    let deadline = Instant::now() + limits::RECLAIM_TIMEOUT;
    while Instant::now() < deadline {
        if context.shutdown.sleep(POLL_INTERVAL)
            || shows_life(holder)
            || holder.last_received() != before
        {
            return false;
        }
        if holder.lifecycle.close_cause().is_some() {
            return true;
        }
    }
    let message = "You did not answer, and someone else joined under your name.";
    holder
        .lifecycle
        .set_close(Close::with_message(CloseReason::Timeout, message));
    holder.interrupt_read();
    true
}

/// Returns `true` if the holder shows life. Either it has not received all that was
/// sent, so that it may not have seen the probe. Or its session is throttled, and has
/// not read the answer yet.
fn shows_life(holder: &Connection) -> bool {
    holder.is_lagging() || !holder.lifecycle.has_nothing_to_post()
}
