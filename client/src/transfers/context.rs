//! The transfer context: what a worker needs of its surroundings.
//!
//! Invariant: neither the chat nor the screen; a worker sends events to the manager.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::transfer::TicketGrant;
use crossbeam_channel::{Sender, after, bounded, select};

use super::cancel::Cancellation;
use super::error::TransferError;
use super::event::WorkerEvent;
use super::open;
use super::progress::Progress;
use super::ticket_queue::{TICKET_TIMEOUT, TicketPurpose, TicketRequest};

/// The pauses before each new attempt. After five, an unplugged cable is back or needs
/// a person. Together they take half as long as the server needs to detect that the
/// connection is lost.
const RETRY_PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The surroundings of a transfer.
pub struct TransferContext {
    /// The number of the transfer.
    pub number: u32,
    /// The server's address.
    pub server: SocketAddr,
    /// The folder for downloads.
    pub downloads: PathBuf,
    /// The channel to the manager.
    pub events: Sender<WorkerEvent>,
    /// Reports that the transfer was cancelled.
    pub cancellation: Cancellation,
    /// The progress so far.
    pub progress: Arc<Progress>,
}

impl TransferContext {
    /// Makes attempts until one does not break, or until the last has failed.
    ///
    /// After the first attempt a refusal is retried too, because the server may not
    /// have detected yet that the previous connection is lost.
    pub fn retry<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let mut result = attempt();
        for (number, pause) in (1..).zip(RETRY_PAUSES) {
            let why = match &result {
                Err(TransferError::Broken(why)) => why,
                Err(TransferError::Refused(why)) if number > 1 => why,
                _ => break,
            };
            let message = format!("{why}; retry {number} of {}", RETRY_PAUSES.len());
            let _ = self
                .events
                .send(WorkerEvent::Retrying(self.number, message));
            self.wait(pause)?;
            result = attempt();
        }
        result
    }

    /// Returns a connection for `purpose`, and the server's number; see `open.rs`.
    ///
    /// # Errors
    ///
    /// If there is no ticket, or the server does not accept it.
    pub fn connect(
        &self,
        purpose: TicketPurpose,
        offset: u64,
    ) -> Result<(TicketGrant, TcpStream, u64), TransferError> {
        let grant = self.ticket(purpose)?;
        let (stream, number) = open::open(self.server, &grant, offset, &self.cancellation)?;
        Ok((grant, stream, number))
    }

    fn ticket(&self, purpose: TicketPurpose) -> Result<TicketGrant, TransferError> {
        let (reply, answer) = bounded(1);
        // When the manager has gone, the other end of this channel is dropped too.
        let request = TicketRequest { purpose, reply };
        let _ = self.events.send(WorkerEvent::TicketNeeded(request));
        select! {
            recv(answer) -> answer => match answer {
                Ok(answer) => answer.map_err(TransferError::Refused),
                Err(_) => Err(TransferError::Cancelled),
            },
            recv(self.cancellation.cancelled) -> _ => Err(TransferError::Cancelled),
            recv(after(TICKET_TIMEOUT)) -> _ => Err(TransferError::Refused(format!(
                "no ticket from the server within {} s",
                TICKET_TIMEOUT.as_secs()
            ))),
        }
    }

    fn wait(&self, pause: Duration) -> Result<(), TransferError> {
        select! {
            recv(self.cancellation.cancelled) -> _ => Err(TransferError::Cancelled),
            recv(after(pause)) -> _ => Ok(()),
        }
    }
}
