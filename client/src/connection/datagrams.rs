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

use super::again::{Beats, Pending, Step};
use super::figures::Figures;

/// How long `q:quit` is said.
const FAREWELL: Duration = Duration::from_secs(5);

/// How far the conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No name is taken yet: nothing has a number.
    Outside,
    /// The server talks to us as to a member.
    Inside,
    /// The line that leaves was sent; and when, or when it was last sure that the
    /// server gets on with what came before.
    Leaving(Instant),
}

/// A conversation in datagrams.
pub(super) struct Datagrams {
    phase: Phase,
    /// The name that was sent last.
    offered: String,
    pending: Option<Pending>,
    /// Whether the server has refused the name in a cookie, and waits for another.
    proved: bool,
    /// The last refusal, and how many copies of it may still come, since its
    /// cause was sent more than once. They do not refuse the next name.
    refused: (String, u32),
    beats: Beats,
    sent: u64,
    delivered: u64,
    tally: ReceiveTracker,
}

/// What a datagram comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// These lines, without the last newline.
    Lines(String),
    /// This is to be sent, at once.
    Reply(String),
    /// Nothing that concerns anybody.
    Nothing,
}

impl Datagrams {
    pub(super) fn new() -> Datagrams {
        Datagrams {
            phase: Phase::Outside,
            offered: String::new(),
            pending: None,
            proved: false,
            refused: (String::new(), 0),
            beats: Beats::default(),
            sent: 0,
            delivered: 0,
            tally: ReceiveTracker::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            sent: self.sent,
            delivered: self.delivered,
            tally: self.tally,
        }
    }

    /// The datagram for `line`, which has no newline. Outside it is a name.
    pub(super) fn send(&mut self, line: &str, now: Instant) -> String {
        if self.phase == Phase::Outside {
            self.offered = line.to_string();
            let step = if self.proved { Step::Name } else { Step::Hello };
            return self.keep(step, format!("{line}\n"), now);
        }
        if line.trim().is_empty() {
            self.beats.sent(now);
        }
        let datagram = self.number(line);
        if leaves(line) {
            self.phase = Phase::Leaving(now);
            return self.keep(Step::Farewell, datagram, now);
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
            arrived: self.tally.arrived(),
            line,
        };
        format!("{}\n", numbered.encode())
    }

