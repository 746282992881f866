//! What the chat has to do with files: it asks for their tickets.

use std::io::Write;

use common::transfer::TicketGrant;

use super::{Sender, Stop};
use crate::files::request::Ask;
use crate::files::worker::Event;

impl<W: Write> Sender<W> {
    /// Does what a transfer asks for.
    pub(super) fn file(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Ask(ask) => return self.ask(ask),
            Event::Again(number, why) => self.sources.files.again(number, &why),
            Event::Ended(number, ended) => self.sources.files.ended(number, ended),
        }
        Ok(())
    }

    /// Asks for a ticket, with the blank line behind it by whose answer one knows that
    /// the server has dealt with it. There are few of these, as few transfers go at
    /// once, so they wait for no window.
    fn ask(&mut self, ask: Ask) -> Result<(), Stop> {
        self.put(&ask.wanted.line())?;
        self.pace.sent();
        self.beat()?;
        let fence = self.pace.unanswered();
        self.sources.files.requests.sent(ask, fence);
        Ok(())
    }

    /// Hands a ticket to its transfer. One that was asked for by hand is shown.
    pub(super) fn granted(&mut self, leave: TicketGrant) {
        if let Some(leave) = self.sources.files.requests.granted(leave) {
            self.screen.received(leave.to_sentence());
        }
    }
}
