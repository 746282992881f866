//! Tasks: what a transfer should do, and where.

use std::net::SocketAddr;
use std::path::PathBuf;

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
