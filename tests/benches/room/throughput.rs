//! Members, some of whom speak without pause -> lines delivered per second.
//!
//! A sender keeps 64 messages on their way. One is acknowledged when the
//! sender's observer has received it; then the sender says the next. So the
//! subject always has work, and never more than it can bear. The observer
//! stands half the room away, so that no order in which a subject may serve
//! its members is favoured: one served first would bring the next messages
//! while the subject still delivers, one served last would let it wait.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::frames::{FILLER, Frames, PREFIX_BYTES};
use crate::generator::{Generator, name};
use crate::proc::Watch;
use crate::report::{Figure, Unit};
use crate::subject::Running;

/// A delivered line with its newline, as in the other measurements of DESIGN.
pub const LINE_BYTES: usize = 64;

const WINDOW: usize = 64;

/// Caches, socket buffers and windows grow to their sizes in it.
const WARM_UP: Duration = Duration::from_millis(500);

/// What a sender writes for one line: the subject adds the prefix.
const TEXT_BYTES: usize = LINE_BYTES - PREFIX_BYTES;

/// Who speaks, and who hears it.
pub struct Talk {
    /// Of the row in the table.
    pub title: String,
    /// The first so many members speak.
    pub senders: usize,
    /// So many members, with numbers that follow one another, share a room.
    pub room: usize,
    /// Of the measured phase, after the warm-up.
    pub seconds: f64,
}

struct Member {
    frames: Frames,
    /// The prefix of the sender whom it observes.
    observed: Option<u64>,
    neighbours: Neighbours,
    /// Whether a line has come at all.
    hears: bool,
    /// Lines of that sender since the last top-up.
    acknowledged: usize,
    /// Bytes that it still has to send, and how many of the message that they
    /// begin in have gone already.
    owed: usize,
    phase: usize,
}

/// What the prefixes of all members of a room have in common. One comparison
/// per line with it shows that a line has strayed into another room.
#[derive(Clone, Copy)]
struct Neighbours {
    one: u64,
    differing: u64,
}

impl Talk {
    /// All members of the generator, in one room.
    pub fn in_one_room(generator: &Generator, senders: usize, seconds: f64) -> Talk {
        let members = generator.len();
        Talk {
            title: format!("{members} x {senders}"),
            senders,
            room: members,
            seconds,
        }
    }

    /// Measures after the warm-up.
    ///
    /// # Errors
    ///
    /// When a member is dropped or hears nothing, or a line is torn or has come
    /// into the wrong room.
    pub fn run(self, generator: &mut Generator, running: &Running) -> io::Result<Vec<Figure>> {
        let mut house = House::new(generator, self.senders, self.room);
        house.speak(WARM_UP)?;
        let watch = Watch::start(running.pid())?;
        let delivered = house.speak(Duration::from_secs_f64(self.seconds))?;
        let load = watch.stop()?;
        house.check_all_hear(self.senders)?;
        Ok(vec![Figure {
            name: self.title,
            unit: Unit::PerSecond,
            value: delivered as f64 / load.seconds,
            load: Some(load),
        }])
    }
}

struct House<'a> {
    generator: &'a mut Generator,
    members: Vec<Member>,
    /// How many of them share a room.
    room: usize,
    /// Observers of senders who may speak.
    ready: Vec<usize>,
    /// One message more than a window, as a write may begin inside one.
    texts: Vec<u8>,
}

