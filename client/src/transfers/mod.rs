//! Turns what one types about files into files, there and here.
//!
//! A file has a connection and a thread of its own, so that the chat stays live. All
//! it needs of the chat is a ticket, which the sender's loop asks for in its place:
//!
//! ```text
//! typed -> ORDER -> DESK -> WORKER -> upload, download -> DOOR -> another socket
//!                    ^  |     |                |
//!             ticket |  |     | asks           +-> LANDING -> disk
//!                    |  v     v
//!                 REQUESTS (the sender's loop) -> /put, /get -> the chat's socket
//! ```
//!
//! The desk belongs to the sender's loop. What the workers have to say comes to it
//! through one channel; how far they are, they leave in a counter.

// A typed line -> an order,
pub mod command;
// with a path.
mod path;
// Orders -> transfers, bars and lines
pub mod manager;
// in these words.
mod messages;
// Each is a thread,
mod transfer;
// which makes as many attempts as it takes,
pub mod worker;
// which somebody may end,
mod cancel;
// each over a connection with a ticket,
mod open;
// up
mod upload;
// or down,
mod download;
// where it takes nobody's place.
mod partial_file;
// What the chat says -> tickets.
pub mod ticket_queue;
// Bytes -> percent, rate, time left.
pub mod progress;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use manager::TransferManager;

/// How long a transfer may stand still: as long as the server gives it, too. A network
/// that takes longer to recover has mostly broken the connection anyway.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// From where to where.
#[derive(Clone, Debug, Default)]
pub struct TransferConfig {
    /// Where the chat is; None where there is nobody to have files from.
    pub server: Option<SocketAddr>,
    /// The folder for what is fetched.
    pub downloads: PathBuf,
}

/// One transfer, as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Sends a file.
    Send(PathBuf),
    /// Fetches the file of this number.
    Get(u64, Destination),
}

/// Where a download goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To the folder for downloads, under its name there.
    Downloads,
    /// To this folder, or this file; it counts from the folder for downloads.
    Path(PathBuf),
    /// To standard output.
    Output,
}

/// Why a transfer has ended without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The connection broke; another attempt may help.
    Broken(String),
    /// The server does not want it, for this reason.
    Refused(String),
    /// Something here does not work, or what the server does makes no sense.
    Failed(String),
    /// The person has ended it.
    Cancelled,
}

impl TransferError {
    /// Why, for the person.
    pub fn reason(&self) -> &str {
        match self {
            TransferError::Broken(why)
            | TransferError::Refused(why)
            | TransferError::Failed(why) => why,
            TransferError::Cancelled => "cancelled",
        }
    }
}
