//! Tickets: what the chat does for the file transfers.

use std::io::Write;

use common::transfer::TicketGrant;

use super::state::{Sender, SenderEnd};
use crate::transfers::event::WorkerEvent;
use crate::transfers::ticket_queue::TicketRequest;

impl<W: Write> Sender<W> {
    /// Handles a worker's event.
    pub(super) fn handle_event(&mut self, event: WorkerEvent) -> Result<(), SenderEnd> {
        let transfers = &mut self.sources.transfers;
        match event {
            WorkerEvent::TicketNeeded(request) => return self.request_ticket(request),
            WorkerEvent::Retrying(number, why) => transfers.on_retry(number, &why),
            WorkerEvent::Ended(number, result) => transfers.on_end(number, result),
        }
        Ok(())
    }

    /// Requests a ticket, and sends a blank line after it. The answer to that shows that
    /// the server has handled the request. Few transfers run at once, so these lines
    /// need not wait for the window.
    fn request_ticket(&mut self, request: TicketRequest) -> Result<(), SenderEnd> {
        self.write_line(&request.purpose.line())?;
        self.window.record_line();
        self.send_heartbeat()?;
        let fence = self.window.unanswered();
        self.sources.transfers.tickets.push(request, fence);
        Ok(())
    }

    /// Gives a ticket to its worker. A ticket that was requested by hand is shown.
    pub(super) fn deliver_ticket(&mut self, grant: TicketGrant) {
        if let Some(grant) = self.sources.transfers.tickets.grant(grant) {
            self.config.screen.show_received(grant.to_sentence());
        }
    }
}
