//! Name reclaim: whether the holder of a wanted name is still there.
//!
//! A member whose connection broke wants to come back before the server has noticed.
//! A holder that keeps a heartbeat and has opted in to answer is probed several times.
//! A person at `nc` cannot answer, so such a holder is never probed and keeps its name.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::Event;

use super::context::ServerContext;
use super::guard::SessionGuard;
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::connection::host::Host;
use crate::limits;

/// How often to look for an answer, because nothing wakes this thread when it comes.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The most connections that wait for one name at once.
const MAX_NAME_WAITS: usize = 2;

/// The time from one probe to the next. A network may lose one, and its answer.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// The outcome of a request for a name that is taken.
pub enum ReclaimOutcome {
    /// The holder is gone or about to go. The place among those that wait for the name
    /// is held.
    Leaving(NameWait),
    /// The holder stays, or others wait for the name already.
    Alive,
}

/// A place among those that wait for one name. Each costs a thread, so they are few.
pub struct NameWait {
    holder: Arc<Connection>,
    /// The holder was probed, and showed no life.
    pub holder_is_silent: bool,
}

impl NameWait {
    /// Takes a place; `None` if all are taken.
    fn begin(holder: &Arc<Connection>) -> Option<NameWait> {
        let wait = NameWait {
            holder: Arc::clone(holder),
            holder_is_silent: false,
        };
        // It exists before the check, so its drop undoes the count also on refusal.
        let waiting = holder.activity.name_waits.fetch_add(1, Ordering::Relaxed);
        (waiting < MAX_NAME_WAITS).then_some(wait)
    }
}

impl Drop for NameWait {
    fn drop(&mut self) {
        self.holder
            .activity
            .name_waits
            .fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns whether `holder` is gone or about to go. Closes it if it shows no life for
/// [`RECLAIM_TIMEOUT`](limits::RECLAIM_TIMEOUT), for which this blocks.
pub fn reclaim_from(
    holder: &Arc<Connection>,
    asker: &Connection,
    context: &ServerContext,
) -> ReclaimOutcome {
    if !may_release_name(holder) && !holder.flags.answers_probes() {
        return ReclaimOutcome::Alive;
    }
    let Some(mut wait) = NameWait::begin(holder) else {
        return ReclaimOutcome::Alive;
    };
    let is_gone = may_release_name(holder) || {
        wait.holder_is_silent = close_if_silent(holder, asker, context);
        wait.holder_is_silent || may_release_name(holder)
    };
    if is_gone {
        ReclaimOutcome::Leaving(wait)
    } else {
        ReclaimOutcome::Alive
    }
}

/// Probes the holder, and closes it if it shows no life. Returns `true` if it did.
fn close_if_silent(holder: &Arc<Connection>, asker: &Connection, context: &ServerContext) -> bool {
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
        let is_over = asker.lifecycle.close_cause().is_some();
        if is_over || context.shutdown.sleep(POLL_INTERVAL) {
            return false;
        }
        if may_release_name(holder) {
            return false;
        }
    }
    let message = "You did not answer, and someone else joined under your name.";
    holder
        .lifecycle
        .set_close(Close::with_message(CloseReason::Timeout, message));
    holder.interrupt_read();
    true
}

/// Waits before the name of `holder` is refused, longer each time.
///
/// # Errors
///
/// How the connection closes, if it must meanwhile.
pub fn delay_refusal(guard: &SessionGuard<'_>, holder: &Connection) -> Result<(), Close> {
    let host = Host::of(guard.connection.address.ip());
    let requests = &guard.context.allowances.name_requests;
    guard.pause(requests.record(host, holder.member_id(), Instant::now()))
}

/// Returns `true` if a holder is about to release its name, unless it resumes.
pub fn may_release_name(holder: &Connection) -> bool {
    holder.is_detached() || holder.lifecycle.close_cause().is_some()
}

/// Returns `true` if the holder shows life. Either it has not received all that was
/// sent, so that it may not have seen the probe. Or its session is throttled, and has
/// not read the answer yet.
fn shows_life(holder: &Connection) -> bool {
    holder.is_lagging() || !holder.lifecycle.has_nothing_to_post()
}
