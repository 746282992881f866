//! 1,000 members in one room -> the same in 100 rooms of ten, where all of them
//! speak at once and are heard by nobody outside.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::case::joined;
use crate::frames::Lines;
use crate::generator::{Generator, name};
use crate::report::Figure;
use crate::subject::Running;
use crate::throughput::Talk;

const ROOMS: usize = 100;

/// Neighbours have neighbouring numbers, and with ten of them also names that
/// differ in the last digit only.
const SIZE: usize = 10;

/// Moving takes less than a second; a server without rooms refuses at once.
const MOVE: Duration = Duration::from_secs(10);

/// # Errors
///
/// When a member does not get into its room, is dropped, or hears another one.
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = joined(running, ROOMS * SIZE)?;
    for member in 0..generator.len() {
        go(&mut generator, member)?;
    }
    await_answers(&mut generator)?;
    generator.settle()?;
    let talk = Talk {
        title: format!("{ROOMS} rooms of {SIZE}, all writing"),
        senders: generator.len(),
        room: SIZE,
        seconds,
    };
    talk.run(&mut generator, running)
}

fn room(member: usize) -> String {
    format!("r{:02}", member / SIZE)
}

fn go(generator: &mut Generator, member: usize) -> io::Result<()> {
    let command = format!("/join {}\n", room(member));
    if generator.send(member, command.as_bytes())? < command.len() {
        let who = name(member);
        return Err(Error::other(format!("nobody takes the command of {who}")));
    }
    Ok(())
}

/// Waits until each member has been told that it is in its own room, among
/// whatever else it is told.
fn await_answers(generator: &mut Generator) -> io::Result<()> {
    let deadline = Instant::now() + MOVE;
    let answer = |member| format!("You are in {} ", room(member)).into_bytes();
    let mut awaited: Vec<_> = (0..generator.len()).map(answer).map(Some).collect();
    let mut streams = vec![Lines::default(); awaited.len()];
    let mut missing = awaited.len();
    while missing > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let text = format!("{missing} members do not get into their rooms");
            return Err(Error::other(text));
        }
        generator.turn(left, |member, bytes| {
            let mut refusal = Ok(());
            streams[member].each(bytes, |line| {
                if awaited[member]
                    .as_ref()
                    .is_some_and(|it| line.starts_with(it))
                {
                    awaited[member] = None;
                    missing -= 1;
                } else if line.starts_with(b"!") {
                    refusal = Err(refused(member, line));
                }
            });
            refusal
        })?;
    }
    Ok(())
}

fn refused(member: usize, line: &[u8]) -> Error {
    let (who, why) = (name(member), String::from_utf8_lossy(line));
    Error::other(format!("{who} is refused by its room: {}", why.trim_end()))
}
