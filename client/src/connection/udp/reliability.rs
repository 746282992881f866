//! Turns lines into datagrams and back, and knows what has to be sent again.
//!
//! UDP loses, doubles and reorders. So whatever must arrive is sent again until
//! it is answered, every line has a number, and what comes twice is dropped:
//!
//! ```text
//! name -> /cookie TAG NAME -> the same, sent back -> INSIDE -> q:quit
//!         (again until answered)                     numbers   (again)
//! ```
//!
//! It knows no socket, and the time only as it is told.

use std::time::{Duration, Instant};

use common::udp::sequence::{Numbered, ReceiveTracker};
use common::{Event, QUIT, notice};

use super::retransmit::{HeartbeatTracker, Pending, Step};
use super::stats::UdpStats;

/// How long `q:quit` is said.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How far the conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No name is taken yet: nothing has a number.
    Joining,
    /// The server talks to us as to a member.
    Joined,
    /// The line that leaves was sent; and when, or when it was last sure that the
    /// server gets on with what came before.
    Leaving(Instant),
}

/// A conversation in datagrams.
pub(super) struct Reliability {
    phase: Phase,
    /// The name that was sent last.
    offered_name: String,
    pending: Option<Pending>,
    /// Whether the server has refused the name in a cookie, and waits for another.
    address_proven: bool,
    /// The last refusal, and how many copies of it may still come, since its
    /// cause was sent more than once. They do not refuse the next name.
    late_refusal: (String, u32),
    heartbeats: HeartbeatTracker,
    sent: u64,
    delivered: u64,
    tracker: ReceiveTracker,
}

/// What a datagram comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// These lines, without the last newline.
    Lines(String),
    /// This is to be sent, at once.
    Reply(String),
    /// Nothing that concerns anybody.
    Nothing,
}

impl Reliability {
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

    /// The datagram for `line`, which has no newline. Outside it is a name.
    pub(super) fn send(&mut self, line: &str, now: Instant) -> String {
        if self.phase == Phase::Joining {
            self.offered_name = line.to_string();
            let step = if self.address_proven {
                Step::Name
            } else {
                Step::Hello
            };
            return self.keep(step, format!("{line}\n"), now);
        }
        if line.trim().is_empty() {
            self.heartbeats.record_sent(now);
        }
        let datagram = self.number(line);
        if leaves(line) {
            self.phase = Phase::Leaving(now);
            return self.keep(Step::Quit, datagram, now);
        }
        datagram
    }

