//! Throughput: measures the lines per second that are delivered to members.
//!
//! A sender keeps a window of 64 messages in flight. A message is acknowledged when
//! the sender's observer has received it. Then the sender sends the next one. So the
//! subject always has work, and never too much. The observer is half the room away,
//! so that no order of delivery is favoured: an observer served first would bring the
//! next messages while the subject still delivers, one served last would let it wait.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::frames::{FILLER, Frames, PREFIX_BYTES};
use crate::generator::{Generator, name};
use crate::proc::LoadMeasurement;
use crate::report::{Figure, Unit};
use crate::subject::Running;

/// The length of a delivered line, in bytes, newline included and tags not.
pub const LINE_BYTES: usize = 64;

/// The number of messages of a sender in flight.
const WINDOW: usize = 64;

/// The time in which caches, socket buffers and windows grow to their sizes.
const WARM_UP: Duration = Duration::from_millis(500);

/// The bytes that a sender writes for a line. The subject adds the prefix.
const TEXT_BYTES: usize = LINE_BYTES - PREFIX_BYTES;

/// A workload: the number of senders, and the size of the rooms.
pub struct Workload {
    /// The title of the row in the table.
    pub title: String,
    /// The number of senders, who are the first members.
    pub senders: usize,
    /// The number of members in a room. Their numbers are consecutive.
    pub room: usize,
    /// The length of the measured phase, after the warm-up.
    pub seconds: f64,
}

/// A member, as a receiver and as a sender.
struct Member {
    frames: Frames,
    /// The prefix of the sender that it observes.
    observed: Option<u64>,
    room_pattern: RoomPattern,
    /// `true` once it has received a line.
    has_received: bool,
    /// The lines of that sender since the last top-up.
    acknowledged: usize,
    /// The bytes that it must still send.
    unsent: usize,
    /// The bytes of the current message that were sent already.
    sent: usize,
}

/// A pattern of the prefixes in a room. One comparison per line shows that the line
/// belongs to another room.
#[derive(Clone, Copy)]
struct RoomPattern {
    first: u64,
    differing: u64,
}

impl Workload {
    /// Returns a workload for all members of the generator, in one room.
    pub fn in_one_room(generator: &Generator, senders: usize, seconds: f64) -> Workload {
        let members = generator.len();
        Workload {
            title: format!("{members} x {senders}"),
            senders,
            room: members,
            seconds,
        }
    }

    /// Measures the workload, after the warm-up.
    ///
    /// # Errors
    ///
    /// When a member is disconnected or receives nothing, or a line is incomplete or
    /// arrives in another room.
    pub fn run(self, generator: &mut Generator, running: &Running) -> io::Result<Vec<Figure>> {
        let mut measurement = Measurement::new(generator, self.senders, self.room);
        measurement.run(WARM_UP)?;
        let watched = LoadMeasurement::start(running.pid())?;
        let delivered = measurement.run(Duration::from_secs_f64(self.seconds))?;
        let load = watched.stop()?;
        measurement.check_all_receive(self.senders)?;
        Ok(vec![Figure {
            name: self.title,
            unit: Unit::PerSecond,
            value: delivered as f64 / load.seconds,
            load: Some(load),
        }])
    }
}

/// A running measurement.
struct Measurement<'a> {
    generator: &'a mut Generator,
    members: Vec<Member>,
    /// The number of members in a room.
    room: usize,
    /// The observers of senders that may send.
    ready: Vec<usize>,
    /// The messages of a window and one more, because a write may begin inside one.
    texts: Vec<u8>,
}

