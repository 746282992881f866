//! Joining: the steps until the server treats us as a member.
//!
//! ```text
//! /seq 0 0 LINE -> cookie with a START -> its answer has a number
//!       |                                      |-> welcome: JOINED
//!       |                                      '-> refusal: the next name has a number
//!       '-> refused without a number: an older server, and LINE is sent alone
//! ```
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::time::Instant;

use common::{CapReply, Capabilities, Event, notice};

use super::cookie::OfferedCookie;
use super::numbering::{Numbering, Opened};
use super::reliability::{Phase, Received, Reliability};
use super::retransmit::RetransmitStep;

impl Reliability {
    /// A cookie for another line is late. A second cookie for this line changes nothing,
    /// because the first is sent until it is answered.
    pub(super) fn receive_cookie(
        &mut self,
        cookie: &OfferedCookie<'_>,
        datagram: &str,
        now: Instant,
    ) -> Received {
        let step = self.step();
        match cookie.start {
            _ if cookie.line != self.offered_name => return Received::Nothing,
            // Even after a refusal, which may have been forged.
            Some(start) if step == Some(RetransmitStep::Hello) => self.numbering.begin(start),
            None if self.is_guessable() && step != Some(RetransmitStep::Cookie) => {}
            _ => return Received::Nothing,
        }
        Received::Reply(self.keep(RetransmitStep::Cookie, datagram.to_string(), now))
    }

    /// Handles any other datagram.
    pub(super) fn receive_joining(&mut self, opened: Opened<'_>, now: Instant) -> Received {
        match opened {
            Opened::Line(line) => {
                self.address_proven |= self.numbering.has_start();
                self.joining_line(line, now)
            }
            Opened::Unnumbered(line) if self.numbering.is_requested() => self.fall_back(line, now),
            Opened::Unnumbered(line) => self.joining_line(line, now),
            Opened::FromStranger(line) => self.refused_by_stranger(line, now),
            Opened::Nothing => Received::Nothing,
        }
    }

    /// Sends the first line as an older server knows it, if `line` refuses the request
    /// for a START. The server may still refuse the duplicates of that request.
    fn fall_back(&mut self, line: &str, now: Instant) -> Received {
        let is_refusal = matches!(Event::parse(line), Event::Refusal(_));
        let Some(request) = self.pending.take_if(|_| is_refusal) else {
            return Received::Nothing;
        };
        self.late_refusal = (line.to_string(), request.copies - 1);
        self.numbering.fall_back();
        Received::Reply(self.offer_first(now))
    }

    /// Handles the answer of a server that knows no peer at our address.
    fn refused_by_stranger(&mut self, line: &str, now: Instant) -> Received {
        let Some(step) = self.step() else {
            return Received::Nothing;
        };
        self.numbering = Numbering::new();
        self.address_proven = false;
        match step {
            RetransmitStep::Hello | RetransmitStep::Cookie => self.refusal(line),
            // It has not received our cookie, or forgotten us since.
            RetransmitStep::Name | RetransmitStep::Quit => Received::Reply(self.offer_first(now)),
        }
    }

    fn offer_first(&mut self, now: Instant) -> String {
        let first = self.numbering.first(&self.offered_name);
        self.keep(RetransmitStep::Hello, first, now)
    }

    fn joining_line(&mut self, line: &str, now: Instant) -> Received {
        if CapReply::parse(line).is_some() {
            return self.capabilities_answered(line);
        }
        match Event::parse(line) {
            Event::Refusal(_) => self.refusal(line),
            Event::Notice(notice::ASK_NAME) => Received::Nothing,
            // To the request for capabilities it is no welcome.
            Event::Heartbeat if asks_capabilities(&self.offered_name) => Received::Nothing,
            // A blank line shows that the welcome was lost, because a server answers
            // retransmissions of a member as heartbeats. Before the cookie it means
            // nothing.
            Event::Heartbeat if matches!(self.step(), None | Some(RetransmitStep::Hello)) => {
                Received::Nothing
            }
            Event::Quit => {
                self.pending = None;
                Received::Lines(line.to_string())
            }
            _ => {
                self.phase = Phase::Joined;
                self.pending = None;
                self.member_line(line, now)
            }
        }
    }

    /// Handles the answer to a request for capabilities, which was offered like a name. A
    /// late one changes nothing for the name after it.
    fn capabilities_answered(&mut self, line: &str) -> Received {
        if asks_capabilities(&self.offered_name)
            && let Some(pending) = self.pending.take()
        {
            self.address_proven |= pending.step == RetransmitStep::Cookie;
        }
        Received::Lines(line.to_string())
    }

    fn refusal(&mut self, line: &str) -> Received {
        let (last, copies) = &mut self.late_refusal;
        if last == line && *copies > 0 {
            *copies -= 1;
            return Received::Nothing;
        }
        if let Some(pending) = self.pending.take() {
            self.late_refusal = (line.to_string(), pending.copies - 1);
            let is_cookie = pending.step == RetransmitStep::Cookie;
            self.address_proven |= is_cookie && self.is_guessable();
        }
        Received::Lines(line.to_string())
    }
}

/// Returns `true` if `offer` is a request for capabilities and not a name.
fn asks_capabilities(offer: &str) -> bool {
    Capabilities::parse_request(offer).is_some()
}
