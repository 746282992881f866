//! Chat: a member's lines become posts, until one of them is the last.
//!
//! Thread: the session's own.

use std::time::{Duration, Instant};

use common::capability::CAP;
use common::{
    Capabilities, Capability, Event, HEARTBEAT_OPT_IN, MAX_LINE, Name, NextLine, Request,
    numbering, text,
};

use super::command;
use super::context::UntilClosed;
use super::guard::SessionGuard;
use super::heartbeat::HeartbeatMonitor;
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::member::MemberSession;
use super::post_buffer::PostBuffer;
use super::rate_limit::TokenBucket;
use super::request_reply::RequestReply;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

// The figures are MAX_LINE and MAX_DATAGRAM, see the test.
const TOO_LONG: &str = "Not sent, line is longer than 4096 bytes.";
const TOO_LONG_DATAGRAM: &str = "Not sent, datagram is longer than 1200 bytes.";
const NOT_UTF8: &str = "Not sent, line is not valid UTF-8.";
const BLANK: &str = "Not sent, line is blank.";
const PRESS_ENTER: &str = "Press Enter to stay, or you will be disconnected soon.";
const TIMED_OUT: &str = "Connection timed out.";

/// Handles the lines of the member `me` until its connection closes.
///
/// # Errors
///
/// The reason why it closes.
pub fn run(guard: &mut SessionGuard<'_>, reader: &mut LineReader, me: Name) -> UntilClosed {
    ChatSession::new(guard, me, reader.is_unframed()).run(reader)
}

/// A handler of one line. It depends on the kind of the peer, and is replaced when the
/// peer shows another kind, so that no line is tested for it.
type LineHandler<'a, 'b> = fn(&mut ChatSession<'a, 'b>, &str) -> Result<(), Close>;

/// One member's lines, and what decides when they are read.
struct ChatSession<'a, 'b> {
    member: MemberSession<'a, 'b>,
    heartbeat: HeartbeatMonitor,
    handler: LineHandler<'a, 'b>,
    /// For an unframed peer.
    replies: RequestReply,
    /// The member was warned that nothing has come from it for long.
    idle_warned: bool,
}

impl<'a, 'b> ChatSession<'a, 'b> {
    fn new(guard: &'a mut SessionGuard<'b>, me: Name, is_unframed: bool) -> ChatSession<'a, 'b> {
        let limits = &guard.context.limits;
        let mut heartbeat = HeartbeatMonitor::new(limits.heartbeat);
        if guard.connection.is_udp() {
            heartbeat.require();
        }
        let replies = RequestReply::new(guard.was_prompted);
        let granted = guard.capabilities;
        let member = MemberSession {
            rate_limit: TokenBucket::new(limits.rate, Instant::now()),
            post_buffer: PostBuffer::new(),
            has_replied: false,
            guard,
            me,
        };
        let mut chat = ChatSession {
            member,
            heartbeat,
            handler: if is_unframed {
                ChatSession::handle_unframed
            } else {
                ChatSession::handle_line
            },
            replies,
            idle_warned: false,
        };
        chat.use_capabilities(granted);
        chat
    }

    /// Reads lines and gives each to the handler.
    fn run(&mut self, reader: &mut LineReader) -> UntilClosed {
        reader.set_numbered(self.is_numbered());
        loop {
            match reader.next() {
                NextLine::Line(line) => (self.handler)(self, line)?,
                NextLine::TooLong => self.refuse_unreadable(TOO_LONG)?,
                NextLine::NotUtf8 => self.refuse_unreadable(NOT_UTF8)?,
                NextLine::Incomplete => {
                    // No complete line is left, so what was said is posted before the
                    // thread blocks.
                    self.member.flush();
                    reader.set_numbered(self.is_numbered());
                    match reader.fill(&self.member.guard.connection, self.read_timeout())? {
                        // A peer becomes unframed only before it has a name.
                        FillOutcome::Received | FillOutcome::BecameUnframed => {
                            self.idle_warned = false;
                        }
                        FillOutcome::TooLong => self.refuse_line(TOO_LONG_DATAGRAM)?,
                        FillOutcome::TimedOut => self.on_timeout()?,
                    }
                }
                NextLine::End => return Err(self.flush_and_close(CloseReason::Eof)),
                NextLine::Overrun => {
                    self.member.flush();
                    return Err(unterminated_line());
                }
            }
        }
    }

    /// Does what one line of a framed peer asks for.
    fn handle_line(&mut self, line: &str) -> Result<(), Close> {
        self.throttle()?;
        let line = text::sanitize(line);
        #[cfg(test)]
        super::test_panic::check(&line, self.member.registry());
        match Request::parse(&line, &self.member.me) {
            Request::Say(text) => self.say(text),
            Request::Heartbeat => self.heartbeat(&line),
            Request::Quit => return Err(self.flush_and_close(CloseReason::Quit)),
            Request::Command { word, rest } => self.run_command(word, rest)?,
        }
        Ok(())
    }

