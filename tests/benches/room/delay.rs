//! Messages at a steady pace, each with its time of sending -> how late they
//! are delivered.
//!
//! The pace does not wait for the subject: a message is due at its time even
//! when earlier ones are late, so a pause of the subject shows in full.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::case::joined;
use crate::frames::{FILLER, Lines, PREFIX_BYTES, is_message};
use crate::generator::{Generator, name};
use crate::proc::{Load, Watch};
use crate::report::{Figure, Unit};
use crate::subject::Running;
use crate::throughput::LINE_BYTES;

const MEMBERS: usize = 100;

/// 50 messages a second.
const INTERVAL: Duration = Duration::from_millis(20);

/// Messages before this are sent but not counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// The last messages may take so long, after which they count as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// After the prefix, the nanoseconds from the start: enough for 115 days.
const STAMP_BYTES: usize = 16;

/// One message per 20 ms, from each member in turn, to the 99 others. Runs
/// twice as long as the other cases, as it has so few messages.
///
/// # Errors
///
/// When a member is dropped or a message is lost.
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = joined(running, MEMBERS)?;
    let pace = Pace {
        senders: MEMBERS,
        readers: MEMBERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: Duration::from_secs_f64(2.0 * seconds),
    };
    let watch = Watch::start(running.pid())?;
    let delays = pace.run(&mut generator)?;
    let load = watch.stop()?;
    let title = format!("delay, {MEMBERS} members");
    Ok(vec![
        delays.figure(&title, 50, load),
        delays.figure(&title, 99, load),
    ])
}

/// How messages are sent, and by whom they are read.
pub struct Pace {
    /// The first so many members speak, in turn. They are readers, too.
    pub senders: usize,
    /// The first so many members read.
    pub readers: usize,
    /// Of a delivered line, with its newline.
    pub line_bytes: usize,
    pub interval: Duration,
    /// Of the measured phase, after the warm-up.
    pub time: Duration,
}

/// Sorted delays in nanoseconds.
pub struct Delays(Vec<u64>);

impl Pace {
    /// # Errors
    ///
    /// When a reader is dropped or a message is lost.
    pub fn run(&self, generator: &mut Generator) -> io::Result<Delays> {
        let messages = (WARM_UP + self.time).as_nanos() / self.interval.as_nanos();
        let messages = messages as usize;
        let expected = messages * (self.readers - 1);
        let mut delays = Vec::with_capacity(expected);
        let mut streams = vec![Lines::default(); self.readers];
        let mut text = vec![FILLER; self.line_bytes - PREFIX_BYTES];
        text.pop();
        text.push(b'\n');

        let (mut sent, mut received) = (0, 0);
        let start = Instant::now();
        let end = start + WARM_UP + self.time;
        while received < expected {
            let now = Instant::now();
            if now > end + PATIENCE {
                let lost = expected - received;
                return Err(Error::other(format!("{lost} of {expected} are lost")));
            }
            let due = start + self.interval * sent as u32;
            if sent < messages && due <= now {
                let stamp = format!("{:0STAMP_BYTES$}", start.elapsed().as_nanos());
                text[..STAMP_BYTES].copy_from_slice(stamp.as_bytes());
                let sender = sent % self.senders;
                if generator.send(sender, &text)? < text.len() {
                    let who = name(sender);
                    return Err(Error::other(format!("nobody takes the words of {who}")));
                }
                sent += 1;
                continue;
            }
            let wait = if sent < messages {
                due - now
            } else {
                end + PATIENCE - now
            };
            generator.turn(wait, |member, bytes| {
                let now = start.elapsed();
                streams[member].each(bytes, |line| {
                    // The others are notices: that a stalled member has left.
                    if !is_message(line, self.line_bytes) {
                        return;
                    }
                    received += 1;
                    let sent = stamp(line);
                    if sent >= WARM_UP {
                        delays.push(now.saturating_sub(sent).as_nanos() as u64);
                    }
                });
                Ok(())
            })?;
        }
        delays.sort_unstable();
        Ok(Delays(delays))
    }
}

/// Since the start. The generator has written it, so it is there.
fn stamp(line: &[u8]) -> Duration {
    let digits = &line[PREFIX_BYTES..PREFIX_BYTES + STAMP_BYTES];
    let text = std::str::from_utf8(digits).unwrap_or_default();
    Duration::from_nanos(text.parse().unwrap_or(0))
}

impl Delays {
    /// The delay that so many percent of the deliveries do not exceed.
    pub fn figure(&self, title: &str, percent: usize, load: Load) -> Figure {
        let rank = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        let nanoseconds = self.0.get(rank).copied().unwrap_or(0);
        Figure {
            name: format!("{title}, p{percent}"),
            unit: Unit::Milliseconds,
            value: nanoseconds as f64 / 1e6,
            load: Some(load),
        }
    }
}