    /// What is to be sent again now, if anything is.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        if let Some(pending) = &mut self.pending {
            return pending.due(&self.offered, now);
        }
        // With a number of its own: the server answers no doubles.
        self.beats.are_due(now).then(|| self.number(""))
    }

    /// Whether the server has had enough time to answer that we leave.
    pub(super) fn is_unanswered(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Leaving(since) => now.saturating_duration_since(since) >= FAREWELL,
            _ => false,
        }
    }

    /// What `datagram` comes to.
    pub(super) fn receive(&mut self, datagram: &str, now: Instant) -> Came {
        let line = datagram.trim_end_matches(['\r', '\n']);
        match self.phase {
            Phase::Outside => self.outside(line, datagram, now),
            Phase::Inside | Phase::Leaving(_) => self.inside(line, now),
        }
    }

    fn outside(&mut self, line: &str, datagram: &str, now: Instant) -> Came {
        if let Some(name) = cookie(line) {
            // One for another name is late. One for this name that comes again
            // changes nothing either: the first is sent until it is answered.
            if name != self.offered || self.step() == Some(Step::Cookie) {
                return Came::Nothing;
            }
            return Came::Reply(self.keep(Step::Cookie, datagram.to_string(), now));
        }
        match Event::parse(line) {
            Event::Refusal(_) => self.refusal(line),
            Event::Notice(notice::ASK_NAME) => Came::Nothing,
            // What we send again is a heartbeat to a server that has let us in:
            // the welcome was lost. Before the cookie it tells nothing.
            Event::Heartbeat if matches!(self.step(), None | Some(Step::Hello)) => Came::Nothing,
            Event::Quit => {
                self.pending = None;
                Came::Lines(line.to_string())
            }
            _ => {
                self.phase = Phase::Inside;
                self.pending = None;
                self.inside(line, now)
            }
        }
    }

    /// What waits for its answer.
    fn step(&self) -> Option<Step> {
        self.pending.as_ref().map(|pending| pending.step)
    }

    fn refusal(&mut self, line: &str) -> Came {
        let (last, copies) = &mut self.refused;
        if last == line && *copies > 0 {
            *copies -= 1;
            return Came::Nothing;
        }
        if let Some(pending) = self.pending.take() {
            self.refused = (line.to_string(), pending.copies - 1);
            self.proved |= pending.step == Step::Cookie;
        }
        Came::Lines(line.to_string())
    }

    fn inside(&mut self, line: &str, now: Instant) -> Came {
        let line = match Numbered::parse(line) {
            Some(numbered) => {
                self.delivered = self.delivered.max(numbered.arrived);
                if !self.tally.record(numbered.number) {
                    return Came::Nothing;
                }
                numbered.line
            }
            None if self.is_stranger(line) => QUIT,
            None if cookie(line).is_some() => return Came::Nothing,
            None => line,
        };
        match Event::parse(line) {
            Event::Heartbeat => self.beat_answered(now),
            Event::Quit => {
                self.pending = None;
                Came::Lines(line.to_string())
            }
            _ => Came::Lines(line.to_string()),
        }
    }

    /// Whether the server speaks as to one whom it does not know: to a member it
    /// would say this with a number. Then our `q:quit` has arrived, and only the
    /// answer was lost.
    fn is_stranger(&self, line: &str) -> bool {
        let leaving = matches!(self.phase, Phase::Leaving(_));
        leaving && (cookie(line).is_some() || matches!(Event::parse(line), Event::Refusal(_)))
    }

    /// One empty line for each heartbeat that this one answers.
    fn beat_answered(&mut self, now: Instant) -> Came {
        let answered = self.beats.answered(now);
        if let (Phase::Leaving(since), 1..) = (&mut self.phase, answered) {
            *since = now;
        }
        // An empty line that nobody has asked for is the server's question.
        Came::Lines("\n".repeat(answered.saturating_sub(1)))
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
    use super::super::again::{AGAIN, BEAT_AGAIN, LOST};
    use super::*;

    /// A conversation whose clock the test turns.
    struct Talk {
        datagrams: Datagrams,
        now: Instant,
    }

    impl Talk {
        fn new() -> Talk {
            let (datagrams, now) = (Datagrams::new(), Instant::now());
            Talk { datagrams, now }
        }

        /// One that is inside.
        fn inside() -> Talk {
            let mut talk = Talk::new();
            talk.sends("ann", "ann\n");
            talk.hears("Welcome, ann.\n", "Welcome, ann.");
            talk
        }

        #[track_caller]
        fn sends(&mut self, line: &str, datagram: &str) {
            assert_eq!(self.datagrams.send(line, self.now), datagram);
        }

        #[track_caller]
        fn hears(&mut self, datagram: &str, lines: &str) {
            let came = self.datagrams.receive(datagram, self.now);
            assert_eq!(came, Came::Lines(lines.to_string()), "{datagram:?}");
        }

        #[track_caller]
        fn drops(&mut self, datagram: &str) {
            let came = self.datagrams.receive(datagram, self.now);
            assert_eq!(came, Came::Nothing, "{datagram:?}");
        }

        #[track_caller]
        fn replies(&mut self, datagram: &str) {
            let came = self.datagrams.receive(datagram, self.now);
            assert_eq!(came, Came::Reply(datagram.to_string()));
        }

        /// What is sent again after `time`, and not before.
        #[track_caller]
        fn repeats(&mut self, time: Duration, datagram: &str) {
            self.now += time - Duration::from_millis(1);
            assert_eq!(self.datagrams.due(self.now), None);
            self.now += Duration::from_millis(1);
            let due = self.datagrams.due(self.now);
            assert_eq!(due.as_deref(), Some(datagram));
        }

        #[track_caller]
        fn repeats_nothing(&mut self) {
            self.now += LOST;
            assert_eq!(self.datagrams.due(self.now), None);
        }
    }

    #[test]
    fn the_cookie_is_sent_back_as_it_came_and_each_step_again_until_answered() {
        let mut talk = Talk::new();
        talk.repeats_nothing();
        talk.sends("ann", "ann\n");
        talk.repeats(AGAIN, "ann\n");
        talk.repeats(AGAIN, "ann\n");
        talk.replies("/cookie 2f ann\n");
        talk.repeats(AGAIN, "/cookie 2f ann\n");
        talk.hears("Welcome, ann.\n", "Welcome, ann.");
        talk.repeats_nothing();
        assert_eq!(talk.datagrams.phase(), Phase::Inside);
    }

    #[test]
    fn a_cookie_that_is_late_or_doubled_disturbs_nothing() {
        let mut talk = Talk::new();
        talk.sends("ann", "ann\n");
        talk.drops("/cookie 1 eve");
        talk.replies("/cookie 2 ann");
        talk.drops("/cookie 3 ann");
        talk.repeats(AGAIN, "/cookie 2 ann");
        talk.hears("Welcome, ann.", "Welcome, ann.");
        talk.drops("/cookie 2 ann");
        talk.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn a_welcome_that_was_lost_shows_in_the_answer_to_the_cookie() {
        let mut talk = Talk::new();
        talk.sends("ann", "ann\n");
        talk.drops("\n");
        talk.drops("Type your name and press Enter.\n");
        talk.repeats(AGAIN, "ann\n");
        talk.replies("/cookie 1 ann\n");
        talk.hears("\n", "");
        assert_eq!(talk.datagrams.phase(), Phase::Inside);
    }

    #[test]
    fn a_refused_name_is_not_sent_again_and_its_late_refusals_are_dropped() {
        let mut talk = Talk::new();
        talk.sends("ann", "ann\n");
        talk.repeats(AGAIN, "ann\n");
        talk.hears("! taken\n", "! taken");
        talk.repeats_nothing();
        talk.sends("bob", "bob\n");
        talk.drops("! taken\n");
        talk.replies("/cookie 1 bob\n");
        talk.hears("! taken\n", "! taken");
        talk.sends("carl", "carl\n");
        talk.repeats(AGAIN, "\n");
        talk.repeats(AGAIN, "carl\n");
        // The server has forgotten who had proved to be there.
        talk.replies("/cookie 2 carl\n");
    }

    #[test]
    fn a_refusal_that_was_lost_comes_again_when_the_name_does() {
        let mut talk = Talk::new();
        talk.sends("ann", "ann\n");
        talk.replies("/cookie 1 ann\n");
        for _ in 0..3 {
            talk.repeats(AGAIN, "/cookie 1 ann\n");
        }
        talk.repeats(AGAIN, "ann\n");
        talk.repeats(AGAIN, "/cookie 1 ann\n");
        talk.hears("! taken\n", "! taken");
        talk.sends("bob", "bob\n");
        talk.repeats(AGAIN, "\n");
        talk.hears("\n", "");
        talk.sends("hi", "/seq 1 0 hi\n");
    }

    #[test]
    fn lines_are_numbered_and_say_how_many_have_arrived() {
        let mut talk = Talk::inside();
        talk.sends(" \t ", "/seq 1 0  \t \n");
        talk.hears("/seq 1 1 bob: hi\n", "bob: hi");
        talk.hears("/seq 4 1 bob: there", "bob: there");
        talk.drops("/seq 4 1 bob: there");
        talk.hears("bob: without", "bob: without");
        talk.sends("hi", "/seq 2 2 hi\n");
        let Figures {
            sent,
            delivered,
            tally,
        } = talk.datagrams.figures();
        assert_eq!((sent, delivered), (2, 1));
        assert_eq!((tally.missing(), tally.duplicates()), (2, 1));
    }

    #[test]
    fn a_heartbeat_that_seems_lost_is_sent_again_under_a_new_number() {
        let mut talk = Talk::inside();
        for number in 1..=3 {
            talk.sends("", &format!("/seq {number} 0 \n"));
        }
        talk.now += LOST / 2;
        talk.hears("/seq 1 3 \n", "");
        talk.repeats(LOST / 2, "/seq 4 1 \n");
        talk.repeats(BEAT_AGAIN, "/seq 5 1 \n");
        // It answers for both that were lost: each is a line, with its newline.
        talk.hears("/seq 2 5 \n", "\n");
        talk.repeats_nothing();
        talk.hears("/seq 3 5 \n", "");
    }

    #[test]
    fn the_farewell_is_repeated_until_it_is_answered() {
        for farewell in ["q:quit", "/QUIT so long"] {
            let mut talk = Talk::inside();
            let datagram = format!("/seq 1 0 {farewell}\n");
            talk.sends(farewell, &datagram);
            talk.repeats(AGAIN, &datagram);
            talk.hears("/seq 1 1 bob: bye\n", "bob: bye");
            talk.repeats(AGAIN, &datagram);
            talk.hears("/seq 2 1 q:quit\n", "q:quit");
            talk.repeats_nothing();
        }
    }

    #[test]
    fn who_is_a_stranger_to_the_server_has_left() {
        let not_here = "! You are not here any more.\nq:quit\n";
        for datagram in ["/cookie 1 x", "! That name will not do.", not_here] {
            let mut talk = Talk::inside();
            talk.sends("q:quit", "/seq 1 0 q:quit\n");
            talk.hears("/seq 1 0 ! slow down", "! slow down");
            talk.hears(datagram, "q:quit");
        }
    }

    #[test]
    fn the_farewell_is_given_up_in_time_unless_the_server_gets_on() {
        let mut talk = Talk::inside();
        talk.sends("", "/seq 1 0 \n");
        talk.sends("q:quit", "/seq 2 0 q:quit\n");
        talk.now += FAREWELL - AGAIN;
        talk.hears("/seq 1 1 \n", "");
        talk.now += AGAIN;
        assert!(!talk.datagrams.is_unanswered(talk.now));
        talk.hears("/seq 2 1 \n", "");
        talk.now += FAREWELL - AGAIN;
        assert!(talk.datagrams.is_unanswered(talk.now));
    }
}
