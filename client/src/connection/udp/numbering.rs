//! Numbering: the numbers before our lines, and which datagrams of the server are
//! believed.
//!
//! A datagram may be from anybody who writes the server's address on it. The first line
//! asks for a START, and the server sends one with its cookie. From then on only a
//! datagram with about the next number after START is believed. An older server refuses
//! the request. Then both sides count from 1, which anybody can guess.
//!
//! Invariant: no socket and no clock.

use common::udp::sequence::{Numbered, ReceiveTracker, is_near};
use common::udp::uncounted::Uncounted;

/// A number that only both sides know, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// The server has not answered the request.
    Requested,
    /// The server has sent this START.
    Start(u64),
    /// The server is older and knows no START.
    Unknown,
}

/// The numbers of a session, in both directions.
pub(super) struct Numbering {
    secret: Secret,
    /// The number of lines that we have sent.
    pub sent: u64,
    /// The number of these that the server has reported as received.
    pub delivered: u64,
    /// The lines of the server.
    pub tracker: ReceiveTracker,
}

/// A datagram, as far as it is believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened<'a> {
    /// A line of the server.
    Line(&'a str),
    /// A line without a number, from an older server or from anybody.
    Unnumbered(&'a str),
    /// The answer of a server that knows no peer at our address.
    FromStranger(&'a str),
    /// A duplicate, or not from the server.
    Nothing,
}

impl Numbering {
    /// Makes the numbering of a session whose first line asks for a START.
    pub(super) fn new() -> Numbering {
        Numbering {
            secret: Secret::Requested,
            sent: 0,
            delivered: 0,
            tracker: ReceiveTracker::default(),
        }
    }

    /// Returns `true` if the server has not answered the request for a START.
    pub(super) fn is_requested(&self) -> bool {
        self.secret == Secret::Requested
    }

    /// Returns `true` if both sides count from a START.
    pub(super) fn has_start(&self) -> bool {
        matches!(self.secret, Secret::Start(_))
    }

    /// Returns `true` if the server is older and knows no START.
    pub(super) fn is_guessable(&self) -> bool {
        self.secret == Secret::Unknown
    }

    /// Gives up the request, because the server has refused it.
    pub(super) fn fall_back(&mut self) {
        self.secret = Secret::Unknown;
    }

    /// Counts both directions from `start` + 1.
    pub(super) fn begin(&mut self, start: u64) {
        *self = Numbering {
            secret: Secret::Start(start),
            tracker: ReceiveTracker::after(start),
            ..Numbering::new()
        };
    }

    /// Returns the datagram of a first line.
    pub(super) fn first(&self, line: &str) -> String {
        match self.secret {
            Secret::Unknown => format!("{line}\n"),
            Secret::Requested | Secret::Start(_) => {
                let answered = 0;
                format!("{}\n", Uncounted { answered, line })
            }
        }
    }

    /// Returns the datagram of another line before there is a member.
    pub(super) fn joining(&mut self, line: &str) -> String {
        match self.secret {
            Secret::Start(_) => self.number(line),
            Secret::Requested | Secret::Unknown => format!("{line}\n"),
        }
    }

    /// Returns the datagram of `line`, with the next number.
    pub(super) fn number(&mut self, line: &str) -> String {
        self.sent += 1;
        let numbered = Numbered {
            number: self.last_sent(),
            arrived: self.tracker.arrived(),
            line,
        };
        format!("{}\n", numbered.encode())
    }

    /// Returns the number of our last line, or START.
    fn last_sent(&self) -> u64 {
        let start = match self.secret {
            Secret::Start(start) => start,
            Secret::Requested | Secret::Unknown => 0,
        };
        start.saturating_add(self.sent)
    }

    /// Opens a datagram of the server, or of somebody else.
    pub(super) fn open<'a>(&mut self, datagram: &'a str) -> Opened<'a> {
        let numbered = Numbered::parse(datagram);
        let uncounted = Uncounted::parse(datagram);
        match (self.secret, numbered, uncounted) {
            (Secret::Requested, None, Some(it)) if it.answered == 0 => {
                Opened::FromStranger(it.line)
            }
            (Secret::Requested, None, None) => Opened::Unnumbered(datagram),
            (Secret::Start(_), Some(it), None) if self.tracker.expects(it.number) => self.count(it),
            // The answer to one of our last lines, or to the cookie.
            (Secret::Start(_), None, Some(it)) if is_near(it.answered, self.last_sent()) => {
                Opened::FromStranger(it.line)
            }
            (Secret::Unknown, Some(it), _) => self.count(it),
            (Secret::Unknown, None, _) => Opened::Unnumbered(datagram),
            _ => Opened::Nothing,
        }
    }

    fn count<'a>(&mut self, numbered: Numbered<'a>) -> Opened<'a> {
        self.delivered = self.delivered.max(numbered.arrived);
        if self.tracker.record(numbered.number) {
            Opened::Line(numbered.line)
        } else {
            Opened::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::udp::sequence::{MAX_DISTANCE, MIN_START};

    #[test]
    fn with_a_start_only_numbers_near_the_next_one_are_believed() {
        const NEXT: u64 = MIN_START + 1;
        let far = NEXT + MAX_DISTANCE + 1;
        for (datagram, expected) in [
            (format!("/seq {NEXT} 0 hi"), Opened::Line("hi")),
            (format!("/seq {} 0 hi", far - 1), Opened::Line("hi")),
            (format!("/seq {far} 0 hi"), Opened::Nothing),
            (format!("/seq {MIN_START} 0 hi"), Opened::Nothing),
            ("/seq 1 0 q:quit".to_string(), Opened::Nothing),
            ("q:quit".to_string(), Opened::Nothing),
            (
                "! You are no longer connected.".to_string(),
                Opened::Nothing,
            ),
            ("/seq 0 0 ! no".to_string(), Opened::Nothing),
            (format!("/seq 0 {far} ! no"), Opened::Nothing),
            (format!("/seq 0 {NEXT} ! no"), Opened::FromStranger("! no")),
            (
                format!("/seq 0 {MIN_START} ! no"),
                Opened::FromStranger("! no"),
            ),
        ] {
            let mut numbering = Numbering::new();
            numbering.begin(MIN_START);
            assert_eq!(numbering.open(&datagram), expected, "{datagram}");
        }
    }

    #[test]
    fn the_counts_begin_with_the_start() {
        let mut numbering = Numbering::new();
        assert_eq!(numbering.first("ann"), "/seq 0 0 ann\n");
        numbering.begin(7000);
        assert_eq!(numbering.joining("bob"), "/seq 7001 0 bob\n");
        assert_eq!(numbering.open("/seq 7003 1 hi"), Opened::Line("hi"));
        assert_eq!(numbering.open("/seq 7003 1 hi"), Opened::Nothing);
        assert_eq!(numbering.number("yo"), "/seq 7002 1 yo\n");
        assert_eq!((numbering.sent, numbering.delivered), (2, 1));
        assert_eq!(numbering.tracker.missing(), 2);
    }

    #[test]
    fn an_older_server_counts_from_1() {
        let mut numbering = Numbering::new();
        assert_eq!(numbering.open("! no"), Opened::Unnumbered("! no"));
        numbering.fall_back();
        assert_eq!(numbering.first("ann"), "ann\n");
        assert_eq!(numbering.joining("bob"), "bob\n");
        assert_eq!(numbering.open("hi"), Opened::Unnumbered("hi"));
        assert_eq!(numbering.number("yo"), "/seq 1 0 yo\n");
        assert_eq!(numbering.open("/seq 5000 1 hi"), Opened::Line("hi"));
    }

    #[test]
    fn before_there_is_a_start_nothing_has_a_number() {
        let mut numbering = Numbering::new();
        assert_eq!(numbering.open("/seq 1 0 hi"), Opened::Nothing);
        assert_eq!(numbering.open("/seq 0 5 ! no"), Opened::Nothing);
        assert_eq!(
            numbering.open("/seq 0 0 ! no"),
            Opened::FromStranger("! no")
        );
    }
}
