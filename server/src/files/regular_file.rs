//! Regular file: how the store touches its files, in a folder into which others may put
//! something else under the same name.
//!
//! Invariant: no link is followed, and nothing is replaced or opened but a regular file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Creates a file where nothing is yet, also no symbolic link.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file: no symbolic link, pipe or device.
pub(super) fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let before = fs::symlink_metadata(path)?;
    if !before.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = options.open(path)?;
    // A link may have been put there just now.
    if is_same(&before, &file.metadata()?) {
        Ok(file)
    } else {
        Err(io::Error::other("it was replaced"))
    }
}

#[cfg(unix)]
fn is_same(before: &fs::Metadata, after: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (before.dev(), before.ino()) == (after.dev(), after.ino())
}

/// Elsewhere std does not report it; a link takes rights there that few have.
#[cfg(not(unix))]
fn is_same(before: &fs::Metadata, after: &fs::Metadata) -> bool {
    before.len() == after.len()
}

/// Renames a file, but not over another. std has no such rename, so what another program
/// puts there between the two calls is lost.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
    }
}

/// Removes a regular file.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() {
        return fs::remove_file(path);
    }
    Err(io::Error::other("it is not a regular file"))
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
