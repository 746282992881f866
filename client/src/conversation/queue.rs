//! The line queue: our lines from the input to the server's confirmation.
//!
//! ```text
//! push -> unsent -> next -> SENT -> unconfirmed -> confirm -> gone
//!            ^                           |
//!            +--- resend (a new connection of the same member)
//! ```
//!
//! A server that grants `id` confirms our lines by their numbers. From any other server
//! we learn nothing, so a line is forgotten when it was sent.
//!
//! Invariant: no socket and no clock; the numbers of unconfirmed lines grow by one.

use std::collections::VecDeque;

use common::numbering;

use crate::input::action::LocalEcho;

/// The number of lines that may be unconfirmed, as the protocol sets it.
const MAX_UNCONFIRMED: usize = 1000;

/// The bytes that may be unconfirmed, as the protocol sets it.
const MAX_UNCONFIRMED_BYTES: usize = 256 * 1024;

/// The confirmations after resuming: the server's reply, and the answer to our first
/// heartbeat, which comes after the lines that we have missed.
const RESUMING: u8 = 2;

/// A line of ours.
#[derive(Debug, PartialEq, Eq)]
pub struct OutgoingLine {
    /// The line for the server, without its newline.
    pub line: String,
    /// The same on the own screen; `None` if nothing is shown, or if it was shown already.
    pub echo: Option<LocalEcho>,
    /// `true` if the screen shows the line as said.
    is_said: bool,
    /// `true` if the user typed it, and the client did not make it.
    is_typed: bool,
    /// `true` if it was typed while there was no connection.
    pub(super) has_waited: bool,
    /// The number, if it was sent with one.
    number: Option<u64>,
}

impl OutgoingLine {
    /// Makes a line that the user typed.
    pub fn new(line: String, echo: Option<LocalEcho>) -> OutgoingLine {
        OutgoingLine {
            line,
            is_said: echo.is_some(),
            is_typed: true,
            echo,
            has_waited: false,
            number: None,
        }
    }

    /// Makes a line of the client's own, which it can make again for a new member.
    pub fn request(line: String) -> OutgoingLine {
        OutgoingLine {
            is_typed: false,
            ..OutgoingLine::new(line, None)
        }
    }
}

/// The lines of the previous member.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Restarted {
    /// Those that the screen shows as said, and that were never confirmed.
    pub said: Vec<String>,
    /// Those that were never sent.
    pub unsent: VecDeque<OutgoingLine>,
}

/// A queue of our lines, the oldest first.
#[derive(Debug, Default)]
pub struct LineQueue {
    /// `true` if the server confirms lines.
    numbered: bool,
    /// The lines that were sent and not confirmed.
    unconfirmed: VecDeque<OutgoingLine>,
    /// The bytes of these lines.
    unconfirmed_bytes: usize,
    /// The lines that must be sent.
    unsent: VecDeque<OutgoingLine>,
    last_number: u64,
    /// The confirmations that must come before anything is sent.
    awaited: u8,
}

impl LineQueue {
    /// Begins the lines of a new member, and returns what is left of the previous one's.
    pub fn restart(&mut self, numbered: bool) -> Restarted {
        let said = self.unconfirmed_said();
        let mut unsent = std::mem::take(&mut self.unsent);
        // What was perhaps said already is not sent again by itself.
        unsent.retain(|line| line.number.is_none() && line.is_typed);
        *self = LineQueue {
            numbered,
            ..LineQueue::default()
        };
        Restarted { said, unsent }
    }

    /// Prepares all unconfirmed lines to be sent again, under their numbers. The first
    /// confirmation says which of them the server has. The second shows that all missed
    /// lines are on the screen, so that ours come after them.
    pub fn resend(&mut self) {
        self.unconfirmed.append(&mut self.unsent);
        self.unsent = std::mem::take(&mut self.unconfirmed);
        self.unconfirmed_bytes = 0;
        self.awaited = if self.numbered { RESUMING } else { 0 };
    }

    /// Adds a line that must be sent.
    pub fn push(&mut self, line: OutgoingLine) {
        self.unsent.push_back(line);
    }

