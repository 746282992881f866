//! Turns one task into as many attempts as it takes: a transfer's thread.
//!
//! It knows neither the chat nor the screen, but has somebody ask for tickets and tell
//! what is to be told.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use crossbeam_channel::{Sender, after, bounded, select};

use super::cancel::Cancellation;
use super::progress::Progress;
use super::ticket_queue::{TICKET_TIMEOUT, TicketPurpose, TicketRequest};
use super::{Task, TransferError, download, open, upload};

/// How long to wait before each new attempt. Five: a cable that was pulled is back by
/// then, or somebody has to look. Together they take half as long as the server
/// needs to notice that the other end is gone.
const RETRY_PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What a worker tells the desk.
pub enum WorkerEvent {
    /// It needs a ticket.
    TicketNeeded(TicketRequest),
    /// The connection of the transfer of this number broke, and it goes on.
    Retrying(u32, String),
    /// The transfer of this number is over.
    Ended(u32, TransferResult),
}

/// How a transfer ended: with what there is to tell, and how long it took.
pub type TransferResult = Result<Done, TransferError>;

/// A transfer that went well.
pub struct Done {
    /// Where the file is now, if it is here.
    pub path: Option<PathBuf>,
    /// From the first attempt to the end.
    pub took: Duration,
}

/// All that a transfer has of the world.
pub struct TransferContext {
    /// Which transfer it is.
    pub number: u32,
    /// Where the bytes come from or go to.
    pub server: SocketAddr,
    /// The folder for what is fetched.
    pub downloads: PathBuf,
    /// The way to the desk.
    pub events: Sender<WorkerEvent>,
    /// What ends it early.
    pub cancellation: Cancellation,
    /// How far it is.
    pub progress: Arc<Progress>,
}

impl TransferContext {
    /// Does the task, and says how that went.
    pub fn run(&self, task: &Task) {
        let since = Instant::now();
        let done = match task {
            Task::Send(path) => upload::run(self, path).map(|()| None),
            Task::Get(id, to) => download::run(self, *id, to),
        };
        let ended = match done {
            Err(_) if self.cancellation.is_cancelled() => Err(TransferError::Cancelled),
            Ok(path) => Ok(Done {
                path,
                took: since.elapsed(),
            }),
            Err(fault) => Err(fault),
        };
        let _ = self.events.send(WorkerEvent::Ended(self.number, ended));
    }

    /// Makes attempts until one does not break, or nobody believes in it any more.
    ///
    /// Once there was a first one, a refusal is no reason to give up: the server may
    /// not have noticed yet that the last connection is gone.
    pub fn retry<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let mut result = attempt();
        for (again, pause) in (1..).zip(RETRY_PAUSES) {
            let why = match &result {
                Err(TransferError::Broken(why)) => why,
                Err(TransferError::Refused(why)) if again > 1 => why,
                _ => break,
            };
            let told = format!("{why}; attempt {again} of {} to go on", RETRY_PAUSES.len());
            let _ = self.events.send(WorkerEvent::Retrying(self.number, told));
            self.wait(pause)?;
            result = attempt();
        }
        result
    }

    /// A connection for what is wanted, and the server's number; see `door.rs`.
    ///
    /// # Errors
    ///
    /// If there is no ticket, or it opens nothing.
    pub fn connect(
        &self,
        wanted: TicketPurpose,
        offset: u64,
    ) -> Result<(TicketGrant, TcpStream, u64), TransferError> {
        let leave = self.ticket(wanted)?;
        let (stream, number) = open::open(self.server, &leave, offset, &self.cancellation)?;
        Ok((leave, stream, number))
    }

    fn ticket(&self, wanted: TicketPurpose) -> Result<TicketGrant, TransferError> {
        let (reply, answer) = bounded(1);
        // When the desk is gone, so is the other end of this channel.
        let _ = self.events.send(WorkerEvent::TicketNeeded(TicketRequest {
            purpose: wanted,
            reply,
        }));
        select! {
            recv(answer) -> answer => match answer {
                Ok(answer) => answer.map_err(TransferError::Refused),
                Err(_) => Err(TransferError::Cancelled),
            },
            recv(self.cancellation.cancelled) -> _ => Err(TransferError::Cancelled),
            recv(after(TICKET_TIMEOUT)) -> _ => Err(TransferError::Refused(format!(
                "no ticket has come from the server within {} s",
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
