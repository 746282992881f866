//! Turns a connection's first line into the name of a member, or the demand for a
//! file.

use std::time::{Duration, Instant};

use common::transfer::TransferRequest;
use common::{Event, Name, NextLine, QUIT, notice};

use super::ear::{LineReader, FillOutcome, unterminated_line};
use super::handover;
use super::stranger;
use super::visit::{JoinError, SessionGuard};
use crate::limits;
use crate::post::Post;
use crate::reason::{Close, CloseReason};

/// What a connection turns out to be.
pub enum HandshakeOutcome {
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
pub fn run(visit: &mut SessionGuard<'_>, ear: &mut LineReader) -> Result<HandshakeOutcome, Close> {
    let mut clock = HandshakeTimer::start(visit.context.limits.name_timeout);
    let mut tries = 0;
    loop {
        if let Some(ending) = stranger::detect(ear.pending()) {
            return Err(ending);
        }
        let refused = match ear.next() {
            NextLine::Line(line) if line.trim().is_empty() => continue,
            NextLine::Line(line) if line.trim() == QUIT => return Err(CloseReason::Quit.into()),
            NextLine::Line(line) => {
                if let Some(demand) = TransferRequest::parse(line) {
                    return Ok(HandshakeOutcome::Transfer(demand));
                }
                match try_name(visit, line)? {
                    NameOutcome::Joined(name) => return Ok(HandshakeOutcome::Member(name)),
                    NameOutcome::Refused(why) => why,
                }
            }
            NextLine::TooLong => "That is too long for a name.".to_string(),
            NextLine::NotUtf8 => "That name is not UTF-8 text.".to_string(),
            NextLine::Incomplete => {
                clock.fill(visit, ear)?;
                continue;
            }
            NextLine::End => return Err(CloseReason::Eof.into()),
            NextLine::Overrun => return Err(unterminated_line()),
        };
        tries += 1;
        if tries == limits::MAX_NAME_TRIES {
            let told = format!("{refused} That was the last of {tries} tries.");
            return Err(Close::with_message(CloseReason::Name, told));
        }
        visit.send(&Event::Refusal(&format!("{refused} Try another.")));
    }
}

/// What became of one line as a name.
enum NameOutcome {
    Joined(Name),
    Refused(String),
}

fn try_name(visit: &mut SessionGuard<'_>, line: &str) -> Result<NameOutcome, Close> {
    let name: Name = match line.parse() {
        Ok(name) => name,
        Err(why) => return Ok(NameOutcome::Refused(format!("That name will not do, {why}."))),
    };
    if let Err(why) = visit.context.moderation.admit_name(&name) {
        return Ok(NameOutcome::Refused(why));
    }
    match claim_name(visit, &name) {
        Ok(()) => Ok(NameOutcome::Joined(name)),
        Err(JoinError::NameTaken(_)) => Ok(NameOutcome::Refused(format!("The name {name} is taken."))),
        Err(JoinError::Closed(ending)) => Err(ending),
    }
}

/// Enters under `name`, also if its holder turns out to be gone.
fn claim_name(visit: &mut SessionGuard<'_>, name: &Name) -> Result<(), JoinError> {
    let holder = match visit.join(name) {
        Err(JoinError::NameTaken(Some(holder))) => holder,
        done => return done,
    };
    if !handover::probe_holder(&holder, &visit.context) {
        return Err(JoinError::NameTaken(Some(holder)));
    }
    // Its session is about to leave, and gives the name back as its last.
    let until = Instant::now() + limits::LINGER;
    loop {
        match visit.join(name) {
            Err(JoinError::NameTaken(_)) if Instant::now() < until => {
                visit.context.shutdown.sleep(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

/// Keeps the two times of the handshake: when to ask, and when to give up.
struct HandshakeTimer {
    prompt_at: Option<Instant>,
    name_timeout: Duration,
    deadline: Instant,
}

impl HandshakeTimer {
    fn start(name_timeout: Duration) -> HandshakeTimer {
        let now = Instant::now();
        HandshakeTimer {
            prompt_at: Some(now + limits::NAME_PROMPT_DELAY),
            name_timeout,
            deadline: now + name_timeout,
        }
    }

    /// Reads once, for as long as there is time.
    fn fill(&mut self, visit: &mut SessionGuard<'_>, ear: &mut LineReader) -> Result<(), Close> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(self.timed_out());
        }
        let next = self.prompt_at.unwrap_or(self.deadline).min(self.deadline);
        let patience = next.saturating_duration_since(now);
        match ear.fill(&visit.connection, Some(patience))? {
            FillOutcome::Received => self.prompt_at = None, // it speaks: no need to ask
            FillOutcome::TooLong => {}                // no name is that long
            FillOutcome::BecameUnframed => visit.context.posts.send(Post::SetUnframed(visit.connection.id)),
            FillOutcome::TimedOut => {
                if self.prompt_at.take().is_some() {
                    visit.was_prompted = true;
                    visit.send(&Event::Notice(notice::ASK_NAME));
                }
            }
        }
        Ok(())
    }

    fn timed_out(&self) -> Close {
        let seconds = self.name_timeout.as_secs_f64();
        let told = format!("No name came within {seconds} s.");
        Close::with_message(CloseReason::Timeout, told)
    }
}
