//! Turns a member's lines into posts, until one of them is the last.

use std::time::Instant;

use common::{Event, LineSplitter, Name, Next, Request, text};

use super::bucket::Bucket;
use super::pulse::Pulse;
use super::speech::Speech;
use super::{Endless, Visit, broken};
use crate::fault;
use crate::link::Inlet;
use crate::reason::{Ending, Reason};

/// Listens to the member `me` until the conversation ends.
pub fn run(visit: &Visit, inlet: &mut Inlet, lines: &mut LineSplitter, me: &Name) -> Endless {
    let limits = &visit.room.limits;
    let mut bucket = Bucket::new(limits.rate, Instant::now());
    let mut pulse = Pulse::new(limits.heartbeat);
    let mut speech = Speech::new();
    loop {
        let next = lines.next();
        match next {
            Next::NotYet => {
                speech.post(visit);
                inlet.set_patience(pulse.patience()).map_err(broken)?;
                visit.fill(lines, inlet)?;
                continue;
            }
            Next::End => {
                speech.post(visit);
                return Err(Reason::Eof.into());
            }
            Next::Endless => {
                speech.post(visit);
                return Err(endless());
            }
            Next::Line(_) | Next::TooLong | Next::NotUtf8 => {}
        }
        // Whatever came cost us work, so it counts, also if it is refused.
        wait_for_turn(visit, &mut bucket, &mut speech)?;
        match next {
            Next::Line(line) => act(visit, me, &text::clean(line), &mut pulse, &mut speech)?,
            Next::TooLong => reply(visit, &mut speech, &too_long()),
            _ => reply(visit, &mut speech, &Event::Refusal(NOT_UTF8)),
        }
    }
}

/// Does what one line asks for.
fn act(
    visit: &Visit,
    me: &Name,
    line: &str,
    pulse: &mut Pulse,
    speech: &mut Speech,
) -> Result<(), Ending> {
    fault::trip(line, &visit.room.registry);
    match Request::parse(line, me) {
        Request::Say(text) => speech.add(me, text),
        Request::Heartbeat => {
            pulse.beat(Instant::now());
            reply(visit, speech, &Event::Heartbeat);
        }
        Request::Quit => {
            speech.post(visit);
            return Err(Reason::Quit.into());
        }
        Request::Command { word, .. } => {
            reply(visit, speech, &Event::Refusal(&no_command(word)));
        }
    }
    Ok(())
}

/// Answers the member, after what it said before.
fn reply(visit: &Visit, speech: &mut Speech, event: &Event<'_>) {
    speech.post(visit);
    visit.tell(event);
}

/// Holds the member back if it is too fast. It is not told: its next lines wait
/// in its own socket, and nothing is lost.
fn wait_for_turn(visit: &Visit, bucket: &mut Bucket, speech: &mut Speech) -> Result<(), Ending> {
    let wait = bucket.take();
    if wait.is_zero() {
        return Ok(());
    }
    speech.post(visit);
    if visit.room.stop.sleep(wait) {
        return Err(Reason::Shutdown.into());
    }
    match visit.link.ending() {
        Some(ending) => Err(ending.clone()),
        None => Ok(()),
    }
}

/// The ending of a client that sent a line without an end.
pub fn endless() -> Ending {
    Ending::told(Reason::Line, "That line has no end.")
}

const NOT_UTF8: &str = "That line is not UTF-8 text and was not sent.";

fn too_long() -> Event<'static> {
    // The figure is MAX_LINE, see the test.
    Event::Refusal("That line is longer than 4096 bytes and was not sent.")
}

fn no_command(word: &str) -> String {
    let help = "A line is said to the room, // says a line that begins with a slash.";
    // Only a word that could be a command is repeated, as it may hold anything.
    if word.len() <= 16 && word.chars().all(char::is_alphanumeric) {
        format!("There is no command /{word}. {help}")
    } else {
        format!("There is no such command. {help}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::MAX_LINE;

    #[test]
    fn the_refusal_of_a_long_line_names_the_limit() {
        let line = String::from_utf8(too_long().to_line()).unwrap();
        assert!(line.contains(&MAX_LINE.to_string()));
    }
}