impl House<'_> {
    fn new(generator: &mut Generator, senders: usize, room: usize) -> House<'_> {
        let prefixes: Vec<u64> = (0..generator.len()).map(prefix).collect();
        let rooms: Vec<Neighbours> = prefixes.chunks(room).map(Neighbours::of).collect();
        let member = |index: usize| {
            let sender = observed(index, room);
            let observes = sender < senders;
            Member {
                frames: Frames::new(LINE_BYTES),
                observed: observes.then(|| prefixes[sender]),
                neighbours: rooms[index / room],
                hears: false,
                acknowledged: if observes { WINDOW } else { 0 },
                owed: 0,
                phase: 0,
            }
        };
        let members: Vec<Member> = (0..prefixes.len()).map(member).collect();
        let ready = (0..members.len()).filter(|&it| members[it].acknowledged > 0);
        let mut text = [FILLER; TEXT_BYTES];
        text[TEXT_BYTES - 1] = b'\n';
        House {
            generator,
            ready: ready.collect(),
            members,
            room,
            texts: text.repeat(WINDOW + 1),
        }
    }

    /// Goes on for `time` and says how many lines were delivered in it.
    fn speak(&mut self, time: Duration) -> io::Result<usize> {
        let start = Instant::now();
        let mut delivered = 0;
        while start.elapsed() < time {
            self.top_up()?;
            // Those who could not write all are tried again soon.
            let patience = if self.ready.is_empty() { 50 } else { 1 };
            let (members, ready) = (&mut self.members, &mut self.ready);
            self.generator
                .turn(Duration::from_millis(patience), |index, bytes| {
                    let member = &mut members[index];
                    let (lines, seen) = member.hear(index, bytes)?;
                    delivered += lines;
                    if seen > 0 && member.acknowledged == 0 {
                        ready.push(index);
                    }
                    member.acknowledged += seen;
                    Ok(())
                })?;
        }
        Ok(delivered)
    }

    /// Each acknowledged message is followed by another, in one write.
    fn top_up(&mut self) -> io::Result<()> {
        let (room, members) = (self.room, &mut self.members);
        let mut failure = Ok(());
        self.ready.retain(|&observer| {
            let credit = std::mem::take(&mut members[observer].acknowledged);
            let index = observed(observer, room);
            let sender = &mut members[index];
            sender.owed += credit * TEXT_BYTES;
            let bytes = &self.texts[sender.phase..sender.phase + sender.owed];
            match self.generator.send(index, bytes) {
                Ok(taken) => {
                    sender.owed -= taken;
                    sender.phase = (sender.phase + taken) % TEXT_BYTES;
                }
                Err(why) => failure = Err(why),
            }
            sender.owed > 0
        });
        failure
    }

    /// Each of a room's members hears the others. Only who speaks alone has
    /// nobody to listen to.
    fn check_all_hear(&self, senders: usize) -> io::Result<()> {
        let listeners = self.members.iter().enumerate();
        let mut listeners = listeners.skip(usize::from(senders == 1));
        match listeners.find(|(_, member)| !member.hears) {
            Some((index, _)) => Err(Error::other(format!("{} hears nothing", name(index)))),
            None => Ok(()),
        }
    }
}

impl Member {
    /// How many lines have come, and how many of them acknowledge one.
    fn hear(&mut self, index: usize, bytes: &[u8]) -> io::Result<(usize, usize)> {
        let Some(observed) = self.observed else {
            let lines = self.frames.count(bytes)?;
            self.hears |= lines > 0;
            return Ok((lines, 0));
        };
        let (mut lines, mut seen) = (0, 0);
        let mut stray = None;
        let neighbours = self.neighbours;
        self.frames.each(bytes, |frame| {
            let sender = word(frame);
            lines += 1;
            seen += usize::from(sender == observed);
            if !neighbours.may_be(sender) {
                stray = Some(sender);
            }
        })?;
        self.hears |= lines > 0;
        match stray {
            Some(sender) => Err(strayed(index, sender)),
            None => Ok((lines, seen)),
        }
    }
}

impl Neighbours {
    fn of(prefixes: &[u64]) -> Neighbours {
        let one = prefixes.first().copied().unwrap_or(0);
        let differing = prefixes.iter().fold(0, |all, other| all | (one ^ other));
        Neighbours { one, differing }
    }

    #[inline]
    fn may_be(self, prefix: u64) -> bool {
        (prefix ^ self.one) & !self.differing == 0
    }
}

#[cold]
fn strayed(index: usize, sender: u64) -> Error {
    let bytes = sender.to_ne_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let who = name(index);
    Error::other(format!("{who} hears {text:?}, who is in another room"))
}

fn prefix(sender: usize) -> u64 {
    word(format!("{}: ", name(sender)).as_bytes())
}

/// The prefix of a message as a number, which is compared at once.
#[inline]
fn word(message: &[u8]) -> u64 {
    let prefix = message.first_chunk::<PREFIX_BYTES>();
    prefix.map_or(0, |prefix| u64::from_ne_bytes(*prefix))
}

/// The member whom this one observes: half of their room away.
fn observed(member: usize, room: usize) -> usize {
    let place = member % room;
    member - place + (place + room - room / 2) % room
}
