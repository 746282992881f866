//! Turns a connection's first line into the name of a member.

use std::time::{Duration, Instant};

use common::{Event, LineSplitter, Name, Next, QUIT, notice};

use super::{Visit, broken};
use crate::limits;
use crate::link::Inlet;
use crate::reason::{Ending, Reason};

/// Asks until there is a name that nobody else holds, and enters with it.
///
/// The time for all of this is absolute: a byte now and then gains nothing.
pub fn run(visit: &mut Visit, inlet: &mut Inlet, lines: &mut LineSplitter) -> Result<Name, Ending> {
    let mut clock = Clock::start(visit.room.limits.naming);
    let mut tries = 0;
    loop {
        let refused = match lines.next() {
            Next::Line(line) if line.trim().is_empty() => continue,
            Next::Line(line) if line.trim() == QUIT => return Err(Reason::Quit.into()),
            Next::Line(line) => match attempt(visit, line) {
                Ok(name) => return Ok(name),
                Err(why) => why,
            },
            Next::TooLong => "That is too long for a name.".to_string(),
            Next::NotUtf8 => "That name is not UTF-8 text.".to_string(),
            Next::NotYet => {
                clock.fill(visit, inlet, lines)?;
                continue;
            }
            Next::End => return Err(Reason::Eof.into()),
            Next::Endless => return Err(super::talk::endless()),
        };
        tries += 1;
        if tries == limits::NAME_TRIES {
            let told = format!("{refused} That was the last of {tries} tries.");
            return Err(Ending::told(Reason::Name, told));
        }
        visit.refuse(&format!("{refused} Try another."));
    }
}

/// Enters with `line` as the name, or says why that cannot be.
fn attempt(visit: &mut Visit, line: &str) -> Result<Name, String> {
    let name: Name = line
        .parse()
        .map_err(|why| format!("That name will not do, {why}."))?;
    match visit.enter(&name) {
        Ok(()) => Ok(name),
        Err(_taken) => Err(format!("The name {name} is taken.")),
    }
}

/// Keeps the two times of the handshake: when to ask, and when to give up.
struct Clock {
    ask_at: Option<Instant>,
    naming: Duration,
    until: Instant,
}

impl Clock {
    fn start(naming: Duration) -> Clock {
        let now = Instant::now();
        Clock {
            ask_at: Some(now + limits::ASK_AFTER),
            naming,
            until: now + naming,
        }
    }

    /// Reads once, for as long as there is time.
    fn fill(
        &mut self,
        visit: &Visit,
        inlet: &mut Inlet,
        lines: &mut LineSplitter,
    ) -> Result<(), Ending> {
        let now = Instant::now();
        if now >= self.until {
            return Err(self.too_late());
        }
        let next = self.ask_at.unwrap_or(self.until).min(self.until);
        let patience = next.saturating_duration_since(now);
        inlet.set_patience(Some(patience)).map_err(broken)?;
        match visit.fill(lines, inlet) {
            Ok(()) => {
                self.ask_at = None; // it has begun to speak: no need to ask
                Ok(())
            }
            Err(ending) if ending.reason == Reason::Timeout => {
                if self.ask_at.take().is_some() {
                    visit.tell(&Event::Notice(notice::ASK_NAME));
                }
                Ok(())
            }
            Err(ending) => Err(ending),
        }
    }

    fn too_late(&self) -> Ending {
        let seconds = self.naming.as_secs();
        Ending::told(
            Reason::Timeout,
            format!("No name came within {seconds} seconds."),
        )
    }
}
