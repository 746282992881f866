//! Decides whether one more line may be sent now.
//!
//! The server takes some ten lines a second and lets TCP hold back the rest.
//! The system's buffers hold megabytes, though: a long file that is piped in
//! would stand there for an hour, with every heartbeat, and the wish to leave,
//! in the queue behind it. The way out is an old one, a window (RFC 793, 1.5):
//! only so much may be under way. The acknowledgement is there already, since
//! the server answers an empty line with an empty line, in its turn.
//!
//! Pure counting: no socket, no clock.

use crate::connection::Transport;

/// How many lines may follow a heartbeat before the next one is due. The
/// server lets 50 pass at once and up to three windows may be under way, so
/// it never waits for us; and nobody types 25 lines between two ordinary
/// heartbeats, so a person's rhythm of heartbeats stays steady. (Over UDP it
/// may have to wait, see [`Pace::new`].)
pub const WINDOW: u32 = 25;

/// Counts what was sent and what was answered.
#[derive(Debug)]
pub struct SendWindow {
    since_heartbeat: u32,
    unanswered: u32,
    /// How many heartbeats may wait for their answers when a full window asks for
    /// one more.
    max_unanswered: u32,
}

impl SendWindow {
    /// The pace of one who has sent nothing yet.
    ///
    /// Over UDP two windows may be under way: nothing holds us back there, and
    /// what a server has no room for is lost. Ours has room for 64 datagrams.
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

    /// Whether a line may be sent now.
    pub fn is_open(&self) -> bool {
        self.since_heartbeat < WINDOW
    }

    /// Whether a heartbeat should be sent now for the sake of its answer.
    pub fn needs_heartbeat(&self) -> bool {
        !self.is_open() && self.unanswered <= self.max_unanswered
    }

    /// A line was sent.
    pub fn record_line(&mut self) {
        self.since_heartbeat += 1;
    }

    /// A heartbeat was sent. It opens the window, so that a server that answers
    /// none at all makes us slow, but never silent: the clock goes on beating.
    pub fn record_heartbeat(&mut self) {
        self.since_heartbeat = 0;
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// How many heartbeats the server has still to answer.
    pub fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// The server has answered a heartbeat: with it, it has acknowledged every
    /// line before that one. False if no heartbeat was waiting for an answer.
    pub fn record_answer(&mut self) -> bool {
        let asked = self.unanswered > 0;
        self.unanswered = self.unanswered.saturating_sub(1);
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends until nothing may be sent any more, and says how many lines went.
    fn fill(pace: &mut SendWindow) -> u32 {
        let mut lines = 0;
        loop {
            if pace.is_open() {
                pace.record_line();
                lines += 1;
            } else if pace.needs_heartbeat() {
                pace.record_heartbeat();
            } else {
                return lines;
            }
        }
    }

    #[test]
    fn three_windows_are_under_way_and_each_answer_lets_one_more_go() {
        let mut pace = SendWindow::new(Transport::Tcp);
        assert_eq!(fill(&mut pace), 3 * WINDOW);
        for _ in 0..100 {
            pace.record_answer();
            assert_eq!(fill(&mut pace), WINDOW);
        }
    }

    #[test]
    fn over_udp_two_windows_are_under_way() {
        let mut pace = SendWindow::new(Transport::Udp);
        assert_eq!(fill(&mut pace), 2 * WINDOW);
        pace.record_answer();
        assert_eq!(fill(&mut pace), WINDOW);
    }

    #[test]
    fn heartbeats_in_time_do_not_widen_the_window_for_good() {
        let mut pace = SendWindow::new(Transport::Tcp);
        fill(&mut pace);
        pace.record_heartbeat();
        assert_eq!(fill(&mut pace), WINDOW);
        pace.record_answer();
        assert_eq!(fill(&mut pace), 0, "the extra one has to be answered first");
        pace.record_answer();
        assert_eq!(fill(&mut pace), WINDOW);
    }

    #[test]
    fn answers_that_nobody_asked_for_open_nothing() {
        let mut pace = SendWindow::new(Transport::Tcp);
        for _ in 0..1000 {
            assert!(!pace.record_answer());
        }
        assert_eq!(fill(&mut pace), 3 * WINDOW);
    }
}
