//! Turns a file's name as somebody sent it into one that is only a name.
//!
//! A name is shown to people and, in a client, becomes a file beside others. So it
//! must be no path, nothing that a system treats in its own way, and nothing that
//! reads as what it is not. Both sides clean: neither believes the other.

use crate::text;

/// The most bytes of a name. File systems take 255; the rest is for what a client
/// adds while it fetches, and so that no two collide.
pub const MAX_FILENAME: usize = 200;

/// What stands for a name of which nothing is left.
const UNNAMED: &str = "file";

/// Devices of Windows, which are opened by these names with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Makes a name of the last part of `name`, whatever system's path that is.
///
/// Characters that some system gives a meaning become `_`, and so does a first
/// `.` or `-`, which would hide the file or make it an option of some command.
///
/// ```
/// assert_eq!(common::transfer::filename::clean("../../etc/passwd"), "passwd");
/// ```
pub fn sanitize(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = text::sanitize(last);
    let plain: String = last.trim().chars().map(replace_special).collect();
    // Windows drops these at the end, so that two names would be one.
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

/// A name and a number before its extension: `notes-1.pdf`.
pub fn with_number(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}-{number}.{extension}"),
        _ => format!("{name}-{number}"),
    }
}

fn replace_special(c: char) -> char {
    match c {
        // Windows, where `:` also leads to a file's other streams.
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        '\t' => ' ',
        c => c,
    }
}

/// Cuts a name that is too long, but not its extension.
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

/// `CON`, `nul.txt`, `COM1`.
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
        assert_eq!(sanitize(name), expected, "cleaning {name:?}");
        assert_eq!(sanitize(expected), expected, "clean is clean");
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
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
    fn what_a_system_would_obey_is_made_harmless() {
        check("NUL", "_NUL");
        check("CON.txt", "_CON.txt");
        check("com1", "_com1");
        check("LPT9.pdf", "_LPT9.pdf");
        check("x:y", "x_y");
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
