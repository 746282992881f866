//! Handshake: the first line becomes the name of a member, or a request for a file.

use std::time::{Duration, Instant};

use common::transfer::TransferRequest;
use common::{Capabilities, Event, Name, NextLine, QUIT, ResumeRequest, notice};

use super::foreign_protocol;
use super::guard::{JoinError, SessionGuard};
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::name_reclaim::{self, ReclaimOutcome};
use super::resuming::{self, ResumeError};
use crate::broadcaster::post::{ConnectionPost, Post};
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// How often to try for a name whose holder is about to leave.
const CLAIM_INTERVAL: Duration = Duration::from_millis(20);

/// The kind of a connection, as its first line shows it.
pub enum HandshakeOutcome {
    /// A member of this name.
    Member(Name),
    /// A connection that carries a file.
    Transfer(TransferRequest),
}

/// Reads lines until one makes the peer a member, or is a request for a file.
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
    let mut timer = HandshakeTimer::start(guard);
    let mut tries = 0;
    loop {
        if let Some(close) = foreign_protocol::detect(reader.pending()) {
            return Err(close);
        }
        // Also while lines wait that came long ago.
        timer.check(guard)?;
        let line = match reader.next() {
            NextLine::Line(line) => {
                // Lines before a name come no faster than others.
                let wait = guard.rate_limit.take();
                guard.pause(wait)?;
                handle_line(guard, line)?
            }
            NextLine::TooLong => refused_name("Name is too long."),
            NextLine::NotUtf8 => refused_name("Name is not valid UTF-8."),
            NextLine::Incomplete => {
                timer.fill(guard, reader)?;
                continue;
            }
            NextLine::End => return Err(CloseReason::Eof.into()),
            NextLine::Overrun => return Err(unterminated_line()),
        };
        reader.set_numbered(guard.is_numbered());
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
        Err(JoinError::Refused(why)) => Ok(refused_name(why)),
        Err(JoinError::Closed(close)) => Err(close),
    }
}

/// Joins as `name`, and takes it over if its holder turns out to be gone.
fn claim_name(guard: &mut SessionGuard<'_>, name: &Name) -> Result<(), JoinError> {
    let holder = match guard.join(name) {
        Err(JoinError::NameTaken(Some(holder))) => holder,
        done => return done,
    };
    // It waits without a name from here on, and so must make room for others.
    guard.count_unnamed();
    let wait = match name_reclaim::reclaim_from(&holder, &guard.connection, &guard.context) {
        ReclaimOutcome::Leaving(wait) => wait,
        ReclaimOutcome::Alive => {
            name_reclaim::delay_refusal(guard, &holder).map_err(JoinError::Closed)?;
            return Err(JoinError::NameTaken(Some(holder)));
        }
    };
    // The session of the holder is about to leave, and releases the name last. A holder
    // that may resume has some time for that, and a busy machine needs some more.
    let latest = Instant::now() + guard.context.limits.leave_delay + limits::MAX_LINGER;
    let deadline = latest.min(guard.name_deadline);
    loop {
        let holder = match guard.join(name) {
            Err(JoinError::NameTaken(holder)) => holder,
            done => return done,
        };
        let is_leaving = holder.as_deref().is_none_or(name_reclaim::may_release_name);
        if let Some(holder) = holder.as_ref().filter(|_| wait.holder_is_silent) {
            guard.context.resume.hasten_leave(holder.member_id());
        }
        if !is_leaving || Instant::now() >= deadline {
            return Err(JoinError::NameTaken(holder));
        }
        guard.pause(CLAIM_INTERVAL).map_err(JoinError::Closed)?;
    }
}

/// The times of the handshake: when to prompt, when to count the connection as one
/// without a name, and when to close.
struct HandshakeTimer {
    prompt_at: Option<Instant>,
    /// When the connection counts as one without a name.
    count_at: Option<Instant>,
    name_timeout: Duration,
    deadline: Instant,
}

impl HandshakeTimer {
    fn start(guard: &SessionGuard<'_>) -> HandshakeTimer {
        let now = Instant::now();
        HandshakeTimer {
            prompt_at: Some(now + limits::NAME_PROMPT_DELAY),
            count_at: Some(now + limits::UNNAMED_DELAY),
            name_timeout: guard.context.limits.name_timeout,
            deadline: guard.name_deadline,
        }
    }

    /// Does what is due: the connection counts, or its time is over.
    fn check(&mut self, guard: &SessionGuard<'_>) -> Result<(), Close> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(self.timed_out());
        }
        if self.count_at.is_some_and(|count_at| now >= count_at) {
            self.count_at = None;
            guard.count_unnamed();
        }
        Ok(())
    }

    /// Reads once, for as long as there is time.
    fn fill(&mut self, guard: &mut SessionGuard<'_>, reader: &mut LineReader) -> Result<(), Close> {
        let times = [self.prompt_at, self.count_at, Some(self.deadline)];
        let next = times.into_iter().flatten().min().unwrap_or(self.deadline);
        let timeout = next.saturating_duration_since(Instant::now());
        match reader.fill(&guard.connection, Some(timeout))? {
            FillOutcome::Received => self.prompt_at = None, // no need to prompt
            FillOutcome::TooLong => {}                      // no name is that long
            FillOutcome::BecameUnframed => {
                guard.is_unframed = true;
                let post = ConnectionPost::SetUnframed(guard.connection.member_id());
                guard.context.posts.send(Post::Connection(post));
            }
            FillOutcome::TimedOut => {
                let is_due = self.prompt_at.is_some_and(|at| Instant::now() >= at);
                if is_due {
                    self.prompt_at = None;
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::test_parts::TestParts;
    use crate::broadcaster::post::{MemberPost, Post};
    use crate::session;

    /// Returns `true` if a peer at the address `from` can join.
    fn can_join(server: &TestParts, from: &str) -> bool {
        let (parts, permit, mut peer) = server.connect(from);
        peer.write_all(b"ann\nq:quit\n").unwrap();
        drop(peer); // nobody waits for its end
        let context = server.context.clone();
        session::run(parts.read_half, parts.connection, permit, context);
        let is_join = |post| matches!(post, Post::Member(MemberPost::Join(..)));
        server.queue.try_iter().any(is_join)
    }

    #[test]
    fn a_ban_of_an_address_keeps_its_host_out_and_nobody_else() {
        for (banned, same_host, others) in [
            (
                "2001:db8:0:1::7",
                "2001:db8:0:1:a::8",
                ["2001:db8:0:2::7", "10.0.0.7"],
            ),
            (
                "10.0.0.7",
                "::ffff:10.0.0.7",
                ["10.0.0.8", "::ffff:10.0.0.8"],
            ),
            (
                "::ffff:10.0.0.7",
                "10.0.0.7",
                ["10.0.0.8", "::ffff:10.0.0.8"],
            ),
        ] {
            let server = TestParts::new();
            server.type_line(&format!("/ban {banned}"));
            for from in [banned, same_host] {
                assert!(!can_join(&server, from), "{from} after a ban of {banned}");
            }
            for from in others {
                assert!(can_join(&server, from), "{from} after a ban of {banned}");
            }
            server.type_line(&format!("/unban {same_host}"));
            assert!(can_join(&server, banned));
        }
    }
}
