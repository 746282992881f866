//! Reliability over UDP: from lines to datagrams and back.
//!
//! UDP loses, duplicates and reorders. So what must arrive is sent again until it is
//! answered, every line has a number, and duplicates are dropped:
//!
//! ```text
//! name -> /cookie TAG NAME -> the same, sent back -> JOINED -> q:quit
//!         (again until answered)                     numbers   (again)
//! ```
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::{Duration, Instant};

use common::udp::sequence::{Numbered, ReceiveTracker};
use common::{CapReply, Capabilities, Event, QUIT, notice};

use super::retransmit::{HeartbeatTracker, Pending, RetransmitStep};
use super::stats::UdpStats;

/// The time for which `q:quit` is sent again.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A phase of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server has accepted no name: nothing has a number.
    Joining,
    /// The server treats us as a member.
    Joined,
    /// The line that leaves was sent. The time is that of the line, or of the last
    /// answer to a line before it.
    Leaving(Instant),
}

/// The state of a session in datagrams.
pub(super) struct Reliability {
    phase: Phase,
    offered_name: String,
    pending: Option<Pending>,
    /// `true` if the server has refused the name in a cookie, and waits for another.
    address_proven: bool,
    /// The last refusal, and how many copies of it may still come, because its cause
    /// was sent more than once. They do not refuse the next name.
    late_refusal: (String, u32),
    heartbeats: HeartbeatTracker,
    sent: u64,
    delivered: u64,
    tracker: ReceiveTracker,
}

/// The result of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Lines, without the last newline.
    Lines(String),
    /// A datagram that must be sent at once.
    Reply(String),
    /// Nothing for the caller.
    Nothing,
}

impl Reliability {
    /// Makes the state of a new session.
    pub(super) fn new() -> Reliability {
        Reliability {
            phase: Phase::Joining,
            offered_name: String::new(),
            pending: None,
            address_proven: false,
            late_refusal: (String::new(), 0),
            heartbeats: HeartbeatTracker::default(),
            sent: 0,
            delivered: 0,
            tracker: ReceiveTracker::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn stats(&self) -> UdpStats {
        UdpStats {
            sent: self.sent,
            delivered: self.delivered,
            tracker: self.tracker,
        }
    }

    /// Returns the datagram for `line`, which contains no newline. While joining, the
    /// line is a name.
    pub(super) fn send(&mut self, line: &str, now: Instant) -> String {
        if self.phase == Phase::Joining {
            self.offered_name = line.to_string();
            let step = if self.address_proven {
                RetransmitStep::Name
            } else {
                RetransmitStep::Hello
            };
            return self.keep(step, format!("{line}\n"), now);
        }
        if line.trim().is_empty() {
            self.heartbeats.record_sent(now);
        }
        let datagram = self.number(line);
        if leaves(line) {
            self.phase = Phase::Leaving(now);
            return self.keep(RetransmitStep::Quit, datagram, now);
        }
        datagram
    }

    /// Keeps `datagram`, and no previous one, for retransmission.
    fn keep(&mut self, step: RetransmitStep, datagram: String, now: Instant) -> String {
        self.pending = Some(Pending::new(step, datagram.clone(), now));
        datagram
    }

    fn number(&mut self, line: &str) -> String {
        self.sent += 1;
        let numbered = Numbered {
            number: self.sent,
            arrived: self.tracker.arrived(),
            line,
        };
        format!("{}\n", numbered.encode())
    }

    /// Returns what must be sent again now.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        if let Some(pending) = &mut self.pending {
            return pending.due(&self.offered_name, now);
        }
        // A new number, because the server does not answer duplicates.
        self.heartbeats.is_retry_due(now).then(|| self.number(""))
    }