    /// Returns `true` if lines are numbered.
    pub fn is_numbered(&self) -> bool {
        self.numbered
    }

    /// Returns `true` if lines must be sent.
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns `true` if lines were sent that the server has not confirmed.
    pub fn has_unconfirmed(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// Returns `true` if the next line may be sent, as far as confirmations are concerned.
    pub fn is_open(&self) -> bool {
        self.awaited == 0
            && self.unconfirmed.len() < MAX_UNCONFIRMED
            && self.unconfirmed_bytes < MAX_UNCONFIRMED_BYTES
    }

    /// Returns the next line as it must be written, with its number.
    pub fn next_line(&mut self) -> Option<String> {
        let next = self.unsent.front_mut()?;
        if !self.numbered || !takes_number(&next.line) {
            return Some(next.line.clone());
        }
        let number = next.number.unwrap_or(self.last_number + 1);
        next.number = Some(number);
        self.last_number = self.last_number.max(number);
        Some(numbering::encode(number, &next.line))
    }

    /// Returns the line that leaves as it must be written. It is never sent again, so it
    /// is not kept. Call it when no other line must be sent.
    pub fn encode_last(&self, line: &str) -> String {
        if self.numbered && takes_number(line) {
            numbering::encode(self.last_number + 1, line)
        } else {
            line.to_string()
        }
    }

    /// Records that the next line was written. Returns what the screen should show now.
    pub fn record_sent(&mut self) -> Option<LocalEcho> {
        let mut line = self.unsent.pop_front()?;
        let echo = line.echo.take();
        if line.number.is_some() {
            self.unconfirmed_bytes += line.line.len();
            self.unconfirmed.push_back(line);
        }
        echo
    }

    /// Records that the server has dealt with all lines up to `number`. Returns `true` if
    /// it answers no heartbeat, but says after resuming which lines it has.
    pub fn confirm(&mut self, number: u64) -> bool {
        while let Some(line) = pop_up_to(&mut self.unconfirmed, number) {
            self.unconfirmed_bytes -= line.line.len();
        }
        while pop_up_to(&mut self.unsent, number).is_some() {}
        let awaited = self.awaited;
        self.awaited = awaited.saturating_sub(1);
        awaited == RESUMING
    }

    /// Records that the server has dealt with all that was sent on this connection.
    pub fn confirm_sent(&mut self) {
        self.unconfirmed.clear();
        self.unconfirmed_bytes = 0;
    }

    /// Returns the lines that the screen shows as said and that were never confirmed.
    pub fn unconfirmed_said(&self) -> Vec<String> {
        let all = self.unconfirmed.iter().chain(&self.unsent);
        let said = all.filter(|line| line.is_said && line.number.is_some());
        said.map(|line| line.line.clone()).collect()
    }

    /// Returns the number of lines that have waited for a connection and were never sent.
    pub fn waiting_count(&self) -> usize {
        let is_waiting = |line: &&OutgoingLine| line.has_waited && line.number.is_none();
        self.unsent.iter().filter(is_waiting).count()
    }
}

/// Removes the first line if its number is at most `number`.
fn pop_up_to(lines: &mut VecDeque<OutgoingLine>, number: u64) -> Option<OutgoingLine> {
    let own = lines.front()?.number?;
    (own <= number).then(|| lines.pop_front()).flatten()
}

/// Returns `true` if `line` takes a number. Some do not, because they concern the
/// connection and not the member.
fn takes_number(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    !["/cap", "/resume", common::QUIT]
        .iter()
        .any(|other| word.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> OutgoingLine {
        let echo = LocalEcho::Line(format!("ann: {text}"));
        OutgoingLine::new(text.to_string(), Some(echo))
    }

    /// Returns a queue of a server that confirms, and `lines` that were sent.
    fn sent(lines: &[&str]) -> LineQueue {
        let mut queue = LineQueue::default();
        queue.restart(true);
        for line in lines {
            queue.push(said(line));
        }
        send_all(&mut queue);
        queue
    }

    /// Sends what may be sent; returns it as it is written.
    fn send_all(queue: &mut LineQueue) -> Vec<String> {
        let mut written = Vec::new();
        while queue.is_open()
            && let Some(line) = queue.next_line()
        {
            queue.record_sent();
            written.push(line);
        }
        written
    }

    #[test]
    fn lines_are_numbered_and_confirmed() {
        let mut queue = sent(&["one", "two"]);
        queue.push(said("three"));
        assert_eq!(send_all(&mut queue), ["/seq 3 three"]);
        assert!(!queue.confirm(2));
        assert_eq!(queue.unconfirmed_said(), ["three"]);
        assert!(!queue.confirm(1), "an older confirmation changes nothing");
        assert_eq!(queue.unconfirmed_said(), ["three"]);
        queue.confirm_sent();
        assert!(queue.unconfirmed_said().is_empty());
        assert_eq!(queue.unconfirmed_bytes, 0);
    }

    #[test]
    fn what_concerns_the_connection_has_no_number() {
        let mut queue = sent(&[]);
        for line in ["/cap time", "/RESUME x", "q:quit", "/quit so long", "hi"] {
            queue.push(OutgoingLine::new(line.to_string(), None));
        }
        let expected = [
            "/cap time",
            "/RESUME x",
            "q:quit",
            "/seq 1 /quit so long",
            "/seq 2 hi",
        ];
        assert_eq!(send_all(&mut queue), expected);
    }

    #[test]
    fn an_echo_is_shown_once() {
        let mut queue = sent(&[]);
        queue.push(said("one"));
        queue.next_line();
        assert!(queue.record_sent().is_some());
        queue.resend();
        queue.next_line();
        assert_eq!(queue.record_sent(), None);
    }

    #[test]
    fn after_resuming_only_the_missing_lines_are_sent_with_their_numbers() {
        let mut queue = sent(&["one", "two", "three"]);
        queue.push(said("four"));
        queue.resend();
        assert!(send_all(&mut queue).is_empty(), "the server has not said");
        assert!(queue.confirm(1), "this answers no heartbeat");
        assert!(send_all(&mut queue).is_empty(), "missed lines may follow");
        assert!(!queue.confirm(1));
        let expected = ["/seq 2 two", "/seq 3 three", "/seq 4 four"];
        assert_eq!(send_all(&mut queue), expected);
        // A second break in the middle changes nothing.
        queue.resend();
        queue.confirm(3);
        queue.confirm(3);
        assert_eq!(send_all(&mut queue), ["/seq 4 four"]);
    }

    #[test]
    fn a_new_member_begins_at_one_and_says_nothing_again() {
        let mut queue = sent(&["one", "two"]);
        queue.push(OutgoingLine::new("/who".to_string(), None));
        send_all(&mut queue);
        queue.push(said("three"));
        queue.push(OutgoingLine::request("/get 3".to_string()));
        queue.confirm(1);
        // Also if the connection broke again while they were sent again.
        queue.resend();
        let restarted = queue.restart(true);
        assert_eq!(restarted.said, ["two"]);
        assert_eq!(restarted.unsent, [said("three")]);
        queue.push(said("four"));
        assert_eq!(send_all(&mut queue), ["/seq 1 four"]);
    }

    #[test]
    fn without_confirmations_nothing_is_kept() {
        let mut queue = LineQueue::default();
        queue.restart(false);
        queue.push(said("one"));
        assert_eq!(send_all(&mut queue), ["one"]);
        assert!(queue.unconfirmed_said().is_empty());
        queue.resend();
        assert!(queue.is_open());
    }

    #[test]
    fn a_thousand_lines_or_many_bytes_close_it() {
        let lines = vec!["x"; MAX_UNCONFIRMED + 5];
        let mut queue = sent(&lines);
        assert_eq!(queue.unsent.len(), 5);
        queue.confirm(3);
        assert_eq!(send_all(&mut queue).len(), 3);
        let long = "x".repeat(1024);
        let mut queue = sent(&vec![long.as_str(); 300]);
        assert_eq!(queue.unsent.len(), 300 - 256);
        queue.confirm(1);
        assert_eq!(send_all(&mut queue).len(), 1);
    }
}
