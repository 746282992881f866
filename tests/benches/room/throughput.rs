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

use crate::frames::Frames;
use crate::generator::{Generator, name};
use crate::proc::Watch;
use crate::report::{Figure, Unit};
use crate::subject::Running;

/// A delivered line with its newline, as in the other measurements of DESIGN.
pub const LINE_BYTES: usize = 64;

const WINDOW: usize = 64;

/// Caches, socket buffers and windows grow to their sizes in it.
const WARM_UP: Duration = Duration::from_millis(500);

/// `m00001: `, by which a line is known as a certain sender's.
const PREFIX_BYTES: usize = 8;

/// What a sender writes for one line: the subject adds the prefix.
const TEXT_BYTES: usize = LINE_BYTES - PREFIX_BYTES;

struct Member {
    frames: Frames,
    /// The prefix of the sender whom it observes.
    observed: Option<[u8; PREFIX_BYTES]>,
    /// Lines of that sender since the last top-up.
    acknowledged: usize,
    /// Bytes that it still has to send, and how many of the message that they
    /// begin in have gone already.
    owed: usize,
    phase: usize,
}

/// Measures for `seconds` after the warm-up. The first `senders` members speak.
///
/// # Errors
///
/// When a member is dropped, a line is torn, or nothing is delivered.
pub fn run(
    generator: &mut Generator,
    running: &Running,
    senders: usize,
    seconds: f64,
) -> io::Result<Vec<Figure>> {
    let mut room = Room::new(generator, senders);
    room.speak(WARM_UP)?;
    let watch = Watch::start(running.pid())?;
    let delivered = room.speak(Duration::from_secs_f64(seconds))?;
    let load = watch.stop()?;
    if delivered == 0 {
        return Err(Error::other("nothing is delivered"));
    }
    Ok(vec![Figure {
        name: format!("{} x {senders}", room.members.len()),
        unit: Unit::PerSecond,
        value: delivered as f64 / load.seconds,
        load: Some(load),
    }])
}

struct Room<'a> {
    generator: &'a mut Generator,
    members: Vec<Member>,
    /// Observers of senders who may speak.
    ready: Vec<usize>,
    /// One message more than a window, as a write may begin inside one.
    texts: Vec<u8>,
}

impl Room<'_> {
    fn new(generator: &mut Generator, senders: usize) -> Room<'_> {
        let count = generator.len();
        let member = |index: usize| {
            let sender = observed(index, count);
            let observes = sender < senders;
            Member {
                frames: Frames::new(LINE_BYTES),
                observed: observes.then(|| prefix(sender)),
                acknowledged: if observes { WINDOW } else { 0 },
                owed: 0,
                phase: 0,
            }
        };
        let members: Vec<Member> = (0..count).map(member).collect();
        let ready = (0..count).filter(|&it| members[it].acknowledged > 0);
        let mut text = [b'x'; TEXT_BYTES];
        text[TEXT_BYTES - 1] = b'\n';
        Room {
            generator,
            ready: ready.collect(),
            members,
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
                    let Some(observed) = member.observed else {
                        delivered += member.frames.count(bytes)?;
                        return Ok(());
                    };
                    let mut seen = 0;
                    member.frames.each(bytes, |frame| {
                        delivered += 1;
                        seen += usize::from(frame[..PREFIX_BYTES] == observed);
                    })?;
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
        let (count, members) = (self.members.len(), &mut self.members);
        let mut failure = Ok(());
        self.ready.retain(|&observer| {
            let credit = std::mem::take(&mut members[observer].acknowledged);
            let index = observed(observer, count);
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
}

fn prefix(sender: usize) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0; PREFIX_BYTES];
    prefix.copy_from_slice(format!("{}: ", name(sender)).as_bytes());
    prefix
}

/// The member whom this one observes.
fn observed(member: usize, count: usize) -> usize {
    (member + count - count / 2) % count
}
