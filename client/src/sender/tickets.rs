//! What the chat has to do with files: it asks for their tickets.

use std::io::Write;

use common::transfer::TicketGrant;

use super::{Sender, Stop};
use crate::transfers::ticket_queue::TicketRequest;
use crate::transfers::worker::WorkerEvent;

impl<W: Write> Sender<W> {
    /// Does what a transfer asks for.
    pub(super) fn handle_event(&mut self, event: WorkerEvent) -> Result<(), Stop> {
        match event {
            WorkerEvent::TicketNeeded(ask) => return self.request_ticket(ask),
            WorkerEvent::Retrying(number, why) => self.sources.transfers.on_retry(number, &why),
            WorkerEvent::Ended(number, ended) => self.sources.transfers.on_end(number, ended),
        }
        Ok(())
    }

    /// Asks for a ticket, with the blank line behind it by whose answer one knows that
    /// the server has dealt with it. There are few of these, as few transfers go at
    /// once, so they wait for no window.
    fn request_ticket(&mut self, ask: TicketRequest) -> Result<(), Stop> {
        self.write_line(&ask.purpose.line())?;
        self.window.record_line();
        self.send_heartbeat()?;
        let fence = self.window.unanswered();
        self.sources.transfers.tickets.push(ask, fence);
        Ok(())
    }

    /// Hands a ticket to its transfer. One that was asked for by hand is shown.
    pub(super) fn deliver_ticket(&mut self, leave: TicketGrant) {
        if let Some(leave) = self.sources.transfers.tickets.grant(leave) {
            self.screen.show_received(leave.to_sentence());
        }
    }
}
