//! Turns texts into a file that is rotated, and that outlives what happens to it.
//!
//! A text is one or more whole lines, and stands in the file as a whole or not
//! at all: what a full disk took of it is cut off again. Every fault is handed
//! to the caller and the file is opened anew the next time, so one that was
//! deleted, or whose disk or directory went and came back, is there again.
//!
//! It knows no rooms, threads or people to tell; of a line, that it begins with
//! a time and ends in a newline. It does not make the disk keep what it took
//! (`fsync`), so the machine's own crash may cost the last seconds.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use common::MAX_EVENT;

/// Where the transcript goes, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptConfig {
    /// The newest file; the older ones have `.1`, `.2`, ... after its name.
    pub path: PathBuf,
    /// How long a file may be, in bytes, before it is rotated.
    pub max_bytes: u64,
    /// How many older files are kept.
    pub old_files: u32,
}

/// How far back the end of the last whole line is looked for. No line is longer:
/// the longest event, with a time and a room's name before it.
const LONGEST_LINE: usize = MAX_EVENT + 256;

/// What every line begins with; `0` stands for any digit.
const TIME: &[u8] = b"0000-00-00T00:00:00Z ";

/// A file, and the older ones beside it.
pub struct RotatedFile {
    settings: TranscriptConfig,
    /// Open, and in order as far as is known.
    file: Option<File>,
}

impl RotatedFile {
    /// Opens the file, or makes it. A torn last line is cut off, which a server
    /// leaves behind that is killed while it writes.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    pub fn open(settings: TranscriptConfig) -> io::Result<RotatedFile> {
        let file = Some(open(&settings.path)?);
        Ok(RotatedFile { settings, file })
    }

    /// Writes `text` to the end of the file, or of a new one if it has no room
    /// left there. A text that is longer than a file may be has one for itself.
    ///
    /// # Errors
    ///
    /// When that cannot be done; then no part of `text` stands in the file. Nor
    /// is it written when only the rotation fails: a limit that gives way would
    /// be none.
    pub fn append(&mut self, text: &[u8]) -> io::Result<()> {
        // It comes back when all went well.
        let open_file = self.file.take();
        let mut file = match open_file.filter(|file| is_at(file, &self.settings.path)) {
            Some(file) => file,
            None => open(&self.settings.path)?,
        };
        // Asked each time, as the operator may have emptied it. A device or a
        // pipe has no length, and so is never renamed.
        let mut length = file.metadata()?.len();
        let more = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if length > 0 && length.saturating_add(more) > self.settings.max_bytes {
            drop(file);
            self.rotate()?;
            file = open(&self.settings.path)?;
            length = file.metadata()?.len();
        }
        if let Err(error) = file.write_all(text) {
            // If this fails as well, opening it cuts off at least half a line.
            let _ = file.set_len(length);
            return Err(error);
        }
        self.file = Some(file);
        Ok(())
    }

    /// Moves the file to the older ones, each of which becomes one older. The
    /// names of the older ones end where the first is missing, so a rotation
    /// that was broken off is simply finished by the next.
    fn rotate(&self) -> io::Result<()> {
        let TranscriptConfig {
            path,
            old_files: kept,
            ..
        } = &self.settings;
        if *kept == 0 {
            return unless_missing(fs::remove_file(path));
        }
        let is_there = |number: &u32| numbered_path(path, *number).symlink_metadata().is_ok();
        let last = (1..*kept).take_while(is_there).last().unwrap_or(0);
        for number in (0..=last).rev() {
            unless_missing(fs::rename(
                numbered_path(path, number),
                numbered_path(path, number + 1),
            ))?;
        }
        Ok(())
    }
}

/// The name of the file that was rotated so often: `FILE`, `FILE.1`, `FILE.2`.
fn numbered_path(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        // What was said is the operator's to show.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    repair(&mut file)?;
    Ok(file)
}

/// Sees to it that the file ends with a whole line.
fn repair(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let longest = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    let from = length.saturating_sub(longest);
    let mut tail = Vec::new();
    if length > 0 {
        file.seek(SeekFrom::Start(from))?;
        file.take(longest).read_to_end(&mut tail)?;
    }
    let end = tail.iter().rposition(|&byte| byte == b'\n');
    let (whole, torn) = tail.split_at(end.map_or(0, |end| end + 1));
    if torn.is_empty() {
        Ok(())
    } else if is_ours(torn) {
        file.set_len(from + u64::try_from(whole.len()).unwrap_or(0))
    } else {
        // Somebody's file, named by mistake: nothing of it is taken away.
        file.write_all(b"\n")
    }
}

/// Whether this could be the beginning of a line.
fn is_ours(torn: &[u8]) -> bool {
    torn.iter().zip(TIME).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        shape => byte == shape,
    })
}

