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

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::metadata::FileMetadata;

/// The endings of the store's own files, after their number.
const METADATA: &str = "about";
const PART: &str = "part";
const NEW: &str = "new";

/// The folder of all files.
pub struct Store {
    folder: PathBuf,
}

/// The result of a scan of the folder.
pub struct ScanResult {
    /// The complete files.
    pub files: Vec<FileMetadata>,
    /// A number that no file in the folder has.
    pub next_id: u64,
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
        let probe = store.folder.join("0.new");
        remove_if_there(&probe)?;
        create(&probe)?;
        fs::remove_file(&probe)?;
        Ok(store)
    }

    /// Finds the complete files, and removes the remains of others. Foreign files stay
    /// as they are.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn scan(&self) -> io::Result<ScanResult> {
        let mut found = ScanResult {
            files: Vec::new(),
            next_id: 1,
        };
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let Some((id, kind)) = name.to_str().and_then(parse_stored_name) else {
                continue;
            };
            found.next_id = found.next_id.max(id.saturating_add(1));
            match kind {
                Some(METADATA) => match self.load_complete(id) {
                    Some(metadata) => found.files.push(metadata),
                    None => remove_if_there(&self.path(id, METADATA))?,
                },
                Some(_) => remove_if_there(&self.folder.join(&name))?,
                None => {}
            }
        }
        found.files.sort_by_key(|metadata| metadata.id);
        Ok(found)
    }

    /// Returns the metadata of file `id`, if all of it is there.
    fn load_complete(&self, id: u64) -> Option<FileMetadata> {
        let text = read_regular(&self.path(id, METADATA)).ok()?;
        let metadata = FileMetadata::parse(id, &text)?;
        let length = fs::symlink_metadata(self.data(id)).ok()?;
        (length.is_file() && length.len() == metadata.size).then_some(metadata)
    }

    /// Creates the file for an upload.
    ///
    /// # Errors
    ///
    /// When the disk rejects it.
    pub fn create_upload(&self, id: u64) -> io::Result<File> {
        create(&self.path(id, PART))
    }

    /// Opens the file of an upload again. Returns it with its length.
    ///
    /// # Errors
    ///
    /// When it is gone, or another file is in its place.
    pub fn resume_upload(&self, id: u64) -> io::Result<(File, u64)> {
        let file = open_regular(&self.path(id, PART), OpenOptions::new().append(true))?;
        let have = file.metadata()?.len();
        Ok((file, have))
    }

    /// Completes an upload whose bytes are all in `part`.
    ///
    /// # Errors
    ///
    /// When the disk rejects it.
    pub fn complete_upload(&self, part: &File, metadata: &FileMetadata) -> io::Result<()> {
        part.sync_all()?;
        let new = self.path(metadata.id, NEW);
        let mut file = create(&new)?;
        file.write_all(metadata.to_text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path(metadata.id, METADATA))?;
        self.sync()?;
        // From here on the file counts.
        fs::rename(self.path(metadata.id, PART), self.data(metadata.id))?;
        self.sync()
    }

    /// Opens the bytes of a file.
    ///
    /// # Errors
    ///
    /// When they are gone, or have changed.
    pub fn open(&self, metadata: &FileMetadata) -> io::Result<File> {
        let file = open_regular(&self.data(metadata.id), OpenOptions::new().read(true))?;
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
        remove_if_there(&self.data(id))?;
        remove_if_there(&self.path(id, METADATA))
    }

    /// Removes the bytes of an upload. A rest is removed at the next start.
    pub fn remove_upload(&self, id: u64) {
        for kind in [PART, NEW] {
            let _removed_at_the_next_start = fs::remove_file(self.path(id, kind));
        }
        // The last step of the upload may have failed after this was written.
        if !self.data(id).exists() {
            let _removed_at_the_next_start = fs::remove_file(self.path(id, METADATA));
        }
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

/// Creates a file where nothing is yet, also no symbolic link.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file: no symbolic link, pipe or device.
fn open_regular(path: &Path, options: &OpenOptions) -> io::Result<File> {
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

fn read_regular(path: &Path) -> io::Result<String> {
    io::read_to_string(open_regular(path, OpenOptions::new().read(true))?)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
