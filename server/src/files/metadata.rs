//! Metadata: the data beside a file, and its text on disk.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::Name;
use common::notice::format_duration;
use common::transfer::filename;
use common::transfer::format_size;

use super::quota::Holder;

/// The data beside a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMetadata {
    /// The number of the file, which is its name on disk.
    pub id: u64,
    /// The name that its owner gave it; never a path.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
    /// The name of the member that has shared it.
    pub owner: Name,
    /// The member and its host; not known for a file of an earlier life of the server.
    pub shared_by: Option<Holder>,
    /// When it was shared, in seconds after 1970.
    pub shared_at: u64,
}

impl FileMetadata {
    /// Returns how long ago it was shared, by the wall clock.
    pub fn age(&self) -> Duration {
        Duration::from_secs(unix_now().saturating_sub(self.shared_at))
    }

    /// Returns a row of `/files` for a member that ignores the owner.
    pub fn row_without_name(&self) -> String {
        self.row("(name hidden)")
    }

    fn row(&self, name: &str) -> String {
        let (id, who) = (self.id, &self.owner);
        let (size, age) = (format_size(self.size), format_duration(self.age()));
        format!("{id:>4}  {size:>8}  {name}  from {who}, {age} ago")
    }

    /// Returns the text on disk: a word and its value in each line.
    pub fn to_text(&self) -> String {
        let FileMetadata {
            name,
            size,
            owner: who,
            shared_at: when,
            ..
        } = self;
        format!("size {size}\nwho {who}\nwhen {when}\nname {name}\n")
    }

    /// Parses such a text. Returns `None` for one that is torn or foreign.
    pub fn parse(id: u64, text: &str) -> Option<FileMetadata> {
        let mut lines = text.split_inclusive('\n');
        let mut value = |word: &str| {
            let line = lines.next()?.strip_suffix('\n')?;
            line.strip_prefix(word)?.strip_prefix(' ')
        };
        let metadata = FileMetadata {
            id,
            size: value("size")?.parse().ok()?,
            owner: value("who")?.parse().ok()?,
            shared_by: None,
            shared_at: value("when")?.parse().ok()?,
            name: value("name")?.to_string(),
        };
        // Another program may have written it.
        (filename::sanitize(&metadata.name) == metadata.name).then_some(metadata)
    }
}

/// A row of `/files`.
impl fmt::Display for FileMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.row(&self.name))
    }
}

/// Returns the wall clock in seconds, because a file outlives the process.
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Returns the line above such rows.
pub fn count_line(files: usize) -> String {
    match files {
        0 => "No files yet.".to_string(),
        1 => "1 file.".to_string(),
        count => format!("{count} files."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_parsed_as_it_was_written_or_not_at_all() {
        let metadata = FileMetadata {
            id: 7,
            name: "my notes.pdf".to_string(),
            size: 12,
            owner: "ann".parse().unwrap(),
            shared_by: None,
            shared_at: 1_800_000_000,
        };
        let text = metadata.to_text();
        assert_eq!(FileMetadata::parse(7, &text), Some(metadata));
        for cut in 0..text.len() {
            assert_eq!(FileMetadata::parse(7, &text[..cut]), None, "cut at {cut}");
        }
        let path = text.replace("my notes", "../notes");
        assert_eq!(FileMetadata::parse(7, &path), None);
    }
}
