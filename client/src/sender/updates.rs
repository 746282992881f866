//! What the sender does about what the receiver has heard.

use std::io::Write;

use super::{Sender, Stop};
use crate::receiver::ServerUpdate;

impl<W: Write> Sender<W> {
    pub(super) fn handle_update(&mut self, news: ServerUpdate) -> Result<(), Stop> {
        match news {
            ServerUpdate::Ended(over) => return Err(Stop::Ended(over)),
            ServerUpdate::Heartbeat if self.window.record_answer() => {
                self.sources.transfers.tickets.heartbeat_answered()
            }
            ServerUpdate::Heartbeat => return self.answer_probe(),
            ServerUpdate::Renamed(name) => self.name = name,
            ServerUpdate::Ticket(leave) => self.deliver_ticket(leave),
            ServerUpdate::Refusal(why) => self.sources.transfers.tickets.refuse(&why),
        }
        Ok(())
    }
}
