//! Log file: the log's second output.
//!
//! Invariant: a text begins at the beginning of a line, also after one that a full disk
//! or a killed server has cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The file of the log, or the device.
pub struct LogFile {
    file: File,
    /// It may end in the middle of a line.
    is_torn: bool,
}

impl LogFile {
    /// Opens the file at `path`, or creates it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(path: &str) -> io::Result<LogFile> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        // Others on the machine may not read what members say.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        // A file that cannot be read may be torn as well.
        let is_torn = ends_inside_line(path).unwrap_or(true);
        Ok(LogFile { file, is_torn })
    }

    /// Writes whole lines to its end.
    ///
    /// # Errors
    ///
    /// When the disk rejects them.
    pub fn append(&mut self, lines: &str) -> io::Result<()> {
        let before = if self.is_torn { "\n" } else { "" };
        let written = self.file.write_all(format!("{before}{lines}").as_bytes());
        self.is_torn = written.is_err();
        written
    }
}

/// Returns `true` if the last line of a file has no newline. A device or a pipe is not
/// read, because others read it.
fn ends_inside_line(path: &str) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