impl Measurement<'_> {
    fn new(generator: &mut Generator, senders: usize, room: usize) -> Measurement<'_> {
        let prefixes: Vec<u64> = (0..generator.len()).map(prefix).collect();
        let rooms: Vec<RoomPattern> = prefixes.chunks(room).map(RoomPattern::of).collect();
        let member = |index: usize| {
            let sender = observed(index, room);
            let observes = sender < senders;
            Member {
                frames: Frames::new(LINE_BYTES, generator.is_tagged(index)),
                observed: observes.then(|| prefixes[sender]),
                room_pattern: rooms[index / room],
                has_received: false,
                acknowledged: if observes { WINDOW } else { 0 },
                unsent: 0,
                sent: 0,
            }
        };
        let members: Vec<Member> = (0..prefixes.len()).map(member).collect();
        let ready = (0..members.len()).filter(|&it| members[it].acknowledged > 0);
        let mut text = [FILLER; TEXT_BYTES];
        text[TEXT_BYTES - 1] = b'\n';
        Measurement {
            generator,
            ready: ready.collect(),
            members,
            room,
            texts: text.repeat(WINDOW + 1),
        }
    }

    /// Continues for `time` and returns the number of delivered lines.
    fn run(&mut self, time: Duration) -> io::Result<usize> {
        let start = Instant::now();
        let mut delivered = 0;
        while start.elapsed() < time {
            self.top_up()?;
            // Incomplete writes are retried soon.
            let timeout = if self.ready.is_empty() { 50 } else { 1 };
            let (members, ready) = (&mut self.members, &mut self.ready);
            self.generator
                .turn(Duration::from_millis(timeout), |index, bytes| {
                    let member = &mut members[index];
                    let (lines, acknowledged) = member.receive(index, bytes)?;
                    delivered += lines;
                    if acknowledged > 0 && member.acknowledged == 0 {
                        ready.push(index);
                    }
                    member.acknowledged += acknowledged;
                    Ok(())
                })?;
        }
        Ok(delivered)
    }

    /// Sends a new message for each acknowledged one, in one write per sender.
    fn top_up(&mut self) -> io::Result<()> {
        let (room, members) = (self.room, &mut self.members);
        let mut failure = Ok(());
        self.ready.retain(|&observer| {
            let credit = std::mem::take(&mut members[observer].acknowledged);
            let index = observed(observer, room);
            let sender = &mut members[index];
            sender.unsent += credit * TEXT_BYTES;
            let bytes = &self.texts[sender.sent..sender.sent + sender.unsent];
            match self.generator.send(index, bytes) {
                Ok(taken) => {
                    sender.unsent -= taken;
                    sender.sent = (sender.sent + taken) % TEXT_BYTES;
                }
                Err(why) => failure = Err(why),
            }
            sender.unsent > 0
        });
        failure
    }

    /// Checks that every member receives lines. The only sender of a room is exempt.
    fn check_all_receive(&self, senders: usize) -> io::Result<()> {
        let receivers = self.members.iter().enumerate();
        let mut receivers = receivers.skip(usize::from(senders == 1));
        match receivers.find(|(_, member)| !member.has_received) {
            Some((index, _)) => Err(Error::other(format!("{} receives nothing", name(index)))),
            None => Ok(()),
        }
    }
}

impl Member {
    /// Returns the number of lines received, and how many of them are acknowledgements.
    fn receive(&mut self, index: usize, bytes: &[u8]) -> io::Result<(usize, usize)> {
        let Some(observed) = self.observed else {
            let lines = self.frames.count(bytes)?;
            self.has_received |= lines > 0;
            return Ok((lines, 0));
        };
        let (mut lines, mut acknowledged) = (0, 0);
        let mut foreign = None;
        let room_pattern = self.room_pattern;
        self.frames.each(bytes, |frame| {
            let sender = word(frame);
            lines += 1;
            acknowledged += usize::from(sender == observed);
            if !room_pattern.may_be(sender) {
                foreign = Some(sender);
            }
        })?;
        self.has_received |= lines > 0;
        match foreign {
            Some(sender) => Err(from_another_room(index, sender)),
            None => Ok((lines, acknowledged)),
        }
    }
}

impl RoomPattern {
    fn of(prefixes: &[u64]) -> RoomPattern {
        let first = prefixes.first().copied().unwrap_or(0);
        let differing = prefixes.iter().fold(0, |all, other| all | (first ^ other));
        RoomPattern { first, differing }
    }

    #[inline]
    fn may_be(self, prefix: u64) -> bool {
        (prefix ^ self.first) & !self.differing == 0
    }
}

#[cold]
fn from_another_room(index: usize, sender: u64) -> Error {
    let bytes = sender.to_ne_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let who = name(index);
    Error::other(format!("{who} receives {text:?} from another room"))
}

fn prefix(sender: usize) -> u64 {
    word(format!("{}: ", name(sender)).as_bytes())
}

/// Returns the prefix of a message as a number, for one comparison.
#[inline]
fn word(message: &[u8]) -> u64 {
    let prefix = message.first_chunk::<PREFIX_BYTES>();
    prefix.map_or(0, |prefix| u64::from_ne_bytes(*prefix))
}

/// Returns the member that this one observes: half of their room away.
fn observed(member: usize, room: usize) -> usize {
    let index = member % room;
    member - index + (index + room - room / 2) % room
}