    /// Keeps `datagram` to be sent again, in the place of what was kept.
    fn keep(&mut self, step: Step, datagram: String, now: Instant) -> String {
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

    /// What is to be sent again now, if anything is.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        if let Some(pending) = &mut self.pending {
            return pending.due(&self.offered_name, now);
        }
        // With a number of its own: the server answers no doubles.
        self.heartbeats.is_retry_due(now).then(|| self.number(""))
    }

    /// Whether the server has had enough time to answer that we leave.
    pub(super) fn is_unanswered(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Leaving(since) => now.saturating_duration_since(since) >= QUIT_TIMEOUT,
            _ => false,
        }
    }

    /// What `datagram` comes to.
    pub(super) fn receive(&mut self, datagram: &str, now: Instant) -> Received {
        let line = datagram.trim_end_matches(['\r', '\n']);
        match self.phase {
            Phase::Joining => self.receive_joining(line, datagram, now),
            Phase::Joined | Phase::Leaving(_) => self.receive_joined(line, now),
        }
    }

    fn receive_joining(&mut self, line: &str, datagram: &str, now: Instant) -> Received {
        if let Some(name) = cookie(line) {
            // One for another name is late. One for this name that comes again
            // changes nothing either: the first is sent until it is answered.
            if name != self.offered_name || self.step() == Some(Step::Cookie) {
                return Received::Nothing;
            }
            return Received::Reply(self.keep(Step::Cookie, datagram.to_string(), now));
        }
        match Event::parse(line) {
            Event::Refusal(_) => self.refusal(line),
            Event::Notice(notice::ASK_NAME) => Received::Nothing,
            // What we send again is a heartbeat to a server that has let us in:
            // the welcome was lost. Before the cookie it tells nothing.
            Event::Heartbeat if matches!(self.step(), None | Some(Step::Hello)) => {
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

    /// What waits for its answer.
    fn step(&self) -> Option<Step> {
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
            self.address_proven |= pending.step == Step::Cookie;
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

    /// Whether the server speaks as to one whom it does not know: to a member it
    /// would say this with a number. Then our `q:quit` has arrived, and only the
    /// answer was lost.
    fn has_forgotten_us(&self, line: &str) -> bool {
        let leaving = matches!(self.phase, Phase::Leaving(_));
        leaving && (cookie(line).is_some() || matches!(Event::parse(line), Event::Refusal(_)))
    }

    /// One empty line for each heartbeat that this one answers.
    fn heartbeat_answered(&mut self, now: Instant) -> Received {
        let answered = self.heartbeats.record_answer(now);
        if let (Phase::Leaving(since), 1..) = (&mut self.phase, answered) {
            *since = now;
        }
        // An empty line that nobody has asked for is the server's question.
        Received::Lines("\n".repeat(answered.saturating_sub(1)))
    }
}

/// The name in `/cookie TAG NAME`.
fn cookie(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("/cookie ")?;
    rest.split_once(' ').map(|(_, name)| name)
}

/// Whether the server will end the conversation when it gets `line`.
fn leaves(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    line == QUIT || word.eq_ignore_ascii_case("/quit")
}

#[cfg(test)]
mod tests {
    use super::super::retransmit::{HEARTBEAT_RETRY, LOST_AFTER, RETRY_INTERVAL};
    use super::*;

    /// A conversation whose clock the test turns.
    struct Fixture {
        reliability: Reliability,
        now: Instant,
    }

    impl Fixture {
        fn new() -> Fixture {
            let (reliability, now) = (Reliability::new(), Instant::now());
            Fixture { reliability, now }
        }

        /// One that is inside.
        fn inside() -> Fixture {
            let mut talk = Fixture::new();
            talk.sends("ann", "ann\n");
            talk.receives("Welcome, ann.\n", "Welcome, ann.");
            talk
        }

        #[track_caller]
        fn sends(&mut self, line: &str, datagram: &str) {
            assert_eq!(self.reliability.send(line, self.now), datagram);
        }

        #[track_caller]
        fn receives(&mut self, datagram: &str, lines: &str) {
            let came = self.reliability.receive(datagram, self.now);
            assert_eq!(came, Received::Lines(lines.to_string()), "{datagram:?}");
        }

        #[track_caller]
        fn drops(&mut self, datagram: &str) {
            let came = self.reliability.receive(datagram, self.now);
            assert_eq!(came, Received::Nothing, "{datagram:?}");
        }

        #[track_caller]
        fn replies(&mut self, datagram: &str) {
            let came = self.reliability.receive(datagram, self.now);
            assert_eq!(came, Received::Reply(datagram.to_string()));
        }

        /// What is sent again after `time`, and not before.
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
        let mut talk = Fixture::new();
        talk.repeats_nothing();
        talk.sends("ann", "ann\n");
        talk.repeats(RETRY_INTERVAL, "ann\n");
        talk.repeats(RETRY_INTERVAL, "ann\n");
        talk.replies("/cookie 2f ann\n");
        talk.repeats(RETRY_INTERVAL, "/cookie 2f ann\n");
        talk.receives("Welcome, ann.\n", "Welcome, ann.");
        talk.repeats_nothing();
        assert_eq!(talk.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn a_cookie_that_is_late_or_doubled_disturbs_nothing() {
        let mut talk = Fixture::new();
        talk.sends("ann", "ann\n");
        talk.drops("/cookie 1 eve");
        talk.replies("/cookie 2 ann");
        talk.drops("/cookie 3 ann");
        talk.repeats(RETRY_INTERVAL, "/cookie 2 ann");
        talk.receives("Welcome, ann.", "Welcome, ann.");
        talk.drops("/cookie 2 ann");
        talk.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn a_welcome_that_was_lost_shows_in_the_answer_to_the_cookie() {
        let mut talk = Fixture::new();
        talk.sends("ann", "ann\n");
        talk.drops("\n");
        talk.drops("Type your name and press Enter.\n");
        talk.repeats(RETRY_INTERVAL, "ann\n");
        talk.replies("/cookie 1 ann\n");
        talk.receives("\n", "");
        assert_eq!(talk.reliability.phase(), Phase::Joined);
    }

    #[test]
    fn a_refused_name_is_not_sent_again_and_its_late_refusals_are_dropped() {
        let mut talk = Fixture::new();
        talk.sends("ann", "ann\n");
        talk.repeats(RETRY_INTERVAL, "ann\n");
        talk.receives("! taken\n", "! taken");
        talk.repeats_nothing();
        talk.sends("bob", "bob\n");
        talk.drops("! taken\n");
        talk.replies("/cookie 1 bob\n");
        talk.receives("! taken\n", "! taken");
        talk.sends("carl", "carl\n");
        talk.repeats(RETRY_INTERVAL, "\n");
        talk.repeats(RETRY_INTERVAL, "carl\n");
        // The server has forgotten who had proved to be there.
        talk.replies("/cookie 2 carl\n");
    }

    #[test]
    fn a_refusal_that_was_lost_comes_again_when_the_name_does() {
        let mut talk = Fixture::new();
        talk.sends("ann", "ann\n");
        talk.replies("/cookie 1 ann\n");
        for _ in 0..3 {
            talk.repeats(RETRY_INTERVAL, "/cookie 1 ann\n");
        }
        talk.repeats(RETRY_INTERVAL, "ann\n");
        talk.repeats(RETRY_INTERVAL, "/cookie 1 ann\n");
        talk.receives("! taken\n", "! taken");
        talk.sends("bob", "bob\n");
        talk.repeats(RETRY_INTERVAL, "\n");
        talk.receives("\n", "");
        talk.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn lines_are_numbered_and_say_how_many_have_arrived() {
        let mut talk = Fixture::inside();
        talk.sends(" \t ", "/seq 1 0  \t \n");
        talk.receives("/seq 1 1 bob: hi\n", "bob: hi");
        talk.receives("/seq 4 1 bob: there", "bob: there");
        talk.drops("/seq 4 1 bob: there");
        talk.receives("bob: without", "bob: without");
        talk.sends("hi", "/seq 2 2 hi\n");
        let UdpStats {
            sent,
            delivered,
            tracker: tally,
        } = talk.reliability.stats();
        assert_eq!((sent, delivered), (2, 1));
        assert_eq!((tally.missing(), tally.duplicates()), (2, 1));
    }

    #[test]
    fn a_heartbeat_that_seems_lost_is_sent_again_under_a_new_number() {
        let mut talk = Fixture::inside();
        for number in 1..=3 {
            talk.sends("", &format!("/seq {number} 0 \n"));
        }
        talk.now += LOST_AFTER / 2;
        talk.receives("/seq 1 3 \n", "");
        talk.repeats(LOST_AFTER / 2, "/seq 4 1 \n");
        talk.repeats(HEARTBEAT_RETRY, "/seq 5 1 \n");
        // It answers for both that were lost: each is a line, with its newline.
        talk.receives("/seq 2 5 \n", "\n");
        talk.repeats_nothing();
        talk.receives("/seq 3 5 \n", "");
    }

    #[test]
    fn the_farewell_is_repeated_until_it_is_answered() {
        for farewell in ["q:quit", "/QUIT so long"] {
            let mut talk = Fixture::inside();
            let datagram = format!("/seq 1 0 {farewell}\n");
            talk.sends(farewell, &datagram);
            talk.repeats(RETRY_INTERVAL, &datagram);
            talk.receives("/seq 1 1 bob: bye\n", "bob: bye");
            talk.repeats(RETRY_INTERVAL, &datagram);
            talk.receives("/seq 2 1 q:quit\n", "q:quit");
            talk.repeats_nothing();
        }
    }

    #[test]
    fn who_is_a_stranger_to_the_server_has_left() {
        let not_here = "! You are not here any more.\nq:quit\n";
        for datagram in ["/cookie 1 x", "! That name will not do.", not_here] {
            let mut talk = Fixture::inside();
            talk.sends("q:quit", "/seq 1 0 q:quit\n");
            talk.receives("/seq 1 0 ! slow down", "! slow down");
            talk.receives(datagram, "q:quit");
        }
    }

    #[test]
    fn the_farewell_is_given_up_in_time_unless_the_server_gets_on() {
        let mut talk = Fixture::inside();
        talk.sends("", "/seq 1 0 \n");
        talk.sends("q:quit", "/seq 2 0 q:quit\n");
        talk.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        talk.receives("/seq 1 1 \n", "");
        talk.now += RETRY_INTERVAL;
        assert!(!talk.reliability.is_unanswered(talk.now));
        talk.receives("/seq 2 1 \n", "");
        talk.now += QUIT_TIMEOUT - RETRY_INTERVAL;
        assert!(talk.reliability.is_unanswered(talk.now));
    }
}
