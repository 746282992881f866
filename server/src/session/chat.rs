//! Turns a member's lines into posts, until one of them is the last.

use std::time::{Duration, Instant};

use common::{Event, HEARTBEAT_OPT_IN, Name, NextLine, Request, text};

use super::context::UntilClosed;
use super::guard::SessionGuard;
use super::heartbeat::HeartbeatMonitor;
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::outbox::Outbox;
use super::rate_limit::TokenBucket;
use super::reply_mode::{self, ReplyMode};
use super::test_panic;
use crate::connection::close::{Close, CloseReason};
use crate::limits;
use crate::moderation::rules::Switch;

// The figures are MAX_LINE and MAX_DATAGRAM, see the test.
const TOO_LONG: &str = "That line is longer than 4096 bytes and was not sent.";
const TOO_LONG_DATAGRAM: &str = "That is longer than 1200 bytes and was not sent.";
const NOT_UTF8: &str = "That line is not UTF-8 text and was not sent.";
const PRESS_ENTER: &str = "Press Enter to stay, or you count as gone soon.";
const NOTHING_RECEIVED: &str = "Nothing has come from you for too long.";

/// What a script that waits for answers gets where nothing else is one.
const SENT: &str = "Sent.";

const BLANK: &str = "That was blank and was not sent.";

const MUTED: &str = "The operator has muted you.";
const OPERATOR_ONLY: &str = "Only the operator speaks for now.";

/// Listens to the member `me` until the conversation ends.
///
/// # Errors
///
/// How it ends.
pub fn run(guard: &mut SessionGuard<'_>, reader: &mut LineReader, me: Name) -> UntilClosed {
    let own = &guard.context.limits;
    let mut pulse = HeartbeatMonitor::new(own.heartbeat);
    if guard.connection.is_udp() {
        pulse.require();
    }
    let mut talk = ChatSession {
        rate_limit: TokenBucket::new(own.rate, Instant::now()),
        heartbeat: pulse,
        idle_warned: false,
        outbox: Outbox::new(),
        hides_join_leave: false,
        reply_mode: ReplyMode::new(reader.is_unframed(), guard.was_prompted),
        answered: false,
        guard,
        me,
    };
    loop {
        match reader.next() {
            NextLine::Line(line) => talk.handle_line(line)?,
            NextLine::TooLong => talk.refuse_line(TOO_LONG)?,
            NextLine::NotUtf8 => talk.refuse_line(NOT_UTF8)?,
            NextLine::Incomplete => {
                talk.flush_outbox();
                match reader.fill(&talk.guard.connection, talk.read_timeout())? {
                    FillOutcome::Received | FillOutcome::BecameUnframed => talk.idle_warned = false,
                    FillOutcome::TooLong => talk.refuse_line(TOO_LONG_DATAGRAM)?,
                    FillOutcome::TimedOut => talk.on_timeout()?,
                }
            }
            NextLine::End => {
                talk.flush_outbox();
                return Err(CloseReason::Eof.into());
            }
            NextLine::Overrun => {
                talk.flush_outbox();
                return Err(unterminated_line());
            }
        }
    }
}

/// One member's side of the conversation.
pub(super) struct ChatSession<'a, 'b> {
    pub(super) guard: &'a mut SessionGuard<'b>,
    pub(super) me: Name,
    pub(super) rate_limit: TokenBucket,
    heartbeat: HeartbeatMonitor,
    /// Whether it was told that nothing has come from it for long.
    idle_warned: bool,
    pub(super) outbox: Outbox,
    /// Whether it does not want to know who comes and goes.
    pub(super) hides_join_leave: bool,
    /// How its program behaves, if it knows no lines.
    reply_mode: ReplyMode,
    /// Whether the line that is being dealt with was answered.
    answered: bool,
}

