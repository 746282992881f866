//! Rooms: measures 100 rooms of ten members, all of whom send at once.
//!
//! A line that arrives in another room is an error.

use std::io::{self, Error};
use std::time::{Duration, Instant};

use crate::case::joined;
use crate::frames::Lines;
use crate::generator::{Generator, name};
use crate::report::Figure;
use crate::subject::Running;
use crate::throughput::Workload;

const ROOMS: usize = 100;

/// The number of members in a room. With ten, their names differ only in the last
/// digit.
const SIZE: usize = 10;

/// The timeout for moving. A server without rooms refuses at once.
const MOVE: Duration = Duration::from_secs(10);

/// Measures the rooms.
///
/// # Errors
///
/// When a member cannot move to its room, is disconnected, or receives a line of
/// another room.
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = joined(running, ROOMS * SIZE)?;
    for member in 0..generator.len() {
        move_to_room(&mut generator, member)?;
    }
    await_answers(&mut generator)?;
    generator.settle()?;
    let workload = Workload {
        title: format!("{ROOMS} rooms of {SIZE}, all writing"),
        senders: generator.len(),
        room: SIZE,
        seconds,
    };
    workload.run(&mut generator, running)
}

fn room(member: usize) -> String {
    format!("r{:02}", member / SIZE)
}

fn move_to_room(generator: &mut Generator, member: usize) -> io::Result<()> {
    let command = format!("/join {}\n", room(member));
    if generator.send(member, command.as_bytes())? < command.len() {
        let member = name(member);
        return Err(Error::other(format!(
            "the socket does not accept the command of {member}"
        )));
    }
    Ok(())
}

/// Waits until each member has received the notice that it is in its room.
fn await_answers(generator: &mut Generator) -> io::Result<()> {
    let deadline = Instant::now() + MOVE;
    let answer = |member| format!("You are in {} ", room(member)).into_bytes();
    let mut awaited: Vec<_> = (0..generator.len()).map(answer).map(Some).collect();
    let mut streams = vec![Lines::default(); awaited.len()];
    let mut missing = awaited.len();
    while missing > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let text = format!("{missing} members cannot move to their rooms");
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
    let (member, why) = (name(member), String::from_utf8_lossy(line));
    Error::other(format!(
        "{member} is refused by its room: {}",
        why.trim_end()
    ))
}
