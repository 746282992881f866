//! Line handler: does what each line of a member asks for.

use std::cmp::Ordering;
use std::time::Instant;

use common::capability::CAP;
use common::{
    Capabilities, Capability, Event, HEARTBEAT_OPT_IN, MAX_LINE, Name, Request, numbering, text,
};

use super::command;
use super::guard::SessionGuard;
use super::heartbeat::HeartbeatMonitor;
use super::member_session::MemberSession;
use super::post_buffer::PostBuffer;
use super::reply_tracker::ReplyTracker;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

// The figure is MAX_LINE, see the test.
pub const TOO_LONG: &str = "Not sent, line is longer than 4096 bytes.";
const TIMED_OUT: &str = "Connection timed out.";

/// A function that handles one line. It depends on the kind of the peer, and is
/// replaced when the peer shows another kind. So no line is tested for the kind of its
/// peer.
pub type LineFn<'a, 'b> = fn(&mut LineHandler<'a, 'b>, &str) -> Result<(), Close>;

/// The handler of one member's lines.
pub struct LineHandler<'a, 'b> {
    /// The member's session, as commands see it.
    pub member: MemberSession<'a, 'b>,
    /// Tells how long the member may be silent.
    pub heartbeat: HeartbeatMonitor,
    /// The replies to an unframed peer.
    pub replies: ReplyTracker,
    handle: LineFn<'a, 'b>,
}

impl<'a, 'b> LineHandler<'a, 'b> {
    /// Makes the handler of the member `me`, which gives each line to `handle`.
    pub fn new(
        guard: &'a mut SessionGuard<'b>,
        me: Name,
        handle: LineFn<'a, 'b>,
    ) -> LineHandler<'a, 'b> {
        let limits = &guard.context.limits;
        let mut heartbeat = HeartbeatMonitor::new(limits.heartbeat);
        if guard.connection.is_udp() {
            heartbeat.require();
        }
        let replies = ReplyTracker::new(guard.was_prompted);
        let granted = guard.capabilities;
        let member = MemberSession {
            post_buffer: PostBuffer::new(),
            has_replied: false,
            guard,
            me,
        };
        let mut handler = LineHandler {
            member,
            heartbeat,
            replies,
            handle,
        };
        handler.use_capabilities(granted);
        handler
    }

    /// Does what one line asks for.
    ///
    /// # Errors
    ///
    /// How the connection closes, if the line or something meanwhile asks for that.
    pub fn handle(&mut self, line: &str) -> Result<(), Close> {
        (self.handle)(self, line)
    }

    /// Does what one line of a framed peer asks for.
    pub fn handle_framed(&mut self, line: &str) -> Result<(), Close> {
        self.throttle()?;
        let line = text::sanitize(line);
        #[cfg(test)]
        super::test_panic::check(&line, self.member.registry());
        match Request::parse(&line, &self.member.me) {
            Request::Say(text) => self.say(text),
            Request::Heartbeat => self.answer_heartbeat(&line),
            Request::Quit => return Err(self.flush_and_close(CloseReason::Quit)),
            Request::Command { word, rest } => self.run_command(word, rest)?,
        }
        Ok(())
    }

    pub fn say(&mut self, text: &str) {
        let member = &mut self.member;
        if member.may_speak_or_refuse() {
            member.post_buffer.push_message(&member.me, text);
        }
        if member.post_buffer.is_large() {
            member.flush();
        }
    }

    fn answer_heartbeat(&mut self, line: &str) {
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

    pub fn run_command(&mut self, word: &str, rest: &str) -> Result<(), Close> {
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
            self.handle = LineHandler::handle_numbered;
        }
    }

    pub fn is_numbered(&self) -> bool {
        self.member.guard.is_numbered()
    }

    /// Handles a line from a client that numbers its lines.
    fn handle_numbered(&mut self, line: &str) -> Result<(), Close> {
        let Some((number, line)) = numbering::split(line) else {
            return self.handle_of_any_length(line);
        };
        self.in_turn(number, |handler| handler.handle_of_any_length(line))
    }

    /// Handles a line that may be longer than one without a number.
    fn handle_of_any_length(&mut self, line: &str) -> Result<(), Close> {
        if line.len() >= MAX_LINE {
            self.refuse_line(TOO_LONG)
        } else {
            self.handle_framed(line)
        }
    }

    /// Handles the line of this number, if it is the next. One that was handled is
    /// dropped; a line after a gap is refused.
    fn in_turn(
        &mut self,
        number: u64,
        handle: impl FnOnce(&mut Self) -> Result<(), Close>,
    ) -> Result<(), Close> {
        let expected = self.member.last_handled() + 1;
        match number.cmp(&expected) {
            Ordering::Less => self.throttle(),
            Ordering::Greater => self.refuse_line(&format!("Line {expected} is missing.")),
            Ordering::Equal => {
                handle(self)?;
                self.member.set_last_handled(number);
                Ok(())
            }
        }
    }

    /// Refuses a line of which at most the number can be read.
    pub fn refuse_unreadable(&mut self, number: Option<u64>, why: &str) -> Result<(), Close> {
        match number.filter(|_| self.is_numbered()) {
            Some(number) => self.in_turn(number, |handler| handler.refuse_line(why)),
            None => self.refuse_line(why),
        }
    }

    pub fn flush_and_close(&mut self, reason: CloseReason) -> Close {
        self.member.flush();
        reason.into()
    }

    /// Replies that a line was not sent. The line counts against the rate.
    pub fn refuse_line(&mut self, why: &str) -> Result<(), Close> {
        self.throttle()?;
        self.member.refuse(why);
        Ok(())
    }

    /// Holds the member back if it is too fast. Its next lines wait in its own
    /// socket, and none is lost.
    pub fn throttle(&mut self) -> Result<(), Close> {
        // Lines that came before a kick and are not posted yet are dropped.
        if let Some(kick) = self.member.connection().lifecycle.kick() {
            return Err(kick.clone());
        }
        let wait = self.member.guard.rate_limit.take();
        if wait.is_zero() {
            return Ok(());
        }
        self.member.flush();
        if self.member.guard.context.shutdown.sleep(wait) {
            return Err(CloseReason::Shutdown.into());
        }
        let connection = self.member.connection();
        // The last lines of a peer that is gone are still said, for a while.
        if connection.lifecycle.peer_gone_for() > limits::DRAIN_INPUT {
            return Err(CloseReason::Reset.into());
        }
        // UDP does not report that a peer is gone, so a silent one counts as gone.
        let silent_for = connection.last_received().elapsed();
        let timeout = self.heartbeat.timeout();
        if connection.is_udp() && timeout.is_some_and(|timeout| silent_for > timeout) {
            return Err(timed_out());
        }
        match connection.lifecycle.close_cause() {
            Some(close) => Err(close.clone()),
            None => Ok(()),
        }
    }
}

/// Returns the close of the connection of a member that was silent for too long.
pub fn timed_out() -> Close {
    Close::with_message(CloseReason::Timeout, TIMED_OUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_of_a_long_line_names_the_limit() {
        assert!(TOO_LONG.contains(&MAX_LINE.to_string()));
    }
}
