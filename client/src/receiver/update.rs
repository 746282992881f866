//! Server updates: the messages from the receiver to the sender.

use std::time::Duration;

use common::Name;
use common::transfer::TicketGrant;

use super::lines::Disconnect;

/// The number of updates that may wait for the sender. Empty lines beyond it count as one,
/// because only a server that sends unrequested ones gets here.
pub(super) const MAX_UPDATES: usize = 64;

/// A message from the receiver to the sender.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerUpdate {
    /// An empty line, which answers our heartbeat or probes us.
    Heartbeat,
    /// Nothing is read for a while, because the terminal is slow. The server may be
    /// probing.
    Unread,
    /// The answer to our heartbeat, or to our resuming: the server has dealt with our lines
    /// up to this number.
    Ack(u64),
    /// Our new name.
    Renamed(Name),
    /// A ticket for a file, which is not shown.
    Ticket(TicketGrant),
    /// The reason of a refusal, which was shown.
    Refusal(String),
    /// The end of the session; the last update.
    Ended(SessionEnd),
}

/// The way in which a session ended.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The server sent `q:quit`, and this before it.
    Quit(LastMessage),
    /// The connection ended without a `q:quit`.
    Disconnected(Disconnect, LastMessage),
    /// No line arrived for this time.
    TimedOut(Duration),
}

impl SessionEnd {
    /// Returns `true` if the server ended it in order, after it had read everything.
    pub fn is_orderly(&self) -> bool {
        matches!(
            self,
            SessionEnd::Quit(_) | SessionEnd::Disconnected(Disconnect::Closed, _)
        )
    }
}

/// The server's last message, if it explains the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastMessage {
    /// It explains nothing.
    #[default]
    None,
    /// A refusal.
    Refusal(String),
    /// The notice that the server stops.
    Stopping,
}
