//! Case: measures one run of one side of a named case.

use std::fmt;
use std::io;

use tests::ATTACKS;

use crate::generator::{Generator, Requests};
use crate::options::Plan;
use crate::report::Figure;
use crate::subject::{Running, Subject};
use crate::tagged::{self, Share};
use crate::throughput::Workload;
use crate::{attacks, crowd, delay, files, idle_memory, rooms, slow, storm};

/// A case to measure, on two sides.
#[derive(Clone, Copy, PartialEq)]
pub enum Case {
    Throughput {
        members: usize,
        senders: usize,
    },
    Rooms,
    Delay,
    Slow,
    Crowd,
    Files,
    Transfers,
    /// A room of which a share receives tags.
    Tagged {
        senders: usize,
        share: Share,
    },
    IdleMemory,
    Storm,
    /// The attack at this index of [`ATTACKS`].
    Attack(usize),
}

/// A side of a ratio.
#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    Server,
    Loop,
    /// Another build of the server, instead of the loop.
    Before,
    /// The server with members that never read. The loop takes no part, because the
    /// effect on other members is a matter of the server.
    WithStalled,
    WithoutStalled,
    /// `nc`, for transfers of files.
    Netcat,
    /// The server during transfers.
    WithTransfers,
    WithoutTransfers,
    /// The server with members that asked for capabilities.
    WithCapabilities,
    WithoutCapabilities,
    /// The server during an attack.
    WithAttackers,
    WithoutAttackers,
}

impl Case {
    /// All cases of the table, in its order. The attacks are measured on request.
    pub const ALL: [Case; 17] = [
        Case::size(10, 1),
        Case::size(100, 1),
        Case::size(1000, 1),
        Case::size(100, 100),
        Case::size(1000, 1000),
        Case::Rooms,
        Case::Delay,
        Case::Slow,
        Case::Crowd,
        Case::Storm,
        Case::Files,
        Case::Transfers,
        tagged::CASES[0],
        tagged::CASES[1],
        tagged::CASES[2],
        tagged::CASES[3],
        Case::IdleMemory,
    ];

    const fn size(members: usize, senders: usize) -> Case {
        Case::Throughput { members, senders }
    }

    /// Returns the cases with this name.
    pub fn parse(name: &str) -> Option<Vec<Case>> {
        Some(match name {
            "rooms" => vec![Case::Rooms],
            "delay" => vec![Case::Delay],
            "slow" => vec![Case::Slow],
            "crowd" => vec![Case::Crowd],
            "storm" => vec![Case::Storm],
            "files" => vec![Case::Files],
            "transfers" => vec![Case::Transfers],
            "tagged" => tagged::CASES.to_vec(),
            "idle-memory" => vec![Case::IdleMemory],
            "attacks" => (0..ATTACKS.len()).map(Case::Attack).collect(),
            _ => vec![Case::parse_size(name)?],
        })
    }

    fn parse_size(name: &str) -> Option<Case> {
        let (members, senders) = name.split_once('x')?;
        let (members, senders) = (members.parse().ok()?, senders.parse().ok()?);
        let known = (2..=crowd::MEMBERS).contains(&members) && (1..=members).contains(&senders);
        known.then_some(Case::size(members, senders))
    }

    /// Returns the two sides, in the order in which they take turns. Two servers are
    /// both measured with stalled members, and with capabilities.
    pub fn sides(self, rival: Side) -> [Side; 2] {
        match (self, rival) {
            (Case::Slow, Side::Loop) => [Side::WithStalled, Side::WithoutStalled],
            (Case::Tagged { .. } | Case::IdleMemory, Side::Loop) => {
                [Side::WithCapabilities, Side::WithoutCapabilities]
            }
            (Case::Attack(_), Side::Loop) => [Side::WithAttackers, Side::WithoutAttackers],
            (Case::Files, _) => [Side::Server, Side::Netcat],
            (Case::Transfers, _) => [Side::WithTransfers, Side::WithoutTransfers],
            _ => [Side::Server, rival],
        }
    }

    /// Measures one run against a new child process.
    ///
    /// # Errors
    ///
    /// When the subject does not start, refuses or disconnects a member, or loses a
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
            Case::Attack(index) => {
                return attacks::run(&ATTACKS[index], side, &subject, plan.seconds);
            }
            _ => {}
        }
        let running = subject.start()?;
        match self {
            // These start their own server.
            Case::Files | Case::Transfers | Case::Attack(_) => Ok(Vec::new()),
            Case::Throughput { members, senders } => {
                let mut generator = joined(&running, members)?;
                let workload = Workload::in_one_room(&generator, senders, plan.seconds);
                workload.run(&mut generator, &running)
            }
            Case::Rooms => rooms::run(&running, plan.seconds),
            Case::Delay => delay::run(&running, plan.seconds),
            Case::Slow => slow::run(&running, side),
            Case::Crowd => crowd::run(&running, plan.seconds),
            Case::Storm => storm::run(&running),
            Case::Tagged { senders, share } => {
                let share = match side {
                    Side::WithoutCapabilities => Share::None,
                    _ => share,
                };
                let mut figures = tagged::run(&running, senders, share, plan.seconds)?;
                figures.iter_mut().for_each(|it| it.name = self.to_string());
                Ok(figures)
            }
            Case::IdleMemory => idle_memory::run(&running, side),
        }
    }
}

/// Returns a generator whose members have all joined and received all notices.
pub fn joined(running: &Running, members: usize) -> io::Result<Generator> {
    joined_with(running, members, |_| None)
}

/// Returns the same, with members that ask for capabilities.
pub fn joined_with(running: &Running, members: usize, requests: Requests) -> io::Result<Generator> {
    let mut generator = Generator::with_requests(requests)?;
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
            Case::Storm => f.write_str("storm"),
            Case::Files => f.write_str("files"),
            Case::Transfers => f.write_str("transfers"),
            Case::Tagged { senders, share } => {
                write!(f, "{} x {senders}, {share} tagged", tagged::MEMBERS)
            }
            Case::IdleMemory => f.write_str("idle memory"),
            Case::Attack(index) => f.write_str(ATTACKS[*index].name),
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
            Side::WithCapabilities => "with capabilities",
            Side::WithoutCapabilities => "without",
            Side::WithAttackers => "with attackers",
            Side::WithoutAttackers => "without",
        })
    }
}
