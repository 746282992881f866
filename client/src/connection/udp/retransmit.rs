//! Retransmission: from unanswered datagrams and the time to what must be sent again.
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time after which an unanswered datagram is sent again. It is longer than an
/// answer takes on any ordinary network.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// The time after which a heartbeat, or its answer, counts as lost. The server
/// answers it after the lines before it, of which there may be 50 (see
/// `sender/window.rs`), and takes ten lines a second.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(6);

/// The time between two heartbeats that replace a lost one.
pub(super) const HEARTBEAT_RETRY: Duration = Duration::from_secs(2);

/// The purpose of a datagram that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetransmitStep {
    /// The first line, to a server that does not know our address.
    Hello,
    /// The cookie, sent back.
    Cookie,
    /// A name, to a server that has received the cookie.
    Name,
    /// The line that leaves.
    Quit,
}

/// The line that must be sent now.
pub(super) enum Due {
    /// This datagram, unchanged.
    Again(String),
    /// The offered line, as if for the first time.
    Offer,
    /// A blank line.
    Blank,
}

/// A datagram that is sent again until it is answered.
pub(super) struct Pending {
    pub step: RetransmitStep,
    datagram: String,
    last_sent: Instant,
    /// The number of datagrams that were sent for this step.
    pub copies: u32,
}

impl Pending {
    /// Makes the record of a datagram that is sent now for the first time.
    pub(super) fn new(step: RetransmitStep, datagram: String, now: Instant) -> Pending {
        Pending {
            step,
            datagram,
            last_sent: now,
            copies: 1,
        }
    }

    /// Returns what must be sent now, if it is time.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        if now.saturating_duration_since(self.last_sent) < RETRY_INTERVAL {
            return None;
        }
        self.last_sent = now;
        self.copies += 1;
        Some(match (self.step, self.copies) {
            // If only the refusal was lost, the server ignores the cookie but answers
            // the name. If the welcome was lost, the name would become a message, so
            // the cookie goes first.
            (RetransmitStep::Cookie, copies) if copies % 5 == 0 => Due::Offer,
            // If only the welcome was lost, the name would become a message. The
            // server answers a blank line then, and ignores it otherwise.
            (RetransmitStep::Name, copies) if copies % 2 == 0 => Due::Blank,
            // The server does not answer a duplicate number.
            (RetransmitStep::Name, _) => Due::Offer,
            (RetransmitStep::Hello | RetransmitStep::Cookie | RetransmitStep::Quit, _) => {
                Due::Again(self.datagram.clone())
            }
        })
    }
}

/// The heartbeats that have no answer yet.
#[derive(Default)]
pub(super) struct HeartbeatTracker {
    /// When each was sent, the oldest first.
    unanswered: VecDeque<Instant>,
    last_sent: Option<Instant>,
}

impl HeartbeatTracker {
    /// Records that a heartbeat is sent now.
    pub(super) fn record_sent(&mut self, now: Instant) {
        self.unanswered.push_back(now);
        self.last_sent = Some(now);
    }

    /// Returns `true` if a heartbeat must be sent in place of a lost one. Without its
    /// answer the window of `sender/window.rs` would stay full.
    pub(super) fn is_retry_due(&mut self, now: Instant) -> bool {
        let since = |then: &Instant| now.saturating_duration_since(*then);
        let lost = self
            .unanswered
            .front()
            .is_some_and(|at| since(at) >= LOST_AFTER);
        let last = self.last_sent.as_ref();
        let due = lost && last.is_some_and(|at| since(at) >= HEARTBEAT_RETRY);
        if due {
            self.last_sent = Some(now);
        }
        due
    }

    /// Records an answer and returns how many heartbeats it answers: the oldest, and
    /// all lost ones before it. Returns 0 if none was sent.
    pub(super) fn record_answer(&mut self, now: Instant) -> usize {
        let is_lost = |at: &&Instant| now.saturating_duration_since(**at) >= LOST_AFTER;
        let lost = self.unanswered.iter().take_while(is_lost).count();
        let answered = self.unanswered.len().min(lost + 1);
        self.unanswered.drain(..answered);
        answered
    }
}
