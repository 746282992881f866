//! Handshake: the first line becomes the name of a member, or a request for a file.

use std::time::{Duration, Instant};

use common::transfer::TransferRequest;
use common::{Event, Name, NextLine, QUIT, notice};

use super::foreign_protocol;
use super::guard::{JoinError, SessionGuard};
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::name_reclaim;
use crate::broadcaster::post::{ConnectionPost, Post};
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// The kind of a connection, as its first line shows it.
pub enum HandshakeOutcome {
    /// A member of this name.
    Member(Name),
    /// A connection that carries a file.
    Transfer(TransferRequest),
}

/// Reads names until one can join, or a request for a file.
///
/// The time for all of this is absolute: a byte now and then gains nothing.
///
/// # Errors
///
/// How the connection closes, if it has no name in time.
pub fn run(
    guard: &mut SessionGuard<'_>,
    reader: &mut LineReader,
) -> Result<HandshakeOutcome, Close> {
    let mut timer = HandshakeTimer::start(guard.context.limits.name_timeout);
    let mut tries = 0;
    loop {
        if let Some(close) = foreign_protocol::detect(reader.pending()) {
            return Err(close);
        }
        let refused = match reader.next() {
            NextLine::Line(line) if line.trim().is_empty() => continue,
            NextLine::Line(line) if line.trim() == QUIT => return Err(CloseReason::Quit.into()),
            NextLine::Line(line) => {
                if let Some(request) = TransferRequest::parse(line) {
                    return Ok(HandshakeOutcome::Transfer(request));
                }
                match try_name(guard, line)? {
                    NameOutcome::Joined(name) => return Ok(HandshakeOutcome::Member(name)),
                    NameOutcome::Refused(why) => why,
                }
            }
            NextLine::TooLong => "Name is too long.".to_string(),
            NextLine::NotUtf8 => "Name is not valid UTF-8.".to_string(),
            NextLine::Incomplete => {
                timer.fill(guard, reader)?;
                continue;
            }
            NextLine::End => return Err(CloseReason::Eof.into()),
            NextLine::Overrun => return Err(unterminated_line()),
        };
        tries += 1;
        if tries == limits::MAX_NAME_TRIES {
            let message = format!("{refused} That was the last of {tries} tries.");
            return Err(Close::with_message(CloseReason::Name, message));
        }
        guard.send(&Event::Refusal(&format!("{refused} Try another.")));
    }
}

/// The outcome of one line as a name.
enum NameOutcome {
    Joined(Name),
    Refused(String),
}

fn try_name(guard: &mut SessionGuard<'_>, line: &str) -> Result<NameOutcome, Close> {
    let name: Name = match line.parse() {
        Ok(name) => name,
        Err(why) => {
            return Ok(NameOutcome::Refused(format!("Invalid name, {why}.")));
        }
    };
    if let Err(why) = guard.context.moderation.admit_name(&name) {
        return Ok(NameOutcome::Refused(why));
    }
    match claim_name(guard, &name) {
        Ok(()) => Ok(NameOutcome::Joined(name)),
        Err(JoinError::NameTaken(_)) => {
            Ok(NameOutcome::Refused(format!("{name} is already in use.")))
        }
        Err(JoinError::Closed(close)) => Err(close),
    }
}

/// Joins as `name`, even if its holder turns out to be gone.
fn claim_name(guard: &mut SessionGuard<'_>, name: &Name) -> Result<(), JoinError> {
    let holder = match guard.join(name) {
        Err(JoinError::NameTaken(Some(holder))) => holder,
        done => return done,
    };
    if !name_reclaim::probe_holder(&holder, &guard.context) {
        return Err(JoinError::NameTaken(Some(holder)));
    }
    // The session of the holder is about to leave, and releases the name last.
    let deadline = Instant::now() + limits::LINGER;
    loop {
        match guard.join(name) {
            Err(JoinError::NameTaken(_)) if Instant::now() < deadline => {
                guard.context.shutdown.sleep(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

/// The two times of the handshake: when to prompt, and when to close.
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
    fn fill(&mut self, guard: &mut SessionGuard<'_>, reader: &mut LineReader) -> Result<(), Close> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(self.timed_out());
        }
        let next = self.prompt_at.unwrap_or(self.deadline).min(self.deadline);
        let timeout = next.saturating_duration_since(now);
        match reader.fill(&guard.connection, Some(timeout))? {
            FillOutcome::Received => self.prompt_at = None, // no need to prompt
            FillOutcome::TooLong => {}                      // no name is that long
            FillOutcome::BecameUnframed => {
                let post = ConnectionPost::SetUnframed(guard.connection.id);
                guard.context.posts.send(Post::Connection(post));
            }
            FillOutcome::TimedOut => {
                if self.prompt_at.take().is_some() {
                    guard.was_prompted = true;
                    guard.send(&Event::Notice(notice::ASK_NAME));
                }
            }
        }
        Ok(())
    }

    fn timed_out(&self) -> Close {
        let seconds = self.name_timeout.as_secs_f64();
        let message = format!("No name received within {seconds} s.");
        Close::with_message(CloseReason::Timeout, message)
    }
}