    /// Does what one text of an unframed peer asks for. Its program may wait for
    /// one reply before it sends the next text.
    fn handle_unframed(&mut self, text: &str) -> Result<(), Close> {
        self.throttle()?;
        let text = text::sanitize(text);
        let expects_reply = RequestReply::observe(&text, &self.member);
        self.member.has_replied = false;
        match Request::parse(&text, &self.member.me) {
            Request::Say(text) if expects_reply && RequestReply::is_bye(text) => {
                return Err(self.flush_and_close(CloseReason::Quit));
            }
            Request::Say(text) => {
                self.say(text);
                self.replies.acknowledge(&mut self.member, expects_reply);
            }
            Request::Heartbeat => self.member.refuse(BLANK),
            Request::Quit => return Err(self.flush_and_close(CloseReason::Quit)),
            Request::Command { word, rest } => {
                self.run_command(word, rest)?;
                let expects_reply = expects_reply && RequestReply::has_no_reply(word);
                self.replies.acknowledge(&mut self.member, expects_reply);
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let member = &mut self.member;
        if member.may_speak_or_refuse() {
            member.post_buffer.push_message(&member.me, text);
        }
        if member.post_buffer.is_large() {
            member.flush();
        }
    }

    fn heartbeat(&mut self, line: &str) {
        if line == HEARTBEAT_OPT_IN {
            self.member.connection().flags.set_answers_probes();
            self.heartbeat.opt_in();
        }
        self.heartbeat.record_blank(Instant::now());
        if self.is_numbered() {
            self.member.acknowledge();
        } else {
            self.member.reply(&Event::Heartbeat);
        }
    }

    fn run_command(&mut self, word: &str, rest: &str) -> Result<(), Close> {
        self.member.flush();
        // It is in no list of commands, because no person needs it.
        if word.eq_ignore_ascii_case(CAP) {
            let new = self.member.guard.grant(Capabilities::parse(rest));
            self.use_capabilities(new);
            return Ok(());
        }
        command::run(&mut self.member, word, rest)
    }

    /// Does what newly granted capabilities mean for the lines that follow.
    fn use_capabilities(&mut self, new: Capabilities) {
        if new.contains(Capability::Heartbeat) {
            self.heartbeat.opt_in();
        }
        if new.contains(Capability::Id) {
            self.handler = ChatSession::handle_numbered;
        }
    }

    fn is_numbered(&self) -> bool {
        let capabilities = self.member.guard.capabilities;
        capabilities.contains(Capability::Id)
    }

    /// Does what a line of a client asks for that numbers its lines. A number that was
    /// dealt with is dropped; after a gap nothing is said.
    fn handle_numbered(&mut self, line: &str) -> Result<(), Close> {
        let Some((number, line)) = numbering::split(line) else {
            return self.handle_line(line);
        };
        let expected = self.member.last_number() + 1;
        if number > expected {
            return self.refuse_line(&format!("Line {expected} is missing."));
        }
        if number < expected {
            return self.throttle();
        }
        if line.len() >= MAX_LINE {
            self.refuse_line(TOO_LONG)?;
        } else {
            self.handle_line(line)?;
        }
        self.member.set_last_number(number);
        Ok(())
    }

    /// Refuses a line of which not even the number can be read. A client that numbers
    /// its lines has numbered it.
    fn refuse_unreadable(&mut self, why: &str) -> Result<(), Close> {
        self.refuse_line(why)?;
        if self.is_numbered() {
            self.member.set_last_number(self.member.last_number() + 1);
        }
        Ok(())
    }

    fn flush_and_close(&mut self, reason: CloseReason) -> Close {
        self.member.flush();
        reason.into()
    }

    /// Returns for how long the member may be silent; `None` is forever. A member
    /// over UDP must send something now and then, because UDP reports no
    /// close. It is warned when a third of the time is left.
    fn read_timeout(&self) -> Option<Duration> {
        let whole = self.heartbeat.timeout()?;
        if !self.member.connection().is_udp() {
            return Some(whole);
        }
        Some(if self.idle_warned {
            whole / 3
        } else {
            whole / 3 * 2
        })
    }

    /// Warns a silent member over UDP once; closes the connection otherwise.
    fn on_timeout(&mut self) -> Result<(), Close> {
        if self.idle_warned || !self.member.connection().is_udp() {
            return Err(timed_out());
        }
        self.idle_warned = true;
        self.member.notify(PRESS_ENTER);
        Ok(())
    }

    /// Replies that a line was not sent. The line counts against the rate.
    fn refuse_line(&mut self, why: &str) -> Result<(), Close> {
        self.throttle()?;
        self.member.refuse(why);
        Ok(())
    }

    /// Holds the member back if it is too fast. Its next lines wait in its own
    /// socket, and none is lost.
    fn throttle(&mut self) -> Result<(), Close> {
        let wait = self.member.rate_limit.take();
        if wait.is_zero() {
            return Ok(());
        }
        self.member.flush();
        if self.member.guard.context.shutdown.sleep(wait) {
            return Err(CloseReason::Shutdown.into());
        }
        let connection = self.member.connection();
        // The last lines of a peer that has closed are still said, for a while.
        if connection.lifecycle.peer_gone_for() > limits::DRAIN_INPUT {
            return Err(CloseReason::Reset.into());
        }
        // UDP does not report that a peer is gone, so a silent one counts as gone.
        let silent = connection.last_received().elapsed();
        let timeout = self.heartbeat.timeout();
        if connection.is_udp() && timeout.is_some_and(|timeout| silent > timeout) {
            return Err(timed_out());
        }
        match connection.lifecycle.close_cause() {
            Some(close) => Err(close.clone()),
            None => Ok(()),
        }
    }
}

fn timed_out() -> Close {
    Close::with_message(CloseReason::Timeout, TIMED_OUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_of_a_long_line_names_the_limit() {
        assert!(TOO_LONG.contains(&common::MAX_LINE.to_string()));
        assert!(TOO_LONG_DATAGRAM.contains(&common::MAX_DATAGRAM.to_string()));
    }
}
