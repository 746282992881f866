//! Store: the folder on disk, with files under numbers and never under a name that a
//! member gives.
//!
//! ```text
//! 3         the bytes of file 3, complete and safe
//! 3.about   its name, size, owner and time
//! 4.part    the bytes of an upload so far
//! 4.new     an .about that is being written
//! ```
//!
//! Invariant: a file counts if both parts of it are there. The last step of an upload
//! is one `rename`, after all else is on disk. So whenever the server or the machine
//! stops, a file is there completely or not at all.
//!
//! Others may put something into the folder under such a name. It is foreign unless it
//! is a regular file, and an `.about` unless it can be parsed. What is foreign is
//! neither read nor replaced nor removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::metadata::FileMetadata;
use super::regular_file;

/// The endings of the store's own files, after their number.
const METADATA: &str = "about";
const PART: &str = "part";
const NEW: &str = "new";

/// The most bytes of an `.about`: the names of a file and of a member, and two numbers,
/// take less than half of it.
const MAX_METADATA_BYTES: u64 = 4096;

/// The folder of all files.
pub struct Store {
    folder: PathBuf,
}

/// The result of a scan of the folder.
pub struct ScanResult {
    /// The complete files.
    pub files: Vec<FileMetadata>,
    /// A number above all in the folder. `None` if one of them is the highest.
    pub next_id: Option<u64>,
    /// The names, in order, that are a number of the store, but of something foreign or
    /// of something that cannot be removed.
    pub foreign: Vec<String>,
}

