//! Worker events: the messages from the workers to the manager.

use std::path::PathBuf;
use std::time::Duration;

use super::error::TransferError;
use super::ticket_queue::TicketRequest;

/// A message from a worker to the manager.
pub enum WorkerEvent {
    /// The worker needs a ticket.
    TicketNeeded(TicketRequest),
    /// The connection of the transfer of this number broke, for this reason; the worker
    /// tries again.
    Retrying(u32, String),
    /// The transfer of this number has ended.
    Ended(u32, TransferResult),
}

/// The result of a transfer.
pub type TransferResult = Result<Done, TransferError>;

/// The facts about a successful transfer.
pub struct Done {
    /// The path of a downloaded file.
    pub path: Option<PathBuf>,
    /// The time from the first attempt to the end.
    pub took: Duration,
}
