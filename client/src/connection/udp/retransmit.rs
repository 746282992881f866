//! Turns what was not answered, and the time, into what has to be sent again.
//!
//! It knows no socket, and the time only as it is told.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// After how long what was not answered is sent again: longer than an answer
/// takes on any ordinary network, and often enough within the patience for it.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// A heartbeat is answered in its turn, after the lines before it, of which there
/// may be 50 (see `pace.rs`), and the server takes ten a second. What has no answer
/// after so long was lost, it or the answer.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(6);

/// How often a heartbeat is sent in the place of a lost one.
pub(super) const HEARTBEAT_RETRY: Duration = Duration::from_secs(2);

/// What a datagram that waits for its answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A name, to a server that does not know our address.
    Hello,
    /// The cookie, sent back.
    Cookie,
    /// A name, to a server that has refused the one in the cookie.
    Name,
    /// The line by which we leave.
    Quit,
}

/// What is sent again until it is answered.
pub(super) struct Pending {
    pub step: Step,
    datagram: String,
    last_sent: Instant,
    /// How many times something was sent for it.
    pub copies: u32,
}

impl Pending {
    /// A datagram that is sent now for the first time.
    pub(super) fn new(step: Step, datagram: String, now: Instant) -> Pending {
        Pending {
            step,
            datagram,
            last_sent: now,
            copies: 1,
        }
    }

    /// What is to be sent now, if it is time, for the name that is on offer.
    pub(super) fn due(&mut self, name: &str, now: Instant) -> Option<String> {
        if now.saturating_duration_since(self.last_sent) < RETRY_INTERVAL {
            return None;
        }
        self.last_sent = now;
        self.copies += 1;
        Some(match (self.step, self.copies) {
            // If only the refusal was lost, the cookie says nothing new to the
            // server; the name does. To one whose welcome was lost four times
            // it is a message, though, so the cookie goes first.
            (Step::Cookie, copies) if copies % 5 == 0 => format!("{name}\n"),
            // If only the welcome was lost, the name would be a message. A blank
            // line is answered then, and otherwise it is nothing.
            (Step::Name, copies) if copies % 2 == 0 => "\n".to_string(),
            _ => self.datagram.clone(),
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
    /// One is sent now.
    pub(super) fn record_sent(&mut self, now: Instant) {
        self.unanswered.push_back(now);
        self.last_sent = Some(now);
    }

    /// Whether one is to be sent in the place of another that was lost. Without
    /// its answer the window of `pace.rs` would stay full.
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

    /// How many have their answer in the one that has come: the oldest, and all
    /// before it that were lost. None, if nobody has asked for it.
    pub(super) fn record_answer(&mut self, now: Instant) -> usize {
        let is_lost = |at: &&Instant| now.saturating_duration_since(**at) >= LOST_AFTER;
        let lost = self.unanswered.iter().take_while(is_lost).count();
        let answered = self.unanswered.len().min(lost + 1);
        self.unanswered.drain(..answered);
        answered
    }
}