impl Store {
    /// Opens the store in `folder`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// When it is not a folder, or cannot be made or written.
    pub fn new(folder: &Path) -> io::Result<Store> {
        fs::create_dir_all(folder)?;
        let folder = folder.to_path_buf();
        let store = Store { folder };
        let probe = store.path(0, NEW);
        match regular_file::create(&probe) {
            Ok(_) => fs::remove_file(&probe)?,
            // A killed server may have left it, or it is foreign.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(store)
    }

    /// Finds the complete files, and removes the remains of others. What is foreign stays
    /// as it is.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn scan(&self) -> io::Result<ScanResult> {
        let (mut files, mut foreign, mut highest_id) = (Vec::new(), Vec::new(), 0);
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            let Some((id, kind)) = parse_stored_name(name) else {
                continue;
            };
            highest_id = highest_id.max(id);
            let kept_or_removed = match kind {
                Some(METADATA) => self.scan_metadata(id, &mut files),
                Some(_) => regular_file::remove(&self.folder.join(name)).is_ok(),
                None => self.is_complete(id),
            };
            if !kept_or_removed {
                foreign.push(name.to_string());
            }
        }
        files.sort_by_key(|metadata| metadata.id);
        foreign.sort();
        Ok(ScanResult {
            files,
            next_id: highest_id.checked_add(1),
            foreign,
        })
    }

    /// Adds file `id` to `files`, or removes its metadata if its bytes are not there.
    /// Returns `false` if the metadata is foreign.
    fn scan_metadata(&self, id: u64, files: &mut Vec<FileMetadata>) -> bool {
        match self.read_metadata(id) {
            Some(metadata) if self.has_data(&metadata) => {
                files.push(metadata);
                true
            }
            Some(_) => regular_file::remove(&self.path(id, METADATA)).is_ok(),
            None => false,
        }
    }

    /// Returns `true` if the bytes of file `id` are those that its metadata describes.
    fn is_complete(&self, id: u64) -> bool {
        self.read_metadata(id)
            .is_some_and(|metadata| self.has_data(&metadata))
    }

    fn read_metadata(&self, id: u64) -> Option<FileMetadata> {
        let path = self.path(id, METADATA);
        let file = regular_file::open(&path, OpenOptions::new().read(true)).ok()?;
        let text = io::read_to_string(file.take(MAX_METADATA_BYTES)).ok()?;
        FileMetadata::parse(id, &text)
    }

    fn has_data(&self, metadata: &FileMetadata) -> bool {
        let data = fs::symlink_metadata(self.data(metadata.id));
        data.is_ok_and(|data| data.is_file() && data.len() == metadata.size)
    }

    /// Creates the file for an upload.
    ///
    /// # Errors
    ///
    /// When the disk rejects it.
    pub fn create_upload(&self, id: u64) -> io::Result<File> {
        regular_file::create(&self.path(id, PART))
    }

    /// Opens the file of an upload again. Returns it with its length.
    ///
    /// # Errors
    ///
    /// When it is gone, or another file is in its place.
    pub fn resume_upload(&self, id: u64) -> io::Result<(File, u64)> {
        let file = regular_file::open(&self.path(id, PART), OpenOptions::new().append(true))?;
        let have = file.metadata()?.len();
        Ok((file, have))
    }

    /// Completes an upload whose bytes are all in `part`.
    ///
    /// # Errors
    ///
    /// When the disk rejects it, or a name of the file is taken. Then only the `.part` is
    /// left.
    pub fn complete_upload(&self, part: File, metadata: &FileMetadata) -> io::Result<()> {
        let id = metadata.id;
        part.sync_all()?;
        // The capacity counts one open file for a transfer, and the next is opened now.
        drop(part);
        self.write_metadata(metadata)?;
        // From the second rename on the file counts.
        let counts = self
            .sync()
            .and_then(|()| regular_file::rename_to_free(&self.path(id, PART), &self.data(id)));
        if let Err(error) = counts {
            let _removed_at_the_next_start = fs::remove_file(self.path(id, METADATA));
            return Err(error);
        }
        self.sync().inspect_err(|_| {
            let _found_at_the_next_start = self.remove(id);
        })
    }

    fn write_metadata(&self, metadata: &FileMetadata) -> io::Result<()> {
        let new = self.path(metadata.id, NEW);
        let mut file = regular_file::create(&new)?;
        file.write_all(metadata.to_text().as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| regular_file::rename_to_free(&new, &self.path(metadata.id, METADATA)))
            .inspect_err(|_| {
                let _removed_at_the_next_start = fs::remove_file(&new);
            })
    }

    /// Opens the bytes of a file.
    ///
    /// # Errors
    ///
    /// When they are gone, or have changed.
    pub fn open(&self, metadata: &FileMetadata) -> io::Result<File> {
        let file = regular_file::open(&self.data(metadata.id), OpenOptions::new().read(true))?;
        if file.metadata()?.len() == metadata.size {
            Ok(file)
        } else {
            Err(io::Error::other("its size has changed"))
        }
    }

    /// Removes a file. Its bytes go first: the rest after a crash does not count, and
    /// goes at the next start.
    ///
    /// # Errors
    ///
    /// When the disk rejects that.
    pub fn remove(&self, id: u64) -> io::Result<()> {
        regular_file::remove_if_there(&self.data(id))?;
        regular_file::remove_if_there(&self.path(id, METADATA))
    }

    /// Removes the bytes of an upload.
    pub fn remove_upload(&self, id: u64) {
        let _removed_at_the_next_start = regular_file::remove(&self.path(id, PART));
    }

    fn data(&self, id: u64) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn path(&self, id: u64, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// Writes the folder itself to disk, and with it the names in it.
    fn sync(&self) -> io::Result<()> {
        match File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            // Windows opens no folders; there the rename itself must do.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            result => result,
        }
    }
}

/// Returns the number and the ending in a name of the store.
fn parse_stored_name(name: &str) -> Option<(u64, Option<&str>)> {
    let (number, kind) = match name.split_once('.') {
        Some((number, kind)) => (number, Some(kind)),
        None => (name, None),
    };
    let is_own_kind = kind.is_none_or(|kind| [METADATA, PART, NEW].contains(&kind));
    let id = number.parse().ok().filter(|_| is_own_kind)?;
    // `+3` and `03` are foreign.
    (number == u64::to_string(&id)).then_some((id, kind))
}
