//! Configuration: where shared files are kept, and how much of them.

use std::path::PathBuf;
use std::time::Duration;

/// The folder of shared files, and their limits.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folder, which is made if there is none.
    pub folder: PathBuf,
    /// The largest file, in bytes: a recorded lecture fits.
    pub max_file_bytes: u64,
    /// The most bytes of all files together, so that the disk is not filled.
    pub max_total_bytes: u64,
    /// The most files. Each takes two files on disk and an entry in memory, and the start
    /// reads them all; people look for the last few.
    pub max_files: usize,
    /// The most transfers of one member at once, tickets included: so one member does
    /// not take the line for itself.
    pub max_transfers: usize,
    /// The bytes per second that several transfers may move together.
    pub rate: u64,
    /// The time that a file is kept: a month of a course.
    pub max_age: Duration,
    /// The time that a broken upload waits for the rest: a walk to where the Wi-Fi
    /// works.
    pub partial_max_age: Duration,
    /// The time that a transfer may make no progress.
    pub stall_timeout: Duration,
}

impl FilesConfig {
    /// Makes the default limits for files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> FilesConfig {
        FilesConfig {
            folder: folder.into(),
            max_file_bytes: 100 * 1024 * 1024,
            max_total_bytes: 1024 * 1024 * 1024,
            max_files: 1000,
            max_transfers: 4,
            rate: 200 * 1024 * 1024,
            max_age: Duration::from_secs(30 * 86_400),
            partial_max_age: Duration::from_secs(600),
            stall_timeout: Duration::from_secs(30),
        }
    }
}
