//! Paths: from a typed path to the path that is meant.
//!
//! A person types `~/my notes.pdf`. When a file is dropped on a terminal, the terminal
//! pastes it in quotes, or with a backslash before each space. A file may really have
//! such a name: if the path exists as it was typed, it is taken as it was typed.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the path of the existing file that `typed` means.
pub fn existing(typed: &str) -> PathBuf {
    choose(typed, home().as_deref(), Path::exists)
}

/// Returns the path that `typed` means, which need not exist.
pub fn new(typed: &str) -> PathBuf {
    choose(typed, home().as_deref(), |_| false)
}

/// Returns the home directory, which `~` stands for.
fn home() -> Option<PathBuf> {
    let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"))?;
    Some(PathBuf::from(home))
}

/// Returns the first reading that exists, else the reading without quotes.
fn choose(typed: &str, home: Option<&Path>, exists: impl Fn(&Path) -> bool) -> PathBuf {
    let typed = typed.trim();
    let plain = expand(typed, home);
    match unquote(typed) {
        Some(unquoted) if unquoted != typed && !exists(&plain) => expand(&unquoted, home),
        _ => plain,
    }
}

/// Replaces a leading `~` by the home directory.
fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_path_buf(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}

/// Reads quotes and backslashes as a shell does. Returns `None` if a quote has no end.
fn unquote(typed: &str) -> Option<String> {
    let mut plain = String::new();
    let mut quote = None;
    let mut letters = typed.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            // On Windows it separates the folders of a path.
            ('\\', None | Some('"')) if !cfg!(windows) => plain.push(letters.next()?),
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(end)) if letter == end => quote = None,
            (letter, _) => plain.push(letter),
        }
    }
    quote.is_none().then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let home = Path::new("/home/ann");
        let chosen = choose(typed, Some(home), |_| false);
        assert_eq!(chosen, Path::new(expected), "typing {typed:?}");
    }

    #[test]
    fn a_tilde_is_the_home_directory_only_where_it_is_in_a_shell() {
        check("~", "/home/ann");
        check("~/notes.pdf", "/home/ann/notes.pdf");
        check("~bob/x", "~bob/x");
        check("a~", "a~");
        assert_eq!(choose("~/x", None, |_| false), Path::new("~/x"));
    }

    #[test]
    fn spaces_belong_to_the_path() {
        check("  my notes.pdf ", "my notes.pdf");
        check("~/my notes.pdf", "/home/ann/my notes.pdf");
    }

    #[test]
    #[cfg(not(windows))]
    fn what_a_terminal_pastes_for_a_dropped_file_is_understood() {
        check("'/tmp/my notes.pdf' ", "/tmp/my notes.pdf");
        check("\"/tmp/my notes.pdf\"", "/tmp/my notes.pdf");
        check("/tmp/my\\ notes\\(1\\).pdf", "/tmp/my notes(1).pdf");
        check("'/tmp/it'\\''s.pdf'", "/tmp/it's.pdf");
        check("it's here.pdf", "it's here.pdf");
        check("ends\\", "ends\\");
    }

    #[test]
    fn a_path_that_exists_is_taken_as_typed() {
        let chosen = choose("'a' b", None, |path| path == Path::new("'a' b"));
        assert_eq!(chosen, Path::new("'a' b"));
    }
}
