//! The name of a case -> its figures, one run of one side at a time.

use std::fmt;
use std::io;

use crate::generator::Generator;
use crate::options::Plan;
use crate::report::Figure;
use crate::subject::{Running, Subject};
use crate::throughput::Talk;
use crate::{crowd, delay, files, rooms, slow};

/// One thing to measure, on two sides.
#[derive(Clone, Copy, PartialEq)]
pub enum Case {
    Throughput { members: usize, senders: usize },
    Rooms,
    Delay,
    Slow,
    Crowd,
    Files,
    Transfers,
}

/// What stands on the left and on the right of a ratio.
#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    Server,
    Loop,
    /// Another build of the server, in the place of the loop.
    Before,
    /// The server with members that never read, and without them. Whether it
    /// lets the others wait is its own matter, so the loop has no part in it.
    WithStalled,
    WithoutStalled,
    /// `nc`, for files.
    Netcat,
    /// The server with files under way, and without.
    WithTransfers,
    WithoutTransfers,
}

impl Case {
    /// In the order of the table.
    pub const ALL: [Case; 11] = [
        Case::size(10, 1),
        Case::size(100, 1),
        Case::size(1000, 1),
        Case::size(100, 100),
        Case::size(1000, 1000),
        Case::Rooms,
        Case::Delay,
        Case::Slow,
        Case::Crowd,
        Case::Files,
        Case::Transfers,
    ];

    const fn size(members: usize, senders: usize) -> Case {
        Case::Throughput { members, senders }
    }

    pub fn parse(name: &str) -> Option<Case> {
        match name {
            "rooms" => return Some(Case::Rooms),
            "delay" => return Some(Case::Delay),
            "slow" => return Some(Case::Slow),
            "crowd" => return Some(Case::Crowd),
            "files" => return Some(Case::Files),
            "transfers" => return Some(Case::Transfers),
            _ => {}
        }
        let (members, senders) = name.split_once('x')?;
        let (members, senders) = (members.parse().ok()?, senders.parse().ok()?);
        let known = (2..=crowd::MEMBERS).contains(&members) && (1..=members).contains(&senders);
        known.then_some(Case::size(members, senders))
    }

    /// The order in which the sides take turns. Two servers both have their
    /// stalled members, as that is where they may differ.
    pub fn sides(self, rival: Side) -> [Side; 2] {
        match (self, rival) {
            (Case::Slow, Side::Loop) => [Side::WithStalled, Side::WithoutStalled],
            (Case::Files, _) => [Side::Server, Side::Netcat],
            (Case::Transfers, _) => [Side::WithTransfers, Side::WithoutTransfers],
            _ => [Side::Server, rival],
        }
    }

    /// One run against a fresh child process.
    ///
    /// # Errors
    ///
    /// When the subject does not start, refuses or drops a member, or loses a
    /// message.
    pub fn measure(self, side: Side, plan: &Plan) -> io::Result<Vec<Figure>> {
        let subject = match side {
            Side::Loop => Subject::Loop,
            Side::Before => Subject::Server(plan.against.clone()),
            _ => Subject::Server(plan.subject.clone()),
        };
        match self {
            Case::Files => return files::throughput(side, &subject),
            Case::Transfers => return files::delay(side, &subject, plan.seconds),
            _ => {}
        }
        let running = subject.start()?;
        match self {
            Case::Files | Case::Transfers => Ok(Vec::new()), // these start their own
            Case::Throughput { members, senders } => {
                let mut generator = joined(&running, members)?;
                let talk = Talk::in_one_room(&generator, senders, plan.seconds);
                talk.run(&mut generator, &running)
            }
            Case::Rooms => rooms::run(&running, plan.seconds),
            Case::Delay => delay::run(&running, plan.seconds),
            Case::Slow => slow::run(&running, side),
            Case::Crowd => crowd::run(&running, plan.seconds),
        }
    }
}

/// A generator whose members have all joined and have been told everything.
pub fn joined(running: &Running, members: usize) -> io::Result<Generator> {
    let mut generator = Generator::new()?;
    generator.join(running.address, members)?;
    generator.settle()?;
    Ok(generator)
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Case::Throughput { members, senders } => write!(f, "{members} x {senders}"),
            Case::Rooms => f.write_str("rooms"),
            Case::Delay => f.write_str("delay"),
            Case::Slow => f.write_str("slow"),
            Case::Crowd => f.write_str("crowd"),
            Case::Files => f.write_str("files"),
            Case::Transfers => f.write_str("transfers"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Side::Server => "server",
            Side::Loop => "loop",
            Side::Before => "before",
            Side::WithStalled => "with stalled members",
            Side::WithoutStalled => "without",
            Side::Netcat => "nc",
            Side::WithTransfers => "with transfers",
            Side::WithoutTransfers => "without",
        })
    }
}