    /// Returns `true` if the server had enough time to answer the line that leaves.
    pub(super) fn is_unanswered(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Leaving(since) => now.saturating_duration_since(since) >= QUIT_TIMEOUT,
            _ => false,
        }
    }

    /// Reads `datagram`.
    pub(super) fn receive(&mut self, datagram: &str, now: Instant) -> Received {
        let line = datagram.trim_end_matches(['\r', '\n']);
        match self.phase {
            Phase::Joining => self.receive_joining(line, datagram, now),
            Phase::Joined | Phase::Leaving(_) => self.receive_joined(line, now),
        }
    }

    fn receive_joining(&mut self, line: &str, datagram: &str, now: Instant) -> Received {
        if let Some(name) = cookie(line) {
            // A cookie for another name is late. A second cookie for this name changes
            // nothing, because the first is sent until it is answered.
            if name != self.offered_name || self.step() == Some(RetransmitStep::Cookie) {
                return Received::Nothing;
            }
            return Received::Reply(self.keep(RetransmitStep::Cookie, datagram.to_string(), now));
        }
        if CapReply::parse(line).is_some() {
            return self.capabilities_answered(line);
        }
        match Event::parse(line) {
            Event::Refusal(_) => self.refusal(line),
            Event::Notice(notice::ASK_NAME) => Received::Nothing,
            // To the request for capabilities it is no welcome.
            Event::Heartbeat if asks_capabilities(&self.offered_name) => Received::Nothing,
            // A blank line shows that the welcome was lost, because a server answers
            // retransmissions of a member as heartbeats. Before the cookie it means
            // nothing.
            Event::Heartbeat if matches!(self.step(), None | Some(RetransmitStep::Hello)) => {
                Received::Nothing
            }
            Event::Quit => {
                self.pending = None;
                Received::Lines(line.to_string())
            }
            _ => {
                self.phase = Phase::Joined;
                self.pending = None;
                self.receive_joined(line, now)
            }
        }
    }

    /// Handles the answer to a request for capabilities, which was offered like a name. A
    /// late one changes nothing for the name after it.
    fn capabilities_answered(&mut self, line: &str) -> Received {
        if asks_capabilities(&self.offered_name)
            && let Some(pending) = self.pending.take()
        {
            self.address_proven |= pending.step == RetransmitStep::Cookie;
        }
        Received::Lines(line.to_string())
    }

    /// Returns the step that waits for its answer.
    fn step(&self) -> Option<RetransmitStep> {
        self.pending.as_ref().map(|pending| pending.step)
    }

    fn refusal(&mut self, line: &str) -> Received {
        let (last, copies) = &mut self.late_refusal;
        if last == line && *copies > 0 {
            *copies -= 1;
            return Received::Nothing;
        }
        if let Some(pending) = self.pending.take() {
            self.late_refusal = (line.to_string(), pending.copies - 1);
            self.address_proven |= pending.step == RetransmitStep::Cookie;
        }
        Received::Lines(line.to_string())
    }

    fn receive_joined(&mut self, line: &str, now: Instant) -> Received {
        let line = match Numbered::parse(line) {
            Some(numbered) => {
                self.delivered = self.delivered.max(numbered.arrived);
                if !self.tracker.record(numbered.number) {
                    return Received::Nothing;
                }
                numbered.line
            }
            None if self.has_forgotten_us(line) => QUIT,
            None if cookie(line).is_some() => return Received::Nothing,
            None => line,
        };
        match Event::parse(line) {
            Event::Heartbeat => self.heartbeat_answered(now),
            Event::Quit => {
                self.pending = None;
                Received::Lines(line.to_string())
            }
            _ => Received::Lines(line.to_string()),
        }
    }

    /// Returns `true` if the server answers as it answers an unknown peer. A member
    /// would get this line with a number. So `q:quit` has arrived, and only its answer
    /// was lost.
    fn has_forgotten_us(&self, line: &str) -> bool {
        let leaving = matches!(self.phase, Phase::Leaving(_));
        leaving && (cookie(line).is_some() || matches!(Event::parse(line), Event::Refusal(_)))
    }

    /// Returns an empty line for each heartbeat that this line answers.
    fn heartbeat_answered(&mut self, now: Instant) -> Received {
        let answered = self.heartbeats.record_answer(now);
        if let (Phase::Leaving(since), 1..) = (&mut self.phase, answered) {
            *since = now;
        }
        // An empty line that answers nothing is the server's probe.
        Received::Lines("\n".repeat(answered.saturating_sub(1)))
    }
}

/// Returns the name in `/cookie TAG NAME`.
fn cookie(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("/cookie ")?;
    rest.split_once(' ').map(|(_, name)| name)
}

/// Returns `true` if `offer` is a request for capabilities and not a name.
fn asks_capabilities(offer: &str) -> bool {
    Capabilities::parse_request(offer).is_some()
}

/// Returns `true` if the server ends the session when it receives `line`.
fn leaves(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    line == QUIT || word.eq_ignore_ascii_case("/quit")
}

#[cfg(test)]
mod tests {
    use super::super::retransmit::{HEARTBEAT_RETRY, LOST_AFTER, RETRY_INTERVAL};
    use super::*;