impl ChatSession<'_, '_> {
    /// Does what one line asks for.
    fn handle_line(&mut self, line: &str) -> Result<(), Close> {
        self.throttle()?;
        let line = text::sanitize(line);
        test_panic::check(&line, &self.guard.context.registry);
        let waits = self
            .reply_mode
            .expects_reply(&line, &self.me, &self.guard.connection);
        self.answered = false;
        match Request::parse(&line, &self.me) {
            Request::Say(text) if waits && reply_mode::is_bye(text) => {
                self.flush_outbox();
                return Err(CloseReason::Quit.into());
            }
            Request::Say(text) => {
                if self.check_not_muted() {
                    self.outbox.push_message(&self.me, text);
                    if waits {
                        self.acknowledge();
                    }
                }
                if self.outbox.is_large() {
                    self.flush_outbox();
                }
            }
            Request::Heartbeat if self.reply_mode.is_unframed() => {
                self.reply(&Event::Refusal(BLANK))
            }
            Request::Heartbeat => {
                if line == HEARTBEAT_OPT_IN {
                    self.guard.connection.flags.set_answers_probes();
                    self.heartbeat.opt_in();
                }
                self.heartbeat.record_blank(Instant::now());
                self.reply(&Event::Heartbeat);
            }
            Request::Quit => {
                self.flush_outbox();
                return Err(CloseReason::Quit.into());
            }
            Request::Command { word, rest } => {
                self.flush_outbox();
                self.run_command(word, rest)?;
                if waits && reply_mode::has_no_reply(word) && !self.answered {
                    self.acknowledge();
                }
            }
        }
        Ok(())
    }

    /// Answers a program that waits for it, and gets no other answer.
    fn acknowledge(&mut self) {
        if self.reply_mode.needs_reply() {
            self.reply(&Event::Notice(SENT));
        }
    }

    /// Whether the operator lets this member say something; if not, it is told.
    pub(super) fn check_not_muted(&mut self) -> bool {
        let hushed = self.mute_reason();
        if let Some(why) = hushed {
            self.reply(&Event::Refusal(why));
        }
        hushed.is_none()
    }

    /// Why this member may not say anything, if so.
    pub(super) fn mute_reason(&self) -> Option<&'static str> {
        if self.guard.connection.flags.is_muted() {
            return Some(MUTED);
        }
        let silence = self.guard.context.moderation.is_on(Switch::Silence);
        silence.then_some(OPERATOR_ONLY)
    }

    /// How long it may be silent. Over UDP, which has no end, a person has to press
    /// Enter now and then, and is told so when a third of the time is left.
    fn read_timeout(&self) -> Option<Duration> {
        let whole = self.heartbeat.timeout()?;
        Some(match self.guard.connection.is_udp() {
            true if self.idle_warned => whole / 3,
            true => whole / 3 * 2,
            false => whole,
        })
    }

    /// Deals with silence.
    fn on_timeout(&mut self) -> Result<(), Close> {
        if self.idle_warned || !self.guard.connection.is_udp() {
            return Err(Close::with_message(CloseReason::Timeout, NOTHING_RECEIVED));
        }
        self.idle_warned = true;
        self.reply(&Event::Notice(PRESS_ENTER));
        Ok(())
    }

    /// Says that a line was not sent, and why. It cost us work, so it counts.
    fn refuse_line(&mut self, why: &str) -> Result<(), Close> {
        self.throttle()?;
        self.reply(&Event::Refusal(why));
        Ok(())
    }

    /// Answers the member, after what it said before.
    pub(super) fn reply(&mut self, event: &Event<'_>) {
        self.answered = true;
        self.flush_outbox();
        self.guard.send(event);
    }

    /// Posts what the member has said so far.
    pub(super) fn flush_outbox(&mut self) {
        self.outbox.flush(self.guard);
    }

    /// Holds the member back if it is too fast. It is not told: its next lines
    /// wait in its own socket, and nothing is lost.
    fn throttle(&mut self) -> Result<(), Close> {
        let wait = self.rate_limit.take();
        if wait.is_zero() {
            return Ok(());
        }
        self.flush_outbox();
        if self.guard.context.shutdown.sleep(wait) {
            return Err(CloseReason::Shutdown.into());
        }
        // Who closes right after the last line is still heard, for a while.
        if self.guard.connection.lifecycle.peer_gone_for() > limits::DRAIN_INPUT {
            return Err(CloseReason::Reset.into());
        }
        // Over UDP nothing tells that it is gone, so its last lines must not last.
        let silent = self.guard.connection.last_received().elapsed();
        let timeout = self.heartbeat.timeout();
        if self.guard.connection.is_udp() && timeout.is_some_and(|max| silent > max) {
            return Err(Close::with_message(CloseReason::Timeout, NOTHING_RECEIVED));
        }
        match self.guard.connection.lifecycle.close_cause() {
            Some(close) => Err(close.clone()),
            None => Ok(()),
        }
    }
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
