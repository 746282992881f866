//! Targets: from a destination to where a download's bytes go.
//!
//! Invariant: nothing is overwritten but what is no file: a device or a pipe takes the
//! bytes as they come. A terminal does not, because the bytes of a stranger's file are
//! commands to it.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::error::TransferError;
use super::partial_file::PartialFile;
use super::task::{Destination, IS_TERMINAL};
use crate::connection::describe;

/// An open destination.
pub(super) enum Target {
    /// A new file.
    File(PartialFile),
    /// A device or a pipe at this path.
    Device(File, PathBuf),
    /// Standard output.
    Output(io::Stdout),
}

impl Target {
    /// Opens the destination of the server's file `name`. A relative path begins in
    /// `folder`. A pipe blocks until somebody reads it.
    ///
    /// # Errors
    ///
    /// If it cannot be written to.
    pub(super) fn open(
        folder: &Path,
        to: &Destination,
        name: &str,
    ) -> Result<Target, TransferError> {
        let to = match to {
            Destination::Output => return Ok(Target::Output(io::stdout())),
            Destination::Downloads => None,
            Destination::Path(path) => Some(path.as_path()),
        };
        if let Some(path) = to.map(|to| folder.join(to)).filter(|path| is_device(path)) {
            return Target::open_device(path);
        }
        let file = PartialFile::create(folder, to, name);
        file.map(Target::File).map_err(TransferError::Failed)
    }

    fn open_device(path: PathBuf) -> Result<Target, TransferError> {
        match OpenOptions::new().write(true).open(&path) {
            Ok(device) if device.is_terminal() => Err(TransferError::Failed(IS_TERMINAL.into())),
            Ok(device) => Ok(Target::Device(device, path)),
            Err(error) => Err(unwritable(&path.display().to_string(), &error)),
        }
    }

    /// Gives a complete file its name. Returns its path, unless it went to standard output.
    ///
    /// # Errors
    ///
    /// If the file cannot be completed; then nothing of it is left.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, TransferError> {
        match self {
            Target::File(file) => file.finish().map(Some).map_err(TransferError::Failed),
            Target::Device(_, path) => Ok(Some(path)),
            Target::Output(_) => Ok(None),
        }
    }

    /// Returns the error for a failed write.
    pub(super) fn write_error(&self, error: &io::Error) -> TransferError {
        match self {
            Target::File(file) => unwritable(&file.folder().display().to_string(), error),
            Target::Device(_, path) => unwritable(&path.display().to_string(), error),
            Target::Output(_) => unwritable("standard output", error),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::File(file) => file.file.write(bytes),
            Target::Device(device, _) => device.write(bytes),
            Target::Output(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::File(_) | Target::Device(..) => Ok(()),
            Target::Output(out) => out.flush(),
        }
    }
}

/// Returns `true` if something exists at `path` that is neither a file nor a folder.
fn is_device(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|known| !known.is_file() && !known.is_dir())
}

fn unwritable(place: &str, error: &io::Error) -> TransferError {
    TransferError::Failed(format!("cannot write to {place}: {}", describe(error)))
}