    /// A session whose clock the test sets.
    struct Fixture {
        reliability: Reliability,
        now: Instant,
    }

    impl Fixture {
        fn new() -> Fixture {
            let (reliability, now) = (Reliability::new(), Instant::now());
            Fixture { reliability, now }
        }

        /// Makes a session that has joined.
        fn joined() -> Fixture {
            let mut fixture = Fixture::new();
            fixture.sends("ann", "ann\n");
            fixture.receives("Welcome, ann.\n", "Welcome, ann.");
            fixture
        }

        #[track_caller]
        fn sends(&mut self, line: &str, datagram: &str) {
            assert_eq!(self.reliability.send(line, self.now), datagram);
        }

        #[track_caller]
        fn receives(&mut self, datagram: &str, lines: &str) {
            let received = self.reliability.receive(datagram, self.now);
            assert_eq!(received, Received::Lines(lines.to_string()), "{datagram:?}");
        }

        #[track_caller]
        fn drops(&mut self, datagram: &str) {
            let received = self.reliability.receive(datagram, self.now);
            assert_eq!(received, Received::Nothing, "{datagram:?}");
        }

        #[track_caller]
        fn replies(&mut self, datagram: &str) {
            let received = self.reliability.receive(datagram, self.now);
            assert_eq!(received, Received::Reply(datagram.to_string()));
        }

        /// Checks that `datagram` is sent again after `time`, and not before.
        #[track_caller]
        fn repeats(&mut self, time: Duration, datagram: &str) {
            self.now += time - Duration::from_millis(1);
            assert_eq!(self.reliability.due(self.now), None);
            self.now += Duration::from_millis(1);
            let due = self.reliability.due(self.now);
            assert_eq!(due.as_deref(), Some(datagram));
        }

        #[track_caller]
        fn repeats_nothing(&mut self) {
            self.now += LOST_AFTER;
            assert_eq!(self.reliability.due(self.now), None);
        }
    }

