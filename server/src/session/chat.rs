//! Chat: a member's lines are read and handled, until one of them is the last.
//!
//! Thread: the session's own.

use std::time::Duration;

use common::{Event, Name, NextLine, numbering};

use super::context::UntilClosed;
use super::guard::SessionGuard;
use super::line_handler::{LineHandler, TOO_LONG, timed_out};
use super::line_reader::{FillOutcome, LineReader, unterminated_line};
use super::unframed_text;
use crate::broadcaster::post::Audience;
use crate::connection::close::{Close, CloseReason};

// The figure is MAX_DATAGRAM, see the test.
const TOO_LONG_DATAGRAM: &str = "Not sent, datagram is longer than 1200 bytes.";
const NOT_UTF8: &str = "Not sent, line is not valid UTF-8.";
const PRESS_ENTER: &str = "Press Enter to stay, or you will be disconnected soon.";

/// Handles the lines of the member `me` until its connection closes.
///
/// # Errors
///
/// The reason why it closes.
pub fn run(guard: &mut SessionGuard<'_>, reader: &mut LineReader, me: Name) -> UntilClosed {
    let handler = if reader.is_unframed() {
        LineHandler::new(guard, me, unframed_text::handle_text)
    } else {
        LineHandler::new(guard, me, LineHandler::handle_framed)
    };
    let mut chat = Chat {
        handler,
        idle_warned: false,
    };
    chat.run(reader)
}

/// One member's lines, and how long to wait for the next.
struct Chat<'a, 'b> {
    handler: LineHandler<'a, 'b>,
    /// The member was warned that nothing has come from it for long.
    idle_warned: bool,
}

impl Chat<'_, '_> {
    fn run(&mut self, reader: &mut LineReader) -> UntilClosed {
        reader.set_numbered(self.handler.is_numbered());
        loop {
            match reader.next() {
                NextLine::Line(line) => self.handler.handle(line)?,
                NextLine::TooLong => {
                    let number = numbering::number_of(reader.last_beginning());
                    self.handler.refuse_unreadable(number, TOO_LONG)?;
                }
                NextLine::NotUtf8 => {
                    let number = numbering::number_of(reader.last_beginning());
                    self.handler.refuse_unreadable(number, NOT_UTF8)?;
                }
                NextLine::Incomplete => {
                    // No complete line is left, so what was said is posted before the
                    // thread blocks.
                    self.handler.member.flush();
                    reader.set_numbered(self.handler.is_numbered());
                    match reader.fill(&self.handler.member.guard.connection, self.read_timeout())? {
                        // A peer becomes unframed only before it has a name.
                        FillOutcome::Received | FillOutcome::BecameUnframed => {
                            self.idle_warned = false;
                        }
                        FillOutcome::TooLong => self.handler.refuse_line(TOO_LONG_DATAGRAM)?,
                        FillOutcome::TimedOut => self.on_timeout()?,
                    }
                    // The beginning of a line says nothing: its client sends the whole
                    // line again.
                    if reader.has_ended() && self.handler.is_numbered() {
                        return Err(CloseReason::Eof.into());
                    }
                }
                NextLine::End => return Err(self.handler.flush_and_close(CloseReason::Eof)),
                NextLine::Overrun => {
                    self.handler.member.flush();
                    return Err(unterminated_line());
                }
            }
        }
    }

    /// Returns for how long the member may be silent; `None` is forever. A member
    /// over UDP must send something now and then, because UDP reports no
    /// close. It is warned when a third of the time is left.
    fn read_timeout(&self) -> Option<Duration> {
        let whole = self.handler.heartbeat.timeout()?;
        if !self.handler.member.connection().is_udp() {
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
        if self.idle_warned || !self.handler.member.connection().is_udp() {
            return Err(timed_out());
        }
        self.idle_warned = true;
        let member = &self.handler.member;
        let audience = Audience::OneWithNotice(member.id());
        let warning = Event::Notice(PRESS_ENTER).to_line();
        member.posts().deliver(audience, warning);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_of_a_long_datagram_names_the_limit() {
        assert!(TOO_LONG_DATAGRAM.contains(&common::MAX_DATAGRAM.to_string()));
    }
}
