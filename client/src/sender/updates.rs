//! Server updates: what the sender does about the receiver's messages.

use std::io::Write;

use super::state::{Sender, SenderEnd};
use crate::receiver::ServerUpdate;

impl<W: Write> Sender<W> {
    /// Handles an update from the receiver.
    pub(super) fn handle_update(&mut self, update: ServerUpdate) -> Result<(), SenderEnd> {
        let transfers = &mut self.conversation.transfers;
        match update {
            ServerUpdate::Ended(end) => return Err(SenderEnd::Ended(end)),
            ServerUpdate::Heartbeat | ServerUpdate::Ack(_) => return self.handle_blank(&update),
            ServerUpdate::Unread => return self.answer_probe(),
            ServerUpdate::Renamed(name) => self.conversation.name = name,
            ServerUpdate::Ticket(grant) => self.deliver_ticket(grant),
            ServerUpdate::Refusal(why) => transfers.tickets.refuse(&why),
        }
        Ok(())
    }

    /// Handles the answer to a heartbeat, or else a probe.
    fn handle_blank(&mut self, update: &ServerUpdate) -> Result<(), SenderEnd> {
        if self.answers_heartbeat(update) {
            self.conversation.transfers.tickets.heartbeat_answered();
        } else if *update == ServerUpdate::Heartbeat {
            return self.answer_probe();
        }
        Ok(())
    }

    /// Records an update. Returns `true` if it answers a heartbeat: a confirmation if the
    /// server gives such, or else an empty line.
    pub(super) fn answers_heartbeat(&mut self, update: &ServerUpdate) -> bool {
        let queue = &mut self.conversation.queue;
        match update {
            ServerUpdate::Heartbeat => !queue.is_numbered() && self.window.record_answer(),
            // The first after resuming answers `/resume`.
            ServerUpdate::Ack(number) => !queue.confirm(*number) && self.window.record_answer(),
            _ => false,
        }
    }
}
