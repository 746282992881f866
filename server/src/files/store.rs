//! The folder: bytes on disk, under numbers and never under a name that people give.
//!
//! ```text
//! 3         the bytes of file 3, whole and safe
//! 3.about   its name, size, and who shared it when
//! 4.part    what has come of an upload
//! 4.new     an .about that is being written
//! ```
//!
//! A file counts when both parts of it are there. The last step of an upload is one
//! `rename`, after all else is on disk; so whenever the server or the machine stops,
//! it is there as a whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::metadata::FileMetadata;

/// Names in the folder that are ours end with one of these, after a number.
const METADATA: &str = "about";
const PART: &str = "part";
const NEW: &str = "new";

/// The folder.
pub struct Store {
    folder: PathBuf,
}

/// What a scan of it found.
pub struct ScanResult {
    /// The files that are whole.
    pub files: Vec<FileMetadata>,
    /// A number that no name in the folder has.
    pub next_id: u64,
}

impl Store {
    /// The store in `folder`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// When it is no folder, or cannot be made or written.
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

    /// Finds the files that are whole, and removes the remains of others. What is
    /// not ours stays as it is.
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

    /// File `id`, if all of it is there.
    fn load_complete(&self, id: u64) -> Option<FileMetadata> {
        let text = read_regular(&self.path(id, METADATA)).ok()?;
        let metadata = FileMetadata::parse(id, &text)?;
        let length = fs::symlink_metadata(self.data(id)).ok()?;
        (length.is_file() && length.len() == metadata.size).then_some(metadata)
    }

    /// Begins an upload.
    ///
    /// # Errors
    ///
    /// When the disk will not have it.
    pub fn create_upload(&self, id: u64) -> io::Result<File> {
        create(&self.path(id, PART))
    }

    /// Goes on with an upload, and says how much of it is there.
    ///
    /// # Errors
    ///
    /// When it is gone, or somebody has put something else there.
    pub fn resume_upload(&self, id: u64) -> io::Result<(File, u64)> {
        let file = open_regular(&self.path(id, PART), OpenOptions::new().append(true))?;
        let have = file.metadata()?.len();
        Ok((file, have))
    }

    /// Makes a file of an upload of which all bytes have come to `part`.
    ///
    /// # Errors
    ///
    /// When the disk will not have it.
    pub fn complete_upload(&self, part: &File, metadata: &FileMetadata) -> io::Result<()> {
        part.sync_all()?;
        let new = self.path(metadata.id, NEW);
        let mut file = create(&new)?;
        file.write_all(metadata.to_text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path(metadata.id, METADATA))?;
        self.sync()?;
        // From here on it counts.
        fs::rename(self.path(metadata.id, PART), self.data(metadata.id))?;
        self.sync()
    }

    /// Opens the bytes of a file.
    ///
    /// # Errors
    ///
    /// When they are gone, or not what they were.
    pub fn open(&self, metadata: &FileMetadata) -> io::Result<File> {
        let file = open_regular(&self.data(metadata.id), OpenOptions::new().read(true))?;
        match file.metadata()?.len() == metadata.size {
            true => Ok(file),
            false => Err(io::Error::other("its size has changed")),
        }
    }

    /// Removes a file. Its bytes go first: what stays after a crash in between does
    /// not count, and goes at the next start.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    pub fn remove(&self, id: u64) -> io::Result<()> {
        remove_if_there(&self.data(id))?;
        remove_if_there(&self.path(id, METADATA))
    }

    /// Removes what has come of an upload. What stays is removed at the next start.
    pub fn remove_upload(&self, id: u64) {
        for kind in [PART, NEW] {
            let _at_the_next_start = fs::remove_file(self.path(id, kind));
        }
        // Its last step may have failed when this was there already.
        if !self.data(id).exists() {
            let _at_the_next_start = fs::remove_file(self.path(id, METADATA));
        }
    }

    fn data(&self, id: u64) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn path(&self, id: u64, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// Has the folder itself on disk, and with it the names in it.
    fn sync(&self) -> io::Result<()> {
        match File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            // Windows opens no folders; there the rename itself has to do.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            result => result,
        }
    }
}

/// The number in a name that is ours, and what follows it.
fn parse_stored_name(name: &str) -> Option<(u64, Option<&str>)> {
    let (number, kind) = match name.split_once('.') {
        Some((number, kind)) => (number, Some(kind)),
        None => (name, None),
    };
    let kind_is_ours = kind.is_none_or(|kind| [METADATA, PART, NEW].contains(&kind));
    let id = number.parse().ok().filter(|_| kind_is_ours)?;
    // `+3` and `03` are somebody else's.
    (number == u64::to_string(&id)).then_some((id, kind))
}

/// Makes a file where there is nothing yet, also no symbolic connection.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file that is one: no symbolic connection, pipe or device.
fn open_regular(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let before = fs::symlink_metadata(path)?;
    if !before.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = options.open(path)?;
    // Somebody may have put a connection there just now.
    match is_same(&before, &file.metadata()?) {
        true => Ok(file),
        false => Err(io::Error::other("somebody has replaced it")),
    }
}

#[cfg(unix)]
fn is_same(before: &fs::Metadata, after: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (before.dev(), before.ino()) == (after.dev(), after.ino())
}

/// Elsewhere std does not tell; a connection takes rights there that few have.
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
