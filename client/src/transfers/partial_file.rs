//! Partial files: from a download's bytes to a file that overwrites no other.
//!
//! A download has an unpredictable, new name at first, so that no planted link is
//! followed. A complete file is synced and gets its own name by a hard link, which,
//! unlike a rename, never replaces another file. An incomplete file is deleted.
//!
//! Invariant: it knows no socket.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use common::transfer::filename;

use crate::connection::describe;

/// The number of names that are tried: `notes.pdf`, `notes-1.pdf` and so on.
const MAX_NAMES: u32 = 1000;

/// A file that is being downloaded.
pub struct PartialFile {
    /// The file to write to.
    pub file: File,
    path: PathBuf,
    folder: PathBuf,
    name: String,
}

impl PartialFile {
    /// Creates a file for the server's file `name`. It will be in `folder`, under its
    /// sanitized name, or at `to`, which is relative to `folder` and is another folder
    /// or the path of a file.
    ///
    /// # Errors
    ///
    /// The path that cannot be written, and the reason.
    pub fn create(folder: &Path, to: Option<&Path>, name: &str) -> Result<PartialFile, String> {
        let (folder, name) = split_target(folder, to, &filename::sanitize(name));
        let path = folder.join(format!(
            ".{}.part-{:016x}",
            filename::sanitize(&name),
            random()
        ));
        // `create_new` fails if anything exists, even a link that leads nowhere.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(|error| unwritable(&folder, &error))?;
        Ok(PartialFile {
            file,
            path,
            folder,
            name,
        })
    }

    /// Returns the folder of the complete file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives the complete file its name, and returns its path.
    ///
    /// # Errors
    ///
    /// The path that could not be written; then nothing is left.
    pub fn finish(self) -> Result<PathBuf, String> {
        let synced = self.file.sync_all();
        synced.map_err(|error| unwritable(&self.folder, &error))?;
        for number in 0..MAX_NAMES {
            let name = match number {
                0 => self.name.clone(),
                number => filename::with_number(&self.name, number),
            };
            let path = self.folder.join(name);
            match self.link_as(&path) {
                Ok(()) => {
                    // So that the name survives a power cut; not all systems can.
                    let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
                    return Ok(path);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
        Err(format!(
            "{MAX_NAMES} files are called {} already",
            self.name
        ))
    }

    /// Gives the file this name, if no other file has it.
    fn link_as(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // A disk without hard links, such as a USB stick: an empty file claims
                // the name, and the complete file replaces it.
                OpenOptions::new().write(true).create_new(true).open(path)?;
                fs::rename(&self.path, path)
            }
            result => result,
        }
    }
}

/// Removes the partial name: the second name of a complete file, or an incomplete file.
impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the target's folder and the name in it.
fn split_target(folder: &Path, to: Option<&Path>, name: &str) -> (PathBuf, String) {
    let Some(to) = to.map(|to| folder.join(to)) else {
        return (folder.to_path_buf(), name.to_string());
    };
    // A path that ends with a slash has no last part to cut off.
    let is_folder = to.is_dir() || to.to_string_lossy().ends_with(std::path::is_separator);
    match (to.parent(), to.file_name()) {
        (Some(parent), Some(name)) if !is_folder => {
            (parent.to_path_buf(), name.to_string_lossy().into_owned())
        }
        _ => (to, name.to_string()),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    format!("cannot write to {}: {}", path.display(), describe(error))
}

/// Returns a random number: std has no generator, but the system chooses the keys of its
/// hash maps.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A folder for one test, with a canary beside it.
    struct Folders(PathBuf);

    impl Folders {
        fn new() -> Folders {
            let folders = std::env::temp_dir().join(format!("chat-partial-{:016x}", random()));
            fs::create_dir_all(folders.join("in")).unwrap();
            fs::write(folders.join("canary"), "sings").unwrap();
            Folders(folders)
        }

        fn download(&self, to: Option<&str>, name: &str) -> PathBuf {
            let folder = self.0.join("in");
            let mut partial = PartialFile::create(&folder, to.map(Path::new), name).unwrap();
            partial.file.write_all(b"new").unwrap();
            let path = partial.finish().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            path.strip_prefix(&self.0).unwrap().to_path_buf()
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let entries = fs::read_dir(self.0.join(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        }
    }

    impl Drop for Folders {
        fn drop(&mut self) {
            assert_eq!(fs::read(self.0.join("canary")).unwrap(), b"sings");
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folders = Folders::new();
        let long = "x".repeat(300);
        let names = [
            "../canary",
            "/etc/x",
            "a/../../canary",
            "..",
            ".",
            "C:\\x",
            "\\\\h\\s",
            "NUL",
            "CON.txt",
            "x:y",
            "-rf",
            ".ssh",
            &long,
            "%2e%2e",
            "\u{202e}fdp.exe",
            "dot.",
            "",
        ];
        for name in names {
            let path = folders.download(None, name);
            assert_eq!(path.parent(), Some(Path::new("in")), "{name:?}");
        }
        assert_eq!(folders.names("in").len(), names.len());
        assert_eq!(folders.names(""), ["canary", "in"]);
    }

    #[test]
    fn existing_files_stay() {
        let folders = Folders::new();
        let old = folders.0.join("in/notes.pdf");
        fs::write(&old, "old").unwrap();
        assert_eq!(
            folders.download(None, "notes.pdf"),
            Path::new("in/notes-1.pdf")
        );
        assert_eq!(
            folders.download(None, "notes.pdf"),
            Path::new("in/notes-2.pdf")
        );
        assert_eq!(fs::read(old).unwrap(), b"old");
    }

    #[test]
    #[cfg(unix)]
    fn a_planted_link_is_not_followed() {
        use std::os::unix::fs::symlink;
        let folders = Folders::new();
        for (name, target) in [("a", "../canary"), ("b", "../made-by-the-link")] {
            symlink(target, folders.0.join("in").join(name)).unwrap();
            let expected = PathBuf::from(format!("in/{name}-1"));
            assert_eq!(folders.download(None, name), expected);
        }
        assert_eq!(folders.names(""), ["canary", "in"]);
    }

    #[test]
    fn a_target_is_a_folder_or_a_file() {
        let folders = Folders::new();
        fs::create_dir(folders.0.join("in/sub")).unwrap();
        assert_eq!(folders.download(Some("sub"), "x"), Path::new("in/sub/x"));
        assert_eq!(folders.download(Some("sub/"), "x"), Path::new("in/sub/x-1"));
        assert_eq!(folders.download(Some("sub/y"), "x"), Path::new("in/sub/y"));
        assert_eq!(folders.download(Some(".z"), "x"), Path::new("in/.z"));
        let nowhere = PartialFile::create(&folders.0, Some(Path::new("no/x")), "x").err();
        assert!(nowhere.unwrap().ends_with("no: no such file or directory"));
    }

    #[test]
    fn an_incomplete_file_is_deleted() {
        let folders = Folders::new();
        let mut partial = PartialFile::create(&folders.0.join("in"), None, "x").unwrap();
        partial.file.write_all(b"half").unwrap();
        assert_eq!(folders.names("in").len(), 1);
        drop(partial);
        assert!(folders.names("in").is_empty());
    }
}
