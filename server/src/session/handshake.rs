//! Handshake: the first line becomes the name of a member, or a request for a file.

use std::time::{Duration, Instant};

use common::transfer::TransferRequest;
use common::{Capabilities, Event, Name, NextLine, QUIT, ResumeRequest, notice};

use super::foreign_protocol;
use super::guard::{JoinError, SessionGuard};
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::name_reclaim;
use super::resuming::{self, ResumeError};
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
/// One deadline holds for all of this; a peer that sends a byte now and then does not
/// extend it.
///
/// # Errors
///
/// How the connection closes, if it becomes neither a member nor a transfer.
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
        let line = match reader.next() {
            NextLine::Line(line) => handle_line(guard, line)?,
            NextLine::TooLong => refused_name("Name is too long."),
            NextLine::NotUtf8 => refused_name("Name is not valid UTF-8."),
            NextLine::Incomplete => {
                timer.fill(guard, reader)?;
                continue;
            }
            NextLine::End => return Err(CloseReason::Eof.into()),
            NextLine::Overrun => return Err(unterminated_line()),
        };
        let (why, hint) = match line {
            LineOutcome::Done(outcome) => return Ok(outcome),
            LineOutcome::NoAttempt => continue,
            LineOutcome::Refused { why, hint } => (why, hint),
        };
        tries += 1;
        if tries == limits::MAX_NAME_TRIES {
            let message = format!("{why} That was the last of {tries} tries.");
            return Err(Close::with_message(CloseReason::Name, message));
        }
        guard.send(&Event::Refusal(&format!("{why}{hint}")));
    }
}

/// The outcome of one line of the handshake.
enum LineOutcome {
    /// It was the last.
    Done(HandshakeOutcome),
    /// It was no attempt to join.
    NoAttempt,
    /// It was an attempt, and failed.
    Refused { why: String, hint: &'static str },
}

fn refused_name(why: impl Into<String>) -> LineOutcome {
    LineOutcome::Refused {
        why: why.into(),
        hint: " Try another.",
    }
}

fn handle_line(guard: &mut SessionGuard<'_>, line: &str) -> Result<LineOutcome, Close> {
    match line.trim() {
        "" => return Ok(LineOutcome::NoAttempt),
        QUIT => return Err(CloseReason::Quit.into()),
        _ => {}
    }
    if let Some(request) = TransferRequest::parse(line) {
        return Ok(LineOutcome::Done(HandshakeOutcome::Transfer(request)));
    }
    if let Some(asked) = Capabilities::parse_request(line) {
        guard.grant(asked);
        return Ok(LineOutcome::NoAttempt);
    }
    let Some(request) = ResumeRequest::parse(line) else {
        return try_name(guard, line);
    };
    match resuming::resume(guard, &request) {
        Ok(name) => Ok(LineOutcome::Done(HandshakeOutcome::Member(name))),
        Err(ResumeError::Refused(why)) => Ok(LineOutcome::Refused { why, hint: "" }),
        Err(ResumeError::Closed(close)) => Err(close),
    }
}

fn try_name(guard: &mut SessionGuard<'_>, line: &str) -> Result<LineOutcome, Close> {
    let name: Name = match line.parse() {
        Ok(name) => name,
        Err(why) => return Ok(refused_name(format!("Invalid name, {why}."))),
    };
    let address = guard.connection.address.ip();
    if let Err(why) = guard.context.moderation.admit_name(&name, address) {
        return Ok(refused_name(why));
    }
    match claim_name(guard, &name) {
        Ok(()) => Ok(LineOutcome::Done(HandshakeOutcome::Member(name))),
        Err(JoinError::NameTaken(_)) => Ok(refused_name(format!("{name} is already in use."))),
        Err(JoinError::Closed(close)) => Err(close),
    }
}

/// Joins as `name`, even if its holder turns out to be gone.
fn claim_name(guard: &mut SessionGuard<'_>, name: &Name) -> Result<(), JoinError> {
    let holder = match guard.join(name) {
        Err(JoinError::NameTaken(Some(holder))) => holder,
        done => return done,
    };
    if !name_reclaim::reclaim_from(&holder, &guard.context) {
        // The refusal of a name comes later and later.
        let delay = holder.activity.record_name_request();
        let _shut_down = guard.context.shutdown.sleep(delay);
        return Err(JoinError::NameTaken(Some(holder)));
    }
    // The session of the holder is about to leave, and releases the name last. A holder
    // that may resume has some time for that.
    let deadline = Instant::now() + guard.context.limits.leave_delay + limits::LINGER;
    loop {
        match guard.join(name) {
            Err(JoinError::NameTaken(holder))
                if Instant::now() < deadline
                    && holder.as_deref().is_none_or(name_reclaim::is_leaving) =>
            {
                if guard.context.shutdown.sleep(Duration::from_millis(5)) {
                    return Err(JoinError::Closed(CloseReason::Shutdown.into()));
                }
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
                let post = ConnectionPost::SetUnframed(guard.connection.member_id());
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
