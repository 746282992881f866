//! Reliability over UDP: from lines to datagrams and back.
//!
//! UDP loses, duplicates and reorders. So what must arrive is sent again until it is
//! answered, every line has a number, and duplicates are dropped:
//!
//! ```text
//! /seq 0 0 LINE -> /cookie TAG START LINE -> the same, sent back -> JOINED -> q:quit
//!                  (again until answered)                           (again)
//! ```
//!
//! LINE is the first line, normally the name. `numbering.rs` says which datagrams are
//! from the server, and `joining.rs` what they mean before JOINED.
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::{Duration, Instant};

use common::{Event, QUIT};

use super::cookie::OfferedCookie;
use super::numbering::{Numbering, Opened};
use super::retransmit::{Due, HeartbeatTracker, Pending, RetransmitStep};
use super::stats::UdpStats;

/// The time for which `q:quit` is sent again.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A phase of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server has accepted no name.
    Joining,
    /// The server treats us as a member.
    Joined,
    /// The line that leaves was sent. The time is that of the line, or of the last
    /// answer to a line before it.
    Leaving(Instant),
}

/// The state of a session in datagrams.
pub(super) struct Reliability {
    pub(super) phase: Phase,
    pub(super) offered_name: String,
    pub(super) pending: Option<Pending>,
    /// `true` if the server has answered to the line in a cookie, and waits for another.
    pub(super) address_proven: bool,
    /// The last refusal, and how many copies of it may still come, because its cause
    /// was sent more than once. They do not refuse the next name.
    pub(super) late_refusal: (String, u32),
    heartbeats: HeartbeatTracker,
    pub(super) numbering: Numbering,
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
            numbering: Numbering::new(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn stats(&self) -> UdpStats {
        UdpStats {
            sent: self.numbering.sent,
            delivered: self.numbering.delivered,
            tracker: self.numbering.tracker,
        }
    }

    /// Returns `true` if the server is older, so that anybody can guess the numbers.
    pub(super) fn is_guessable(&self) -> bool {
        self.numbering.is_guessable()
    }

    /// Returns the datagram for `line`, which contains no newline. While joining, the
    /// line is offered as the first one, or as another name.
    pub(super) fn send(&mut self, line: &str, now: Instant) -> String {
        if self.phase == Phase::Joining {
            self.offered_name = line.to_string();
            // If the server has not received the cookie, it answers as a stranger.
            if self.address_proven || self.numbering.has_start() {
                let datagram = self.numbering.joining(line);
                return self.keep(RetransmitStep::Name, datagram, now);
            }
            return self.keep(RetransmitStep::Hello, self.numbering.first(line), now);
        }
        if line.trim().is_empty() {
            self.heartbeats.record_sent(now);
        }
        let datagram = self.numbering.number(line);
        if leaves(line) {
            self.phase = Phase::Leaving(now);
            return self.keep(RetransmitStep::Quit, datagram, now);
        }
        datagram
    }

    /// Keeps `datagram`, and no previous one, for retransmission.
    pub(super) fn keep(&mut self, step: RetransmitStep, datagram: String, now: Instant) -> String {
        self.pending = Some(Pending::new(step, datagram.clone(), now));
        datagram
    }

    /// Returns what must be sent again now.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        if let Some(pending) = &mut self.pending {
            return Some(match pending.due(now)? {
                Due::Again(datagram) => datagram,
                Due::Offer => self.numbering.joining(&self.offered_name),
                Due::Blank => self.numbering.joining(""),
            });
        }
        // A new number, because the server does not answer duplicates.
        let is_due = self.heartbeats.is_retry_due(now);
        is_due.then(|| self.numbering.number(""))
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
        match (self.phase, OfferedCookie::parse(line)) {
            (Phase::Joining, Some(cookie)) => self.receive_cookie(&cookie, datagram, now),
            (Phase::Joining, None) => {
                let opened = self.numbering.open(line);
                self.receive_joining(opened, now)
            }
            (Phase::Joined | Phase::Leaving(_), Some(_)) => self.forgotten_by_older_server(),
            (Phase::Joined | Phase::Leaving(_), None) => {
                let opened = self.numbering.open(line);
                self.receive_joined(opened, now)
            }
        }
    }

    /// Returns the step that waits for its answer.
    pub(super) fn step(&self) -> Option<RetransmitStep> {
        self.pending.as_ref().map(|pending| pending.step)
    }

    fn receive_joined(&mut self, opened: Opened<'_>, now: Instant) -> Received {
        let is_leaving = matches!(self.phase, Phase::Leaving(_));
        match opened {
            Opened::Line(line) => self.member_line(line, now),
            Opened::Unnumbered(line)
                if is_leaving && matches!(Event::parse(line), Event::Refusal(_)) =>
            {
                self.forgotten_by_older_server()
            }
            Opened::Unnumbered(line) => self.unnumbered_member_line(line, now),
            // It has forgotten us. So `q:quit` has arrived, and only its answer was lost.
            Opened::FromStranger(_) if is_leaving => Received::Lines(QUIT.to_string()),
            Opened::FromStranger(line) => Received::Lines(line.to_string()),
            Opened::Nothing => Received::Nothing,
        }
    }

    /// Handles a line to a member.
    pub(super) fn member_line(&mut self, line: &str, now: Instant) -> Received {
        match Event::parse(line) {
            Event::Heartbeat => self.heartbeat_answered(now),
            Event::Quit => {
                self.pending = None;
                Received::Lines(line.to_string())
            }
            _ => Received::Lines(line.to_string()),
        }
    }

    /// Handles a line without a number. Only an older server sends some, and only until
    /// it has received our first number.
    fn unnumbered_member_line(&mut self, line: &str, now: Instant) -> Received {
        match self.numbering.tracker.arrived() {
            0 => self.member_line(line, now),
            _ => Received::Nothing,
        }
    }

    /// Handles what an older server answers only to an unknown peer. A member would get
    /// it with a number. So `q:quit` has arrived, and only its answer was lost.
    fn forgotten_by_older_server(&self) -> Received {
        match self.phase {
            Phase::Leaving(_) if self.is_guessable() => Received::Lines(QUIT.to_string()),
            _ => Received::Nothing,
        }
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

        /// Makes a session that has joined, both sides counting from 7001.
        fn joined() -> Fixture {
            let mut fixture = Fixture::new();
            fixture.sends("ann", "/seq 0 0 ann\n");
            fixture.replies("/cookie 2f 7000 ann\n");
            fixture.receives("/seq 7001 0 Welcome, ann.\n", "Welcome, ann.");
            fixture
        }

        /// Makes a session with an older server, which has refused the request once.
        fn older() -> Fixture {
            let mut fixture = Fixture::new();
            fixture.sends("ann", "/seq 0 0 ann\n");
            fixture.replies_with("! Invalid name.\n", "ann\n");
            fixture
        }

        /// Makes a session that has joined an older server.
        fn joined_older() -> Fixture {
            let mut fixture = Fixture::older();
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
            self.replies_with(datagram, datagram);
        }

        #[track_caller]
        fn replies_with(&mut self, datagram: &str, reply: &str) {
            let received = self.reliability.receive(datagram, self.now);
            assert_eq!(received, Received::Reply(reply.to_string()));
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
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 0 0 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 0 0 ann\n");
        fixture.replies("/cookie 2f 7000 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/cookie 2f 7000 ann\n");
        fixture.receives("/seq 7001 0 Welcome, ann.\n", "Welcome, ann.");
        fixture.repeats_nothing();
        assert_eq!(fixture.reliability.phase(), Phase::Joined);
        fixture.sends("hi", "/seq 7001 1 hi\n");
        assert!(!fixture.reliability.is_guessable());
    }

    #[test]
    fn capabilities_are_asked_for_before_the_name() {
        let request = "/cap time heartbeat";
        let mut fixture = Fixture::new();
        fixture.sends(request, &format!("/seq 0 0 {request}\n"));
        fixture.repeats(RETRY_INTERVAL, &format!("/seq 0 0 {request}\n"));
        fixture.drops("\n");
        fixture.replies(&format!("/cookie 1 7000 {request}\n"));
        fixture.repeats(RETRY_INTERVAL, &format!("/cookie 1 7000 {request}\n"));
        // The answer to a repeated cookie is no welcome.
        fixture.drops("/seq 7002 0 \n");
        fixture.receives("/seq 7001 0 /cap time\n", "/cap time");
        fixture.repeats_nothing();
        fixture.sends("ann", "/seq 7001 2 ann\n");
        fixture.receives("/seq 7003 0 /cap time\n", "/cap time");
        fixture.receives("/seq 7004 1 Welcome, ann.\n", "Welcome, ann.");
        assert_eq!(fixture.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn the_name_need_not_wait_for_the_capabilities() {
        let mut fixture = Fixture::new();
        fixture.sends("/cap time", "/seq 0 0 /cap time\n");
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.drops("/cookie 1 7000 /cap time\n");
        fixture.replies("/cookie 1 7000 ann\n");
        let mut fixture = Fixture::new();
        fixture.sends("/cap time", "/seq 0 0 /cap time\n");
        fixture.replies("/cookie 1 7000 /cap time\n");
        fixture.sends("ann", "/seq 7001 0 ann\n");
        fixture.receives("/seq 7002 1 Welcome, ann.", "Welcome, ann.");
    }

    #[test]
    fn an_older_server_may_know_capabilities_or_not() {
        let request = "/cap time heartbeat";
        let mut fixture = Fixture::new();
        fixture.sends(request, &format!("/seq 0 0 {request}\n"));
        fixture.replies_with("! Invalid name.\n", &format!("{request}\n"));
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
        refused.sends(request, &format!("/seq 0 0 {request}\n"));
        refused.replies_with("! Invalid name.\n", &format!("{request}\n"));
        refused.receives("! Invalid name.\n", "! Invalid name.");
        refused.sends("ann", "ann\n");
        refused.replies("/cookie 1 ann\n");
    }

    #[test]
    fn a_late_or_duplicate_cookie_changes_nothing() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.drops("/cookie 1 2000 eve");
        fixture.drops("/cookie 1 ann");
        fixture.replies("/cookie 2 7000 ann");
        fixture.drops("/cookie 3 3000 ann");
        fixture.drops("/cookie 3 ann");
        fixture.repeats(RETRY_INTERVAL, "/cookie 2 7000 ann");
        fixture.receives("/seq 7001 0 Welcome, ann.", "Welcome, ann.");
        fixture.drops("/cookie 2 7000 ann");
        fixture.sends("hi", "/seq 7001 1 hi\n");
    }

    #[test]
    fn nobody_without_the_number_is_believed() {
        let far = "/seq 8026 0 q:quit";
        for forged in ["q:quit", "! no", "bob: hi", "", "/seq 1 0 q:quit", far] {
            let mut fixture = Fixture::new();
            fixture.sends("ann", "/seq 0 0 ann\n");
            fixture.replies("/cookie 2f 7000 ann\n");
            fixture.drops(forged);
            fixture.repeats(RETRY_INTERVAL, "/cookie 2f 7000 ann\n");
            let mut fixture = Fixture::joined();
            fixture.drops(forged.replace("8026", "8027").as_str());
            fixture.sends("q:quit", "/seq 7001 1 q:quit\n");
            fixture.drops(forged.replace("8026", "8027").as_str());
            fixture.receives("/seq 8026 0 q:quit", "q:quit");
        }
    }

    #[test]
    fn an_older_server_refuses_the_request_and_receives_the_name_alone() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 0 0 ann\n");
        fixture.drops("Type your name and press Enter.\n");
        fixture.replies_with("! Invalid name.\n", "ann\n");
        assert!(fixture.reliability.is_guessable());
        fixture.drops("! Invalid name.\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.replies("/cookie 2f ann\n");
        fixture.receives("Welcome, ann.\n", "Welcome, ann.");
        fixture.sends("hi", "/seq 1 0 hi\n");
        // Once it numbers its lines, all have a number.
        fixture.receives("bob: early", "bob: early");
        fixture.receives("/seq 7 1 bob: hi", "bob: hi");
        fixture.drops("bob: forged");
        fixture.drops("q:quit");
    }

    #[test]
    fn a_forged_refusal_does_not_keep_the_start_away() {
        let mut fixture = Fixture::older();
        fixture.replies("/cookie 2f 7000 ann\n");
        fixture.receives("/seq 7001 0 Welcome, ann.\n", "Welcome, ann.");
        assert!(!fixture.reliability.is_guessable());
    }

    #[test]
    fn a_lost_welcome_shows_in_the_answer_to_the_cookie() {
        let mut fixture = Fixture::older();
        fixture.drops("\n");
        fixture.drops("Type your name and press Enter.\n");
        fixture.repeats(RETRY_INTERVAL, "ann\n");
        fixture.replies("/cookie 1 ann\n");
        fixture.receives("\n", "");
        assert_eq!(fixture.reliability.phase(), Phase::Joined);

        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.replies("/cookie 1 7000 ann\n");
        fixture.receives("/seq 7002 0 \n", "");
        assert_eq!(fixture.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn a_refused_name_is_not_sent_again_and_its_late_refusals_are_dropped() {
        let mut fixture = Fixture::older();
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
    fn a_name_after_a_refused_one_has_a_new_number_each_time() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 0 0 ann\n");
        fixture.receives("/seq 0 0 ! just left\n", "! just left");
        fixture.repeats_nothing();
        fixture.sends("bob", "/seq 0 0 bob\n");
        fixture.drops("/seq 0 0 ! just left\n");
        fixture.replies("/cookie 1 7000 bob\n");
        fixture.receives("/seq 7001 0 ! taken\n", "! taken");
        fixture.sends("carl", "/seq 7001 1 carl\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 7002 1 \n");
        fixture.repeats(RETRY_INTERVAL, "/seq 7003 1 carl\n");
        fixture.receives("/seq 7002 1 ! taken\n", "! taken");
        fixture.drops("/seq 7003 3 ! taken\n");
        fixture.sends("dora", "/seq 7004 3 dora\n");
        fixture.receives("/seq 7004 4 Welcome, dora.\n", "Welcome, dora.");
    }

    #[test]
    fn a_server_that_has_not_received_the_cookie_gets_the_first_line_again() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.replies("/cookie 1 7000 ann\n");
        fixture.receives(
            "/seq 0 7000 ! Invalid or expired cookie",
            "! Invalid or expired cookie",
        );
        fixture.sends("bob", "/seq 0 0 bob\n");
        fixture.replies("/cookie 1 2000 bob\n");
        fixture.receives("/seq 2001 0 ! taken\n", "! taken");
        fixture.sends("carl", "/seq 2001 1 carl\n");
        fixture.drops("/seq 0 7001 ! You are no longer connected.\nq:quit\n");
        let gone = "/seq 0 2001 ! You are no longer connected.\nq:quit\n";
        fixture.replies_with(gone, "/seq 0 0 carl\n");
    }

    #[test]
    fn a_lost_refusal_comes_again_after_the_name() {
        let mut fixture = Fixture::new();
        fixture.sends("ann", "/seq 0 0 ann\n");
        fixture.replies("/cookie 1 7000 ann\n");
        for _ in 0..3 {
            fixture.repeats(RETRY_INTERVAL, "/cookie 1 7000 ann\n");
        }
        fixture.repeats(RETRY_INTERVAL, "/seq 7001 0 ann\n");
        fixture.repeats(RETRY_INTERVAL, "/cookie 1 7000 ann\n");
        fixture.receives("/seq 7002 1 ! taken\n", "! taken");
        fixture.sends("bob", "/seq 7002 1 bob\n");
        fixture.repeats(RETRY_INTERVAL, "/seq 7003 1 \n");
        fixture.receives("/seq 7004 3 \n", "");
        fixture.sends("hi", "/seq 7004 2 hi\n");
    }

    #[test]
    fn lines_carry_their_number_and_how_many_have_arrived() {
        let mut fixture = Fixture::joined();
        fixture.sends(" \t ", "/seq 7001 1  \t \n");
        fixture.receives("/seq 7002 1 bob: hi\n", "bob: hi");
        fixture.receives("/seq 7005 1 bob: there", "bob: there");
        fixture.drops("/seq 7005 1 bob: there");
        fixture.sends("hi", "/seq 7002 3 hi\n");
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
        for number in 7001..=7003 {
            fixture.sends("", &format!("/seq {number} 1 \n"));
        }
        fixture.now += LOST_AFTER / 2;
        fixture.receives("/seq 7002 3 \n", "");
        fixture.repeats(LOST_AFTER / 2, "/seq 7004 2 \n");
        fixture.repeats(HEARTBEAT_RETRY, "/seq 7005 2 \n");
        // It answers both lost ones too: each is a line, with its newline.
        fixture.receives("/seq 7003 5 \n", "\n");
        fixture.repeats_nothing();
        fixture.receives("/seq 7004 5 \n", "");
    }

    #[test]
    fn the_last_line_is_sent_again_until_it_is_answered() {
        for last_line in ["q:quit", "/QUIT so long"] {
            let mut fixture = Fixture::joined();
            let datagram = format!("/seq 7001 1 {last_line}\n");
            fixture.sends(last_line, &datagram);
            fixture.repeats(RETRY_INTERVAL, &datagram);
            fixture.receives("/seq 7002 1 bob: bye\n", "bob: bye");
            fixture.repeats(RETRY_INTERVAL, &datagram);
            fixture.receives("/seq 7003 1 q:quit\n", "q:quit");
            fixture.repeats_nothing();
        }
    }

    #[test]
    fn a_server_that_has_forgotten_us_ends_the_session_if_it_knows_the_number() {
        let gone = "! You are no longer connected.\nq:quit";
        let mut fixture = Fixture::joined();
        fixture.sends("hi", "/seq 7001 1 hi\n");
        fixture.drops(gone);
        fixture.drops(&format!("/seq 0 1 {gone}\n"));
        fixture.drops(&format!("/seq 0 8026 {gone}\n"));
        fixture.receives(&format!("/seq 0 7001 {gone}\n"), gone);
        fixture.sends("q:quit", "/seq 7002 1 q:quit\n");
        fixture.drops(gone);
        fixture.receives(&format!("/seq 0 7002 {gone}\n"), "q:quit");
    }

    #[test]
    fn an_older_server_that_has_forgotten_us_has_received_the_last_line() {
        let not_here = "! You are not here any more.\nq:quit\n";
        for datagram in ["/cookie 1 x", "! That name will not do.", not_here] {
            let mut fixture = Fixture::joined_older();
            fixture.sends("q:quit", "/seq 1 0 q:quit\n");
            fixture.receives("/seq 1 0 ! slow down", "! slow down");
            fixture.receives(datagram, "q:quit");
        }
    }

    #[test]
    fn the_last_line_times_out_unless_the_server_makes_progress() {
        let mut fixture = Fixture::joined();
        fixture.sends("", "/seq 7001 1 \n");
        fixture.sends("q:quit", "/seq 7002 1 q:quit\n");
        fixture.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        fixture.receives("/seq 7002 1 \n", "");
        fixture.now += RETRY_INTERVAL;
        assert!(!fixture.reliability.is_unanswered(fixture.now));
        fixture.receives("/seq 7003 1 \n", "");
        fixture.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        assert!(fixture.reliability.is_unanswered(fixture.now));
    }
}
