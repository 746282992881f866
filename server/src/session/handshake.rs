//! Turns a connection's first line into the name of a member, or the demand for a
//! file.

use std::time::{Duration, Instant};

use common::transfer::TransferRequest;
use common::{Event, Name, NextLine, QUIT, notice};

use super::ear::{Ear, Filled, line_without_end};
use super::handover;
use super::stranger;
use super::visit::{Refused, Visit};
use crate::limits;
use crate::post::Post;
use crate::reason::{Ending, Reason};

/// What a connection turns out to be.
pub enum Arrival {
    /// A member of this name.
    Member(Name),
    /// The way of a file.
    Transfer(TransferRequest),
}

/// Asks until there is a name that nobody else holds, and enters with it; unless
/// the connection is for a file.
///
/// The time for all of this is absolute: a byte now and then gains nothing.
///
/// # Errors
///
/// The ending, if it does not come to a name.
pub fn run(visit: &mut Visit<'_>, ear: &mut Ear) -> Result<Arrival, Ending> {
    let mut clock = Clock::start(visit.shared.limits.naming);
    let mut tries = 0;
    loop {
        if let Some(ending) = stranger::recognise(ear.held()) {
            return Err(ending);
        }
        let refused = match ear.next() {
            NextLine::Line(line) if line.trim().is_empty() => continue,
            NextLine::Line(line) if line.trim() == QUIT => return Err(Reason::Quit.into()),
            NextLine::Line(line) => {
                if let Some(demand) = TransferRequest::parse(line) {
                    return Ok(Arrival::Transfer(demand));
                }
                match attempt(visit, line)? {
                    Attempt::Entered(name) => return Ok(Arrival::Member(name)),
                    Attempt::Refused(why) => why,
                }
            }
            NextLine::TooLong => "That is too long for a name.".to_string(),
            NextLine::NotUtf8 => "That name is not UTF-8 text.".to_string(),
            NextLine::Incomplete => {
                clock.fill(visit, ear)?;
                continue;
            }
            NextLine::End => return Err(Reason::Eof.into()),
            NextLine::Overrun => return Err(line_without_end()),
        };
        tries += 1;
        if tries == limits::NAME_TRIES {
            let told = format!("{refused} That was the last of {tries} tries.");
            return Err(Ending::told(Reason::Name, told));
        }
        visit.tell(&Event::Refusal(&format!("{refused} Try another.")));
    }
}

/// What became of one line as a name.
enum Attempt {
    Entered(Name),
    Refused(String),
}

fn attempt(visit: &mut Visit<'_>, line: &str) -> Result<Attempt, Ending> {
    let name: Name = match line.parse() {
        Ok(name) => name,
        Err(why) => return Ok(Attempt::Refused(format!("That name will not do, {why}."))),
    };
    if let Err(why) = visit.shared.rules.admit_name(&name) {
        return Ok(Attempt::Refused(why));
    }
    match take(visit, &name) {
        Ok(()) => Ok(Attempt::Entered(name)),
        Err(Refused::Taken(_)) => Ok(Attempt::Refused(format!("The name {name} is taken."))),
        Err(Refused::Over(ending)) => Err(ending),
    }
}

/// Enters under `name`, also if its holder turns out to be gone.
fn take(visit: &mut Visit<'_>, name: &Name) -> Result<(), Refused> {
    let holder = match visit.enter(name) {
        Err(Refused::Taken(Some(holder))) => holder,
        done => return done,
    };
    if !handover::is_gone(&holder, &visit.shared) {
        return Err(Refused::Taken(Some(holder)));
    }
    // Its session is about to leave, and gives the name back as its last.
    let until = Instant::now() + limits::LINGER;
    loop {
        match visit.enter(name) {
            Err(Refused::Taken(_)) if Instant::now() < until => {
                visit.shared.stop.sleep(Duration::from_millis(1));
            }
            done => return done,
        }
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
    fn fill(&mut self, visit: &mut Visit<'_>, ear: &mut Ear) -> Result<(), Ending> {
        let now = Instant::now();
        if now >= self.until {
            return Err(self.too_late());
        }
        let next = self.ask_at.unwrap_or(self.until).min(self.until);
        let patience = next.saturating_duration_since(now);
        match ear.fill(&visit.link, Some(patience))? {
            Filled::Bytes => self.ask_at = None, // it speaks: no need to ask
            Filled::TooLong => {}                // no name is that long
            Filled::Unframed => visit.shared.posts.send(Post::Unframe(visit.link.id)),
            Filled::Nothing => {
                if self.ask_at.take().is_some() {
                    visit.prompted = true;
                    visit.tell(&Event::Notice(notice::ASK_NAME));
                }
            }
        }
        Ok(())
    }

    fn too_late(&self) -> Ending {
        let seconds = self.naming.as_secs_f64();
        let told = format!("No name came within {seconds} s.");
        Ending::told(Reason::Timeout, told)
    }
}