    #[test]
    fn the_cookie_is_sent_back_as_it_came_and_each_step_again_until_answered() {
        let mut fixture = Fixture::new();
        fixture.repeats_nothing();
        fixture.sends("ann", "ann\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.replies("/cookie 2f ann\n");
        fixture.repeats(RETRY_INTERVAL, "/cookie 2f ann\n");
        fixture.receives("Welcome, ann.\n", "Welcome, ann.");
        fixture.repeats_nothing();
        assert_eq!(fixture.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn a_late_or_duplicate_cookie_changes_nothing() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "ann\n");
        fixture.drops("/cookie 1 eve");
        fixture.replies("/cookie 2 ann");
        fixture.drops("/cookie 3 ann");
        fixture.repeats(RETRY_INTERVAL, "/cookie 2 ann");
        fixture.receives("Welcome, ann.", "Welcome, ann.");
        fixture.drops("/cookie 2 ann");
        fixture.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn capabilities_are_asked_for_before_the_name_with_a_cookie_or_without() {
        let request = "/cap time heartbeat";
        let mut fixture = Fixture::new();
        fixture.sends(request, &format!("{request}\n"));
        fixture.repeats(RETRY_INTERVAL, &format!("{request}\n"));
        fixture.drops("\n");
        fixture.replies(&format!("/cookie 1 {request}\n"));
        // The answer to a repeated cookie is no welcome.
        fixture.drops("\n");
        fixture.receives("/cap time heartbeat\n", "/cap time heartbeat");
        fixture.repeats_nothing();
        fixture.sends("ann", "ann\n");
        fixture.receives("/cap time heartbeat\n", "/cap time heartbeat");
        fixture.repeats(RETRY_INTERVAL, "\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.receives("Welcome, ann.\n", "Welcome, ann.");
        assert_eq!(fixture.reliability.phase(), Phase::Joined);

        let mut refused = Fixture::new();
        refused.sends(request, &format!("{request}\n"));
        refused.receives("! Invalid name.\n", "! Invalid name.");
        refused.sends("ann", "ann\n");
        refused.replies("/cookie 1 ann\n");
    }

    #[test]
    fn a_lost_welcome_shows_in_the_answer_to_the_cookie() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "ann\n");
        fixture.drops("\n");
        fixture.drops("Type your name and press Enter.\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.replies("/cookie 1 ann\n");
        fixture.receives("\n", "");
        assert_eq!(fixture.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn a_refused_name_is_not_sent_again_and_its_late_refusals_are_dropped() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "ann\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.receives("! taken\n", "! taken");
        fixture.repeats_nothing();
        fixture.sends("bob", "bob\n");
        fixture.drops("! taken\n");
        fixture.replies("/cookie 1 bob\n");
        fixture.receives("! taken\n", "! taken");
        fixture.sends("carl", "carl\n");
        fixture.repeats(RETRY_INTERVAL, "\n");
        fixture.repeats(RETRY_INTERVAL, "carl\n");
        // The server has forgotten that our address was proven.
        fixture.replies("/cookie 2 carl\n");
    }

    #[test]
    fn a_lost_refusal_comes_again_after_the_name() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "ann\n");
        fixture.replies("/cookie 1 ann\n");
        for _ in 0..3 {
            fixture.repeats(RETRY_INTERVAL, "/cookie 1 ann\n");
        }
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.repeats(RETRY_INTERVAL, "/cookie 1 ann\n");
        fixture.receives("! taken\n", "! taken");
        fixture.sends("bob", "bob\n");
        fixture.repeats(RETRY_INTERVAL, "\n");
        fixture.receives("\n", "");
        fixture.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn lines_carry_their_number_and_how_many_have_arrived() {
        let mut fixture = Fixture::joined();
        fixture.sends(" \t ", "/seq 1 0  \t \n");
        fixture.receives("/seq 1 1 bob: hi\n", "bob: hi");
        fixture.receives("/seq 4 1 bob: there", "bob: there");
        fixture.drops("/seq 4 1 bob: there");
        fixture.receives("bob: without", "bob: without");
        fixture.sends("hi", "/seq 2 2 hi\n");
        let UdpStats {
            sent,
            delivered,
            tracker: tally,
        } = fixture.reliability.stats();
        assert_eq!((sent, delivered), (2, 1));
        assert_eq!((tally.missing(), tally.duplicates()), (2, 1));
    }

    #[test]
    fn a_heartbeat_that_seems_lost_is_sent_again_under_a_new_number() {
        let mut fixture = Fixture::joined();
        for number in 1..=3 {
            fixture.sends("", &format!("/seq {number} 0 \n"));
        }
        fixture.now += LOST_AFTER / 2;
        fixture.receives("/seq 1 3 \n", "");
        fixture.repeats(LOST_AFTER / 2, "/seq 4 1 \n");
        fixture.repeats(HEARTBEAT_RETRY, "/seq 5 1 \n");
        // It answers both lost ones too: each is a line, with its newline.
        fixture.receives("/seq 2 5 \n", "\n");
        fixture.repeats_nothing();
        fixture.receives("/seq 3 5 \n", "");
    }

    #[test]
    fn the_last_line_is_sent_again_until_it_is_answered() {
        for last_line in ["q:quit", "/QUIT so long"] {
            let mut fixture = Fixture::joined();
            let datagram = format!("/seq 1 0 {last_line}\n");
            fixture.sends(last_line, &datagram);
            fixture.repeats(RETRY_INTERVAL, &datagram);
            fixture.receives("/seq 1 1 bob: bye\n", "bob: bye");
            fixture.repeats(RETRY_INTERVAL, &datagram);
            fixture.receives("/seq 2 1 q:quit\n", "q:quit");
            fixture.repeats_nothing();
        }
    }

    #[test]
    fn a_server_that_has_forgotten_us_has_received_the_last_line() {
        let not_here = "! You are not here any more.\nq:quit\n";
        for datagram in ["/cookie 1 x", "! That name will not do.", not_here] {
            let mut fixture = Fixture::joined();
            fixture.sends("q:quit", "/seq 1 0 q:quit\n");
            fixture.receives("/seq 1 0 ! slow down", "! slow down");
            fixture.receives(datagram, "q:quit");
        }
    }

    #[test]
    fn the_last_line_times_out_unless_the_server_makes_progress() {
        let mut fixture = Fixture::joined();
        fixture.sends("", "/seq 1 0 \n");
        fixture.sends("q:quit", "/seq 2 0 q:quit\n");
        fixture.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        fixture.receives("/seq 1 1 \n", "");
        fixture.now += RETRY_INTERVAL;
        assert!(!fixture.reliability.is_unanswered(fixture.now));
        fixture.receives("/seq 2 1 \n", "");
        fixture.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        assert!(fixture.reliability.is_unanswered(fixture.now));
    }
}
