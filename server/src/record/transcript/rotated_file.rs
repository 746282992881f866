//! Rotated file: texts become a file that is rotated.
//!
//! Invariant: a text is one or more whole lines, and is in the file completely or not
//! at all. What a full disk took of it is cut off again.
//!
//! Every fault is returned, and the file is opened again the next time. So a file that
//! was deleted, or whose disk was gone for a while, is there again. It does not force
//! the disk to keep the text (`fsync`), so a crash of the machine may cost the last
//! seconds.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use common::MAX_EVENT;

/// The place and the size of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptConfig {
    /// The newest file; older ones have `.1`, `.2`, ... after its name.
    pub path: PathBuf,
    /// The largest size of a file, in bytes.
    pub max_bytes: u64,
    /// The number of older files.
    pub old_files: u32,
}

/// How far back the end of the last whole line is searched. No line is longer than the
/// longest event, with a time and a room's name before it.
const LONGEST_LINE: usize = MAX_EVENT + 256;

/// The beginning of every line; `0` stands for any digit.
const TIME: &[u8] = b"0000-00-00T00:00:00Z ";

/// A file and the older ones beside it.
pub struct RotatedFile {
    settings: TranscriptConfig,
    /// The open file, as long as no write has failed.
    file: Option<File>,
}

impl RotatedFile {
    /// Opens the file, or creates it. A torn last line, which a killed server leaves
    /// behind, is cut off.
    ///
    /// # Errors
    ///
    /// When the disk rejects it.
    pub fn open(settings: TranscriptConfig) -> io::Result<RotatedFile> {
        let file = Some(open(&settings.path)?);
        Ok(RotatedFile { settings, file })
    }

    /// Writes `text` to the end of the file, or of a new one if it has no room left. A
    /// text that is longer than a file may be has one for itself.
    ///
    /// # Errors
    ///
    /// When the disk rejects it. Then no part of `text` is in the file. Nor is it
    /// written if only the rotation fails, because a limit that gives way is none.
    pub fn append(&mut self, text: &[u8]) -> io::Result<()> {
        // Set again when all went well.
        let open_file = self.file.take();
        let mut file = match open_file.filter(|file| is_at(file, &self.settings.path)) {
            Some(file) => file,
            None => open(&self.settings.path)?,
        };
        // Read each time, because the operator may have emptied the file. A device or a
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
            // If this fails as well, opening the file cuts off the torn line.
            let _ = file.set_len(length);
            return Err(error);
        }
        self.file = Some(file);
        Ok(())
    }

    /// Moves the file to the older ones, each of which becomes one older. The names of
    /// the older ones end where the first is missing, so the next rotation finishes one
    /// that was interrupted.
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

/// Returns the name after `number` rotations: `FILE`, `FILE.1`, `FILE.2`.
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
        // Only the operator may show what was said.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    repair(&mut file)?;
    Ok(file)
}

/// Makes the file end with a whole line.
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
        // Another program's file, named by mistake: nothing of it is removed.
        file.write_all(b"\n")
    }
}

/// Returns `true` if this can be the beginning of a line.
fn is_ours(torn: &[u8]) -> bool {
    torn.iter().zip(TIME).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        shape => byte == shape,
    })
}

/// Returns `true` if `path` still leads to the open `file`.
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

/// Elsewhere std cannot tell files apart. A missing file is noticed, a replaced one
/// is not.
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
        // A text that cannot be a transcript belongs to another program.
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
        // A rotation was interrupted: what is older than the gap stays.
        let before = ["1234567\n", "1\n", "", "3\n"];
        check(3, &before, &["y\n"], &["y\n", "1234567\n", "1\n", "3\n"]);
        check(3, &["", "1\n"], &["y\n"], &["y\n", "1\n"]);
        // A limit that is never reached costs nothing.
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
        // Under another name, so that a mistake would not cost the machine its own.
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
