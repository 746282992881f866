//! Server updates: what the sender does about the receiver's messages.

use std::io::Write;

use super::state::{Sender, SenderEnd};
use crate::receiver::ServerUpdate;

impl<W: Write> Sender<W> {
    /// Handles an update from the receiver.
    pub(super) fn handle_update(&mut self, update: ServerUpdate) -> Result<(), SenderEnd> {
        match update {
            ServerUpdate::Ended(end) => return Err(SenderEnd::Ended(end)),
            ServerUpdate::Heartbeat if self.window.record_answer() => {
                self.sources.transfers.tickets.heartbeat_answered();
            }
            ServerUpdate::Heartbeat => return self.answer_probe(),
            ServerUpdate::Renamed(name) => self.config.name = name,
            ServerUpdate::Ticket(grant) => self.deliver_ticket(grant),
            ServerUpdate::Refusal(why) => self.sources.transfers.tickets.refuse(&why),
        }
        Ok(())
    }
}
