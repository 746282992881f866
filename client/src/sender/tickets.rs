//! Tickets: what the chat does for the file transfers.

use std::io::Write;

use common::transfer::TicketGrant;

use super::state::{Sender, SenderEnd};
use crate::conversation::queue::OutgoingLine;
use crate::transfers::event::WorkerEvent;
use crate::transfers::ticket_queue::TicketRequest;

impl<W: Write> Sender<W> {
    /// Handles a worker's event.
    pub(super) fn handle_event(&mut self, event: WorkerEvent) -> Result<(), SenderEnd> {
        match self.conversation.transfers.handle_event(event) {
            Some(request) => self.request_ticket(request),
            None => Ok(()),
        }
    }

    /// Requests a ticket, and sends a blank line after it. The answer to that shows that
    /// the server has handled the request. Few transfers run at once, so these lines
    /// need not wait for the window.
    ///
    /// Call it when no line waits to be sent, because the numbers of lines only grow.
    pub(super) fn request_ticket(&mut self, request: TicketRequest) -> Result<(), SenderEnd> {
        let line = OutgoingLine::request(request.purpose.line());
        self.conversation.queue.push(line);
        let sent = self.send_next().and_then(|()| self.send_heartbeat());
        // Also if the connection has broken, because the next one continues with it.
        let fence = self.window.unanswered();
        self.conversation.transfers.tickets.push(request, fence);
        sent
    }

    /// Gives a ticket to its worker. A ticket that was requested by hand is shown.
    pub(super) fn deliver_ticket(&mut self, grant: TicketGrant) {
        if let Some(grant) = self.conversation.transfers.tickets.grant(grant) {
            self.conversation.screen.show_received(grant.to_sentence());
        }
    }
}
