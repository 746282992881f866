//! Turns a member's lines into posts, until one of them is the last.

use std::time::{Duration, Instant};

use common::{Event, Name, Next, PROMISE, Request, request, text};

use super::UntilEnding;
use super::bucket::Bucket;
use super::ear::{Ear, Filled, line_without_end};
use super::pulse::Pulse;
use super::speech::Speech;
use super::visit::Visit;
use crate::fault;
use crate::limits;
use crate::reason::{Ending, Reason};
use crate::rules::Rule;

// The figures are MAX_LINE and MAX_DATAGRAM, see the test.
const TOO_LONG: &str = "That line is longer than 4096 bytes and was not sent.";
const TOO_LONG_DATAGRAM: &str = "That is longer than 1200 bytes and was not sent.";
const NOT_UTF8: &str = "That line is not UTF-8 text and was not sent.";
const PRESS_ENTER: &str = "Press Enter to stay, or you count as gone soon.";
const SILENT: &str = "Nothing has come from you for too long.";

/// What a classroom script leaves with that waits for answers.
const BYE: &str = "bye";

/// What it is answered where nothing else is.
const SENT: &str = "Sent.";

const BLANK: &str = "That was blank and was not sent.";

const MUTED: &str = "The operator has muted you.";
const SILENCE: &str = "Only the operator speaks for now.";

/// Listens to the member `me` until the conversation ends.
///
/// # Errors
///
/// How it ends.
pub fn run(visit: &mut Visit<'_>, ear: &mut Ear, me: Name) -> UntilEnding {
    let own = &visit.shared.limits;
    let mut pulse = Pulse::new(own.heartbeat);
    if visit.link.is_datagrams() {
        pulse.require();
    }
    let mut talk = Talk {
        bucket: Bucket::new(own.rate, Instant::now()),
        pulse,
        warned: false,
        speech: Speech::new(),
        quiet: false,
        unframed: ear.is_unframed(),
        visit,
        me,
    };
    loop {
        match ear.next() {
            Next::Line(line) => talk.hear(line)?,
            Next::TooLong => talk.refuse(TOO_LONG)?,
            Next::NotUtf8 => talk.refuse(NOT_UTF8)?,
            Next::NotYet => {
                talk.post();
                match ear.fill(&talk.visit.link, talk.patience())? {
                    Filled::Bytes | Filled::Unframed => talk.warned = false,
                    Filled::TooLong => talk.refuse(TOO_LONG_DATAGRAM)?,
                    Filled::Nothing => talk.miss()?,
                }
            }
            Next::End => {
                talk.post();
                return Err(Reason::Eof.into());
            }
            Next::Endless => {
                talk.post();
                return Err(line_without_end());
            }
        }
    }
}

/// One member's side of the conversation.
pub(super) struct Talk<'a, 'b> {
    pub(super) visit: &'a mut Visit<'b>,
    pub(super) me: Name,
    pub(super) bucket: Bucket,
    pulse: Pulse,
    /// Whether it was told that nothing has come from it for long.
    warned: bool,
    pub(super) speech: Speech,
    /// Whether it does not want to know who comes and goes.
    pub(super) quiet: bool,
    /// Whether its program knows no lines.
    unframed: bool,
}

impl Talk<'_, '_> {
    /// Does what one line asks for.
    fn hear(&mut self, line: &str) -> Result<(), Ending> {
        self.wait_for_turn()?;
        let line = text::clean(line);
        fault::trip(&line, &self.visit.shared.registry);
        let bare = self.unframed && self.is_bare(&line);
        match Request::parse(&line, &self.me) {
            Request::Say(text) if bare && text.trim().eq_ignore_ascii_case(BYE) => {
                self.post();
                return Err(Reason::Quit.into());
            }
            Request::Say(text) => {
                if self.may_speak() {
                    self.speech.add(&self.me, text);
                    if bare {
                        self.reply(&Event::Notice(SENT));
                    }
                }
                if self.speech.is_long() {
                    self.post();
                }
            }
            Request::Heartbeat if self.unframed => self.reply(&Event::Refusal(BLANK)),
            Request::Heartbeat => {
                if line == PROMISE {
                    self.visit.link.promise();
                    self.pulse.promise();
                }
                self.pulse.beat(Instant::now());
                self.reply(&Event::Heartbeat);
            }
            Request::Quit => {
                self.post();
                return Err(Reason::Quit.into());
            }
            Request::Command { word, rest } => {
                self.post();
                return self.obey(word, rest);
            }
        }
        Ok(())
    }

    /// Whether an unframed peer sends its texts bare. Such a one waits for an answer
    /// to each before it goes on; one that sends its name along does not.
    fn is_bare(&self, line: &str) -> bool {
        let bare = !request::has_prefix(line, &self.me);
        match bare {
            true => self.visit.link.ask(),
            false => self.visit.link.listen(),
        }
        bare
    }

    /// Whether the operator lets this member say something; if not, it is told.
    pub(super) fn may_speak(&mut self) -> bool {
        let hushed = self.hushed();
        if let Some(why) = hushed {
            self.reply(&Event::Refusal(why));
        }
        hushed.is_none()
    }

    /// Why this member may not say anything, if so.
    pub(super) fn hushed(&self) -> Option<&'static str> {
        if self.visit.link.is_muted() {
            return Some(MUTED);
        }
        let silence = self.visit.shared.rules.holds(Rule::Silence);
        silence.then_some(SILENCE)
    }

    /// How long it may be silent. Over UDP, which has no end, a person has to press
    /// Enter now and then, and is told so when a third of the time is left.
    fn patience(&self) -> Option<Duration> {
        let whole = self.pulse.patience()?;
        Some(match self.visit.link.is_datagrams() {
            true if self.warned => whole / 3,
            true => whole / 3 * 2,
            false => whole,
        })
    }

    /// Deals with silence.
    fn miss(&mut self) -> Result<(), Ending> {
        if self.warned || !self.visit.link.is_datagrams() {
            return Err(Ending::told(Reason::Timeout, SILENT));
        }
        self.warned = true;
        self.reply(&Event::Notice(PRESS_ENTER));
        Ok(())
    }

    /// Says that a line was not sent, and why. It cost us work, so it counts.
    fn refuse(&mut self, why: &str) -> Result<(), Ending> {
        self.wait_for_turn()?;
        self.reply(&Event::Refusal(why));
        Ok(())
    }

    /// Answers the member, after what it said before.
    pub(super) fn reply(&mut self, event: &Event<'_>) {
        self.post();
        self.visit.tell(event);
    }

    /// Posts what the member has said so far.
    pub(super) fn post(&mut self) {
        self.speech.post(self.visit);
    }

    /// Holds the member back if it is too fast. It is not told: its next lines
    /// wait in its own socket, and nothing is lost.
    fn wait_for_turn(&mut self) -> Result<(), Ending> {
        let wait = self.bucket.take();
        if wait.is_zero() {
            return Ok(());
        }
        self.post();
        if self.visit.shared.stop.sleep(wait) {
            return Err(Reason::Shutdown.into());
        }
        // Who closes right after the last line is still heard, for a while.
        if self.visit.link.deaf_for() > limits::AFTERWORDS {
            return Err(Reason::Reset.into());
        }
        // Over UDP nothing tells that it is gone, so its last lines must not last.
        let silent = self.visit.link.heard().elapsed();
        let patience = self.pulse.patience();
        if self.visit.link.is_datagrams() && patience.is_some_and(|most| silent > most) {
            return Err(Ending::told(Reason::Timeout, SILENT));
        }
        match self.visit.link.ending() {
            Some(ending) => Err(ending.clone()),
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
