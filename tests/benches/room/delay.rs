//! Delay: measures the time from sending to delivery of messages at a steady rate.
//!
//! Each message contains the time at which it was sent. The schedule does not wait
//! for the subject: a message is due at its time even if previous ones are late. So a
//! pause of the subject is measured in full.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::case::joined;
use crate::frames::{FILLER, Lines, PREFIX_BYTES, is_message};
use crate::generator::{Generator, name};
use crate::proc::{Load, LoadMeasurement};
use crate::report::{Figure, Unit};
use crate::subject::Running;
use crate::throughput::LINE_BYTES;

const MEMBERS: usize = 100;

/// The time between messages: 50 a second.
const INTERVAL: Duration = Duration::from_millis(20);

/// The time in which messages are sent but not counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// The time after which missing messages count as lost.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The digits after the prefix: nanoseconds since the start, enough for 115 days.
const STAMP_BYTES: usize = 16;

/// Measures one message per 20 ms, from each member in turn, to the 99 others. Runs
/// twice as long as the other cases, because there are few messages.
///
/// # Errors
///
/// When a member is disconnected or a message is lost.
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = joined(running, MEMBERS)?;
    let schedule = Schedule {
        senders: MEMBERS,
        readers: MEMBERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: Duration::from_secs_f64(2.0 * seconds),
    };
    schedule.measure(
        running,
        &mut generator,
        &format!("delay, {MEMBERS} members"),
    )
}

/// A schedule of messages, with their senders and readers.
pub struct Schedule {
    /// The number of senders, who are the first members and take turns. They read too.
    pub senders: usize,
    /// The number of readers, who are the first members.
    pub readers: usize,
    /// The length of a delivered line, newline included.
    pub line_bytes: usize,
    /// The time between messages.
    pub interval: Duration,
    /// The length of the measured phase, after the warm-up.
    pub time: Duration,
}

/// Sorted delays in nanoseconds.
struct Delays(Vec<u64>);

impl Schedule {
    /// Sends the messages, and returns the median of their delays and the 99th percentile,
    /// with the load meanwhile.
    ///
    /// # Errors
    ///
    /// When a reader is disconnected or a message is lost.
    pub fn measure(
        &self,
        running: &Running,
        generator: &mut Generator,
        title: &str,
    ) -> io::Result<Vec<Figure>> {
        let watched = LoadMeasurement::start(running.pid())?;
        let delays = self.run(generator)?;
        let load = watched.stop()?;
        let figure = |percent| delays.figure(title, percent, load);
        Ok(vec![figure(50), figure(99)])
    }

    fn run(&self, generator: &mut Generator) -> io::Result<Delays> {
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
            if now > end + MAX_WAIT {
                let lost = expected - received;
                return Err(Error::other(format!("{lost} of {expected} are lost")));
            }
            let due = start + self.interval * sent as u32;
            if sent < messages && due <= now {
                self.send(generator, sent, start, &mut text)?;
                sent += 1;
                continue;
            }
            let wait = if sent < messages {
                due - now
            } else {
                end + MAX_WAIT - now
            };
            generator.turn(wait, |member, bytes| {
                let now = start.elapsed();
                streams[member].each(bytes, |line| {
                    // Others are notices, for instance that a stalled member has left.
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

    /// Sends message number `sent` with the current time in it.
    fn send(
        &self,
        generator: &mut Generator,
        sent: usize,
        start: Instant,
        text: &mut [u8],
    ) -> io::Result<()> {
        let stamp = format!("{:0STAMP_BYTES$}", start.elapsed().as_nanos());
        text[..STAMP_BYTES].copy_from_slice(stamp.as_bytes());
        let sender = sent % self.senders;
        if generator.send(sender, text)? < text.len() {
            let sender = name(sender);
            let why = format!("the socket does not accept the message of {sender}");
            return Err(Error::other(why));
        }
        Ok(())
    }
}

/// Returns the time at which a line was sent, since the start.
fn stamp(line: &[u8]) -> Duration {
    let digits = &line[PREFIX_BYTES..PREFIX_BYTES + STAMP_BYTES];
    let text = std::str::from_utf8(digits).unwrap_or_default();
    Duration::from_nanos(text.parse().unwrap_or(0))
}

impl Delays {
    /// Returns the delay that `percent` of the deliveries do not exceed.
    fn figure(&self, title: &str, percent: usize, load: Load) -> Figure {
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
