//! Turns a member's lines into posts, until one of them is the last.

use std::time::{Duration, Instant};

use common::{Event, HEARTBEAT_OPT_IN, Name, NextLine, Request, text};

use super::UntilEnding;
use super::bucket::Bucket;
use super::ear::{Ear, Filled, line_without_end};
use super::manner::{self, Manner};
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

/// What a script that waits for answers gets where nothing else is one.
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
        manner: Manner::new(ear.is_unframed(), visit.prompted),
        answered: false,
        visit,
        me,
    };
    loop {
        match ear.next() {
            NextLine::Line(line) => talk.hear(line)?,
            NextLine::TooLong => talk.refuse(TOO_LONG)?,
            NextLine::NotUtf8 => talk.refuse(NOT_UTF8)?,
            NextLine::Incomplete => {
                talk.post();
                match ear.fill(&talk.visit.link, talk.patience())? {
                    Filled::Bytes | Filled::Unframed => talk.warned = false,
                    Filled::TooLong => talk.refuse(TOO_LONG_DATAGRAM)?,
                    Filled::Nothing => talk.miss()?,
                }
            }
            NextLine::End => {
                talk.post();
                return Err(Reason::Eof.into());
            }
            NextLine::Overrun => {
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
    /// How its program behaves, if it knows no lines.
    manner: Manner,
    /// Whether the line that is being dealt with was answered.
    answered: bool,
}

impl Talk<'_, '_> {
    /// Does what one line asks for.
    fn hear(&mut self, line: &str) -> Result<(), Ending> {
        self.wait_for_turn()?;
        let line = text::sanitize(line);
        fault::trip(&line, &self.visit.shared.registry);
        let waits = self.manner.waits(&line, &self.me, &self.visit.link);
        self.answered = false;
        match Request::parse(&line, &self.me) {
            Request::Say(text) if waits && manner::is_bye(text) => {
                self.post();
                return Err(Reason::Quit.into());
            }
            Request::Say(text) => {
                if self.may_speak() {
                    self.speech.add(&self.me, text);
                    if waits {
                        self.acknowledge();
                    }
                }
                if self.speech.is_long() {
                    self.post();
                }
            }
            Request::Heartbeat if self.manner.is_unframed() => self.reply(&Event::Refusal(BLANK)),
            Request::Heartbeat => {
                if line == HEARTBEAT_OPT_IN {
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
                self.obey(word, rest)?;
                if waits && manner::is_speech(word) && !self.answered {
                    self.acknowledge();
                }
            }
        }
        Ok(())
    }

    /// Answers a program that waits for it, and gets no other answer.
    fn acknowledge(&mut self) {
        if self.manner.needs_answer() {
            self.reply(&Event::Notice(SENT));
        }
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
        self.answered = true;
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
