//! Configuration: where shared files are kept, and how much of them.

use std::path::PathBuf;
use std::time::Duration;

/// Where files are kept, and how much of them.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folder; it is made if there is none.
    pub folder: PathBuf,
    /// The most bytes of one file: a recorded lecture fits.
    pub max_file_bytes: u64,
    /// The most bytes of all together, so that the disk is not filled.
    pub max_total_bytes: u64,
    /// How many transfers one member may have at once, tickets included: one does
    /// not take the line for itself.
    pub max_transfers: usize,
    /// How many bytes a second several transfers may move together.
    pub rate: u64,
    /// How long a file is kept: a course's month.
    pub max_age: Duration,
    /// How long what came of a broken upload waits for the rest: a walk to where
    /// the Wi-Fi works.
    pub partial_max_age: Duration,
    /// How long a transfer may get nowhere.
    pub stall_timeout: Duration,
}

impl FilesConfig {
    /// The usual limits for files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> FilesConfig {
        FilesConfig {
            folder: folder.into(),
            max_file_bytes: 100 * 1024 * 1024,
            max_total_bytes: 1024 * 1024 * 1024,
            max_transfers: 4,
            rate: 200 * 1024 * 1024,
            max_age: Duration::from_secs(30 * 86_400),
            partial_max_age: Duration::from_secs(600),
            stall_timeout: Duration::from_secs(30),
        }
    }
}
