//! Name reclaim: whether the holder of a wanted name is still there.
//!
//! A member whose connection broke wants to come back before the server has noticed.
//! A holder that keeps a heartbeat and has opted in to answer is probed several times.
//! A person at `nc` cannot answer, so such a holder is never probed and keeps its name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Event;

use super::context::ServerContext;
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// How often to look for an answer, because nothing wakes this thread when it comes.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The time from one probe to the next. A network may lose one, and its answer.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// Returns `true` if `holder` is gone or about to go. Closes it if it shows no life for
/// [`RECLAIM_TIMEOUT`](limits::RECLAIM_TIMEOUT), for which this blocks.
pub fn reclaim_from(holder: &Arc<Connection>, context: &ServerContext) -> bool {
    if is_leaving(holder) {
        return true;
    }
    if !holder.flags.answers_probes() {
        return false;
    }
    let last_received = holder.last_received();
    let begin = Instant::now();
    let mut next_probe = begin;
    while begin.elapsed() < limits::RECLAIM_TIMEOUT {
        if shows_life(holder) || holder.last_received() != last_received {
            return false;
        }
        if Instant::now() >= next_probe {
            let probe = Event::Heartbeat.to_line();
            context.posts.send_to(holder.member_id(), probe);
            next_probe += PROBE_INTERVAL;
        }
        if context.shutdown.sleep(POLL_INTERVAL) {
            return false;
        }
        if is_leaving(holder) {
            return true;
        }
    }
    let message = "You did not answer, and someone else wants to join under your name.";
    holder
        .lifecycle
        .set_close(Close::with_message(CloseReason::Timeout, message));
    holder.interrupt_read();
    true
}

/// Returns `true` if a holder is about to release its name, unless it resumes.
pub fn is_leaving(holder: &Connection) -> bool {
    holder.is_detached() || holder.lifecycle.close_cause().is_some()
}

/// Returns `true` if the holder shows life. Either it has not received all that was
/// sent, so that it may not have seen the probe. Or its session is throttled, and has
/// not read the answer yet.
fn shows_life(holder: &Connection) -> bool {
    holder.is_lagging() || !holder.lifecycle.has_nothing_to_post()
}
