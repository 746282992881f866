//! Turns the bytes of a download into a file that stands in nobody's way.
//!
//! While it comes it has a name that nobody can foresee, made anew, so that no link
//! somebody has planted is followed. When all is here it is synced, and gets its own
//! name by a hard link, which, unlike a rename, never takes the place of another file.
//! If it never gets that far nothing is left. It knows no socket.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use common::transfer::filename;

use crate::connection::describe;

/// How many names are tried: `notes.pdf`, `notes-1.pdf` and so on. Who has fetched a
/// file a thousand times has another problem.
const MAX_NAMES: u32 = 1000;

/// A place for a file that is on its way.
pub struct PartialFile {
    /// What is written to.
    pub file: File,
    path: PathBuf,
    folder: PathBuf,
    name: String,
}

impl PartialFile {
    /// Makes a place for the file that the server calls `called`. It lands in
    /// `folder`, under that name once it is clean; or at `to`, which counts from
    /// `folder` and is another folder, or the path of a file.
    ///
    /// # Errors
    ///
    /// Says where nothing can be written, and why.
    pub fn create(folder: &Path, to: Option<&Path>, called: &str) -> Result<PartialFile, String> {
        let (folder, name) = split_target(folder, to, &filename::sanitize(called));
        let part = folder.join(format!(
            ".{}.part-{:016x}",
            filename::sanitize(&name),
            random()
        ));
        // `create_new` fails at whatever is there, a link that leads nowhere included.
        let file = OpenOptions::new().write(true).create_new(true).open(&part);
        let file = file.map_err(|error| unwritable(&folder, &error))?;
        Ok(PartialFile {
            file,
            path: part,
            folder,
            name,
        })
    }

    /// Where it is going to be, as far as one can know.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file is whole: gives it its name, and says which that is.
    ///
    /// # Errors
    ///
    /// Says what could not be written; nothing is left then.
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
                    // So that the name outlives a power cut; not all systems can.
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

    /// Gives the file this name, if nothing else has it.
    fn link_as(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // A disk without hard links, such as a USB stick: an empty file takes
                // the name, and the whole one takes its place.
                OpenOptions::new().write(true).create_new(true).open(path)?;
                fs::rename(&self.path, path)
            }
            result => result,
        }
    }
}

/// After a hard link it is a second name, and before that what nobody needs.
impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder and the name in it.
fn split_target(folder: &Path, to: Option<&Path>, clean: &str) -> (PathBuf, String) {
    let Some(to) = to.map(|to| folder.join(to)) else {
        return (folder.to_path_buf(), clean.to_string());
    };
    // A path that ends with a slash has no last part for us to cut off.
    let is_folder = to.is_dir() || to.to_string_lossy().ends_with(std::path::is_separator);
    match (to.parent(), to.file_name()) {
        (Some(parent), Some(name)) if !is_folder => {
            (parent.to_path_buf(), name.to_string_lossy().into_owned())
        }
        _ => (to, clean.to_string()),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    format!("cannot write to {}: {}", path.display(), describe(error))
}

/// Std has no dice, but the keys of its hash maps are thrown with the system's.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A folder of its own for each test, with a canary beside it.
    struct Folders(PathBuf);

    impl Folders {
        fn new() -> Folders {
            let folders = std::env::temp_dir().join(format!("chat-landing-{:016x}", random()));
            fs::create_dir_all(folders.join("in")).unwrap();
            fs::write(folders.join("canary"), "sings").unwrap();
            Folders(folders)
        }

        fn lands(&self, to: Option<&str>, called: &str) -> PathBuf {
            let folder = self.0.join("in");
            let mut landing = PartialFile::create(&folder, to.map(Path::new), called).unwrap();
            landing.file.write_all(b"new").unwrap();
            let path = landing.finish().unwrap();
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
            let path = folders.lands(None, name);
            assert_eq!(path.parent(), Some(Path::new("in")), "{name:?}");
        }
        assert_eq!(folders.names("in").len(), names.len());
        assert_eq!(folders.names(""), ["canary", "in"]);
    }

    #[test]
    fn what_is_there_stays_there() {
        let folders = Folders::new();
        let old = folders.0.join("in/notes.pdf");
        fs::write(&old, "old").unwrap();
        assert_eq!(
            folders.lands(None, "notes.pdf"),
            Path::new("in/notes-1.pdf")
        );
        assert_eq!(
            folders.lands(None, "notes.pdf"),
            Path::new("in/notes-2.pdf")
        );
        assert_eq!(fs::read(old).unwrap(), b"old");
    }

    #[test]
    #[cfg(unix)]
    fn a_planted_link_is_not_followed() {
        use std::os::unix::fs::symlink;
        let folders = Folders::new();
        for (name, aim) in [("a", "../canary"), ("b", "../made-by-the-link")] {
            symlink(aim, folders.0.join("in").join(name)).unwrap();
            let expected = PathBuf::from(format!("in/{name}-1"));
            assert_eq!(folders.lands(None, name), expected);
        }
        assert_eq!(folders.names(""), ["canary", "in"]);
    }

    #[test]
    fn it_lands_where_it_should() {
        let folders = Folders::new();
        fs::create_dir(folders.0.join("in/sub")).unwrap();
        assert_eq!(folders.lands(Some("sub"), "x"), Path::new("in/sub/x"));
        assert_eq!(folders.lands(Some("sub/"), "x"), Path::new("in/sub/x-1"));
        assert_eq!(folders.lands(Some("sub/y"), "x"), Path::new("in/sub/y"));
        assert_eq!(folders.lands(Some(".z"), "x"), Path::new("in/.z"));
        let nowhere = PartialFile::create(&folders.0, Some(Path::new("no/x")), "x").err();
        assert!(nowhere.unwrap().ends_with("no: no such file or directory"));
    }

    #[test]
    fn half_a_file_leaves_nothing() {
        let folders = Folders::new();
        let mut landing = PartialFile::create(&folders.0.join("in"), None, "x").unwrap();
        landing.file.write_all(b"half").unwrap();
        assert_eq!(folders.names("in").len(), 1);
        drop(landing);
        assert!(folders.names("in").is_empty());
    }
}