/// Whether `path` still leads to the open `file`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => is_same(&open, &there),
        _ => false,
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere std cannot tell files apart: one that is gone is noticed, one that
/// another has taken the place of is not.
#[cfg(not(unix))]
fn is_same(_one: &Metadata, _other: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::*;

    const LINE: &str = "2026-03-01T12:00:59Z lobby bob: hi\n";

    fn opened(path: &Path, most_bytes: u64, kept: u32) -> RotatedFile {
        let path = path.to_path_buf();
        let settings = TranscriptConfig {
            path,
            max_bytes: most_bytes,
            old_files: kept,
        };
        RotatedFile::open(settings).unwrap()
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_nothing_else() {
        let scratch = Scratch::new();
        let path = scratch.file("t");
        let check = |before: &str, expected: &str| {
            fs::write(&path, before).unwrap();
            opened(&path, 1000, 0);
            assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{before:?}");
        };
        for end in 1..LINE.len() {
            let torn = &LINE[..end];
            check(torn, "");
            check(&format!("{LINE}{torn}"), LINE);
        }
        let many = LINE.repeat(10_000);
        let longest = LINE.replace("hi\n", &"x".repeat(MAX_EVENT - "bob: ".len()));
        check("", "");
        check(LINE, LINE);
        check(&many, &many);
        check(&format!("{many}{}", &LINE[..30]), &many);
        check(&longest, "");
        check(&format!("{many}{longest}"), &many);
        // What cannot have been a transcript is somebody's.
        check("my notes", "my notes\n");
        check("2026-03-01: my notes", "2026-03-01: my notes\n");
        let long = "0".repeat(100_000);
        check(&long, &format!("{long}\n"));
    }

    #[test]
    fn a_file_that_has_no_room_left_becomes_an_older_one() {
        // (kept, the files before, written in texts of 4 bytes to files of at
        // most 8) and the files after, newest first.
        let check = |kept: u32, before: &[&str], texts: &[&str], after: &[&str]| {
            let scratch = Scratch::new();
            let path = scratch.file("t");
            for (number, text) in (0..).zip(before).filter(|(_, text)| !text.is_empty()) {
                fs::write(numbered_path(&path, number), text).unwrap();
            }
            let mut file = opened(&path, 8, kept);
            for text in texts {
                file.append(text.as_bytes()).unwrap();
            }
            for (number, text) in (0..).zip(after) {
                let found = fs::read_to_string(numbered_path(&path, number)).unwrap_or_default();
                assert_eq!(found, *text, "{before:?} {texts:?} {number}");
            }
            let beyond = u32::try_from(after.len()).unwrap();
            assert!(
                !numbered_path(&path, beyond).exists(),
                "{before:?} {texts:?}"
            );
        };
        check(2, &[], &["aaa\n", "bbb\n"], &["aaa\nbbb\n"]);
        check(
            2,
            &[],
            &["aaa\n", "bbb\n", "ccc\n"],
            &["ccc\n", "aaa\nbbb\n"],
        );
        let texts = ["a2345678\n", "b2345678\n", "c2345678\n", "d\n"];
        check(0, &[], &texts, &["d\n"]);
        check(1, &[], &texts, &["d\n", "c2345678\n"]);
        check(2, &[], &texts, &["d\n", "c2345678\n", "b2345678\n"]);
        // A limit that was lowered, and one that is already reached.
        check(1, &["1234567\n", "x\n"], &["y\n"], &["y\n", "1234567\n"]);
        check(1, &["123456789\n"], &["y\n"], &["y\n", "123456789\n"]);
        // A rotation was broken off: what is older than the gap stays.
        let before = ["1234567\n", "1\n", "", "3\n"];
        check(3, &before, &["y\n"], &["y\n", "1234567\n", "1\n", "3\n"]);
        check(3, &["", "1\n"], &["y\n"], &["y\n", "1\n"]);
        // A number of files that nobody has costs nothing.
        check(u32::MAX, &["1234567\n"], &["y\n"], &["y\n", "1234567\n"]);
    }

    #[test]
    fn a_rotation_that_fails_leaves_the_file_as_it_is() {
        let scratch = Scratch::new();
        let path = scratch.file("t");
        let mut file = opened(&path, 8, 1);
        file.append(b"aaa\n").unwrap();
        fs::create_dir(numbered_path(&path, 1)).unwrap();
        assert!(file.append(b"bbbbb\n").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "aaa\n");
        fs::remove_dir(numbered_path(&path, 1)).unwrap();
        file.append(b"bbbbb\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "bbbbb\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_gone_moved_or_emptied_is_made_again() {
        let scratch = Scratch::new();
        fs::create_dir(scratch.file("home")).unwrap();
        let path = scratch.file("home/t");
        let mut file = opened(&path, 1000, 0);
        let mut check = |text: &str| {
            file.append(text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        };
        check("1\n");
        fs::remove_file(&path).unwrap();
        check("2\n");
        fs::rename(&path, scratch.file("elsewhere")).unwrap();
        check("3\n");
        fs::write(scratch.file("other"), "").unwrap();
        fs::rename(scratch.file("other"), &path).unwrap();
        check("4\n");
        fs::write(&path, "").unwrap();
        check("5\n");
        fs::remove_dir_all(scratch.file("home")).unwrap();
        fs::create_dir(scratch.file("home")).unwrap();
        check("6\n");
        let moved = fs::read_to_string(scratch.file("elsewhere")).unwrap();
        assert_eq!(moved, "2\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_the_operators_alone() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        let path = scratch.file("t");
        let mut file = opened(&path, 8, 1);
        for _ in 0..3 {
            file.append(b"12345\n").unwrap();
        }
        for number in 0..2 {
            let mode = numbered_path(&path, number)
                .metadata()
                .unwrap()
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_and_never_renamed() {
        let scratch = Scratch::new();
        // By another name, so that a mistake would not cost the machine them.
        for (device, kind) in [("null", None), ("full", Some(ErrorKind::StorageFull))] {
            let path = scratch.file(device);
            std::os::unix::fs::symlink(Path::new("/dev").join(device), &path).unwrap();
            let mut file = opened(&path, 1, 1);
            for _ in 0..2 {
                let error = file.append(b"12345\n").err();
                assert_eq!(error.map(|error| error.kind()), kind);
            }
            assert!(!numbered_path(&path, 1).exists());
        }
    }
}
