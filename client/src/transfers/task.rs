//! Tasks: what a transfer should do, and where.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The reason why nothing is written to a terminal.
pub(super) const IS_TERMINAL: &str = "cannot write a file to a terminal, give --to FILE";

/// The settings that all transfers share.
#[derive(Clone, Debug, Default)]
pub struct TransferConfig {
    /// The server's address; `None` if the server cannot share files.
    pub server: Option<SocketAddr>,
    /// The folder for downloads.
    pub downloads: PathBuf,
}

/// A transfer that the user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Sends a file.
    Send(PathBuf),
    /// Fetches the file of this number.
    Get(u64, Destination),
}

impl Task {
    /// Checks that a file may go to its destination, as far as that is known already.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Task::Get(_, Destination::Output) if io::stdout().is_terminal() => {
                Err(IS_TERMINAL.to_string())
            }
            _ => Ok(()),
        }
    }
}

/// The destination of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The folder for downloads, under the file's own name.
    Downloads,
    /// This folder or file, relative to the folder for downloads.
    Path(PathBuf),
    /// Standard output.
    Output,
}
