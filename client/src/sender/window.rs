//! The send window: how many lines may be sent before the server answers.
//!
//! The server takes about ten lines a second and lets TCP hold back the rest. But the
//! system's buffers contain megabytes. A long piped file would wait there for an hour,
//! with every heartbeat and the `q:quit` in the queue behind it. The solution is a
//! window (RFC 793, 1.5): only so many lines may be unacknowledged. An acknowledgement
//! exists already, because the server answers an empty line, in order, with an empty
//! line.
//!
//! Invariant: no socket and no clock; it only counts.

use crate::connection::Transport;

/// The number of lines after which a heartbeat is due. The server permits a burst of 50,
/// and up to three windows may be unacknowledged, so it never waits for us. A person
/// does not type 25 lines between two regular heartbeats, so their rhythm stays steady.
/// (Over UDP the server may have to wait, see [`SendWindow::new`].)
pub const WINDOW: u32 = 25;

/// A counter of the lines that were sent and the heartbeats that were answered.
#[derive(Debug)]
pub struct SendWindow {
    since_heartbeat: u32,
    unanswered: u32,
    /// The number of unanswered heartbeats at which a full window sends another.
    max_unanswered: u32,
}

impl SendWindow {
    /// Makes the window of a new session.
    ///
    /// Over UDP only two windows may be unacknowledged. Nothing holds us back there, and
    /// a server drops what it has no room for. Ours has room for 128 datagrams.
    pub fn new(transport: Transport) -> SendWindow {
        SendWindow {
            since_heartbeat: 0,
            unanswered: 0,
            max_unanswered: match transport {
                Transport::Tcp | Transport::Unframed => 1,
                Transport::Udp => 0,
            },
        }
    }

    /// Returns `true` if a line may be sent now.
    pub fn is_open(&self) -> bool {
        self.since_heartbeat < WINDOW
    }

    /// Returns `true` if a heartbeat should be sent for its answer.
    pub fn needs_heartbeat(&self) -> bool {
        !self.is_open() && self.unanswered <= self.max_unanswered
    }

    /// Records that a line was sent.
    pub fn record_line(&mut self) {
        self.since_heartbeat += 1;
    }

    /// Records that a heartbeat was sent. It opens the window. So a server that answers
    /// none makes us slow but never silent, because the clock sends more.
    pub fn record_heartbeat(&mut self) {
        self.since_heartbeat = 0;
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// Returns the number of unanswered heartbeats.
    pub fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Records an answer, which acknowledges every line before its heartbeat. Returns
    /// `false` if no heartbeat was unanswered.
    pub fn record_answer(&mut self) -> bool {
        let expected = self.unanswered > 0;
        self.unanswered = self.unanswered.saturating_sub(1);
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends until the window is full, and returns the number of lines.
    fn fill(window: &mut SendWindow) -> u32 {
        let mut lines = 0;
        loop {
            if window.is_open() {
                window.record_line();
                lines += 1;
            } else if window.needs_heartbeat() {
                window.record_heartbeat();
            } else {
                return lines;
            }
        }
    }

    #[test]
    fn three_windows_are_unacknowledged_and_each_answer_opens_one() {
        let mut window = SendWindow::new(Transport::Tcp);
        assert_eq!(fill(&mut window), 3 * WINDOW);
        for _ in 0..100 {
            window.record_answer();
            assert_eq!(fill(&mut window), WINDOW);
        }
    }

    #[test]
    fn over_udp_two_windows_are_unacknowledged() {
        let mut window = SendWindow::new(Transport::Udp);
        assert_eq!(fill(&mut window), 2 * WINDOW);
        window.record_answer();
        assert_eq!(fill(&mut window), WINDOW);
    }

    #[test]
    fn heartbeats_in_time_do_not_widen_the_window_for_good() {
        let mut window = SendWindow::new(Transport::Tcp);
        fill(&mut window);
        window.record_heartbeat();
        assert_eq!(fill(&mut window), WINDOW);
        window.record_answer();
        assert_eq!(
            fill(&mut window),
            0,
            "the extra heartbeat has to be answered first"
        );
        window.record_answer();
        assert_eq!(fill(&mut window), WINDOW);
    }

    #[test]
    fn answers_without_a_heartbeat_open_nothing() {
        let mut window = SendWindow::new(Transport::Tcp);
        for _ in 0..1000 {
            assert!(!window.record_answer());
        }
        assert_eq!(fill(&mut window), 3 * WINDOW);
    }
}
