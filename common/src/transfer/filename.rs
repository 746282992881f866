//! Filename: makes the name of a received file safe.
//!
//! A client displays the name, and creates a file of that name beside others. So the
//! name must not be a path, a name that a system treats specially, or a name that
//! misleads a reader. Both sides sanitize, because neither trusts the other.

use crate::text;

/// The maximum length of a name, in bytes. File systems allow 255. The difference is
/// for the suffixes of partial files and for the numbers of [`with_number`].
pub const MAX_FILENAME: usize = 200;

/// The name for a file whose sanitized name is empty.
const UNNAMED: &str = "file";

/// The devices of Windows, which opens them by these names with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Returns a safe name from the last part of a path of any system.
///
/// Characters with a meaning on some system become `_`. A first `.` or `-` does too,
/// because it would hide the file or make it an option of a command.
///
/// ```
/// assert_eq!(common::transfer::filename::sanitize("../../etc/passwd"), "passwd");
/// ```
pub fn sanitize(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = text::sanitize(last);
    // One blank at a time, so that a name cannot look like the columns of a table.
    let words = last
        .split(text::looks_blank)
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let plain: String = words.join(" ").chars().map(replace_special).collect();
    // Windows removes these at the end, so that two names would be equal.
    let plain = plain.trim_end_matches(['.', ' ']);
    let plain = shorten(plain);
    let plain = plain.trim_end_matches(['.', ' ']);
    match plain.chars().next() {
        None => UNNAMED.to_string(),
        Some('.' | '-') => format!("_{}", plain.get(1..).unwrap_or_default()),
        Some(_) if is_device(plain) => format!("_{plain}"),
        Some(_) => plain.to_string(),
    }
}

/// Returns `name` with a number before its extension: `notes-1.pdf`.
pub fn with_number(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}-{number}.{extension}"),
        _ => format!("{name}-{number}"),
    }
}

fn replace_special(c: char) -> char {
    match c {
        // Windows reserves these; `:` also selects another stream of a file.
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        c => c,
    }
}

/// Shortens a name that is too long, and keeps its extension.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_FILENAME {
        return name.to_string();
    }
    let extension = name
        .rfind('.')
        .map_or("", |dot| name.get(dot..).unwrap_or_default());
    let extension = if extension.len() <= 20 { extension } else { "" };
    let mut end = MAX_FILENAME - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", name.get(..end).unwrap_or_default())
}

/// Returns `true` for `CON`, `nul.txt`, `COM1`.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    let word = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = matches!(word, "com" | "lpt");
    DEVICES.contains(&word) && (numbered == (stem.len() == word.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(sanitize(name), expected, "sanitizing {name:?}");
        assert_eq!(sanitize(expected), expected, "sanitizing twice");
    }

    #[test]
    fn ordinary_names_are_unchanged() {
        for name in [
            "notes.pdf",
            "a b.txt",
            "übung 1.tar.gz",
            "文.md",
            "console",
            "com",
        ] {
            check(name, name);
        }
    }

    #[test]
    fn a_path_is_its_last_part() {
        check("../x", "x");
        check("/etc/x", "x");
        check("a/../../x", "x");
        check("C:\\x", "x");
        check("\\\\h\\s", "s");
        check("x/", "file");
        check("..", "file");
        check(".", "file");
        check("", "file");
    }

    #[test]
    fn special_names_are_made_safe() {
        check("NUL", "_NUL");
        check("CON.txt", "_CON.txt");
        check("com1", "_com1");
        check("LPT9.pdf", "_LPT9.pdf");
        check("x:y", "x_y");
        check("a\u{2800}\u{2800}b\u{3164}", "a b");
        check("-rf", "_rf");
        check(".ssh", "_ssh");
        check("x.", "x");
        check("x. .", "x");
        check("%2e%2e", "%2e%2e");
        check("a\tb\u{1b}[2J", "a b[2J");
        check("fdp.\u{202e}exe", "fdp.exe");
        check("what?.txt", "what_.txt");
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let cleaned = sanitize(&format!("{}.pdf", "x".repeat(300)));
        assert_eq!(cleaned.len(), MAX_FILENAME);
        assert!(cleaned.ends_with("x.pdf"));
        let cleaned = sanitize(&"é".repeat(300));
        assert_eq!(cleaned.len(), MAX_FILENAME);
        let dotted = format!("x{}", ". ".repeat(300) + "no extension of a file");
        assert_eq!(sanitize(&dotted), "x");
    }

    #[test]
    fn a_number_goes_before_the_extension() {
        assert_eq!(with_number("notes.pdf", 1), "notes-1.pdf");
        assert_eq!(with_number("notes", 2), "notes-2");
        assert_eq!(with_number("a.tar.gz", 1), "a.tar-1.gz");
    }
}
