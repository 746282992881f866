//! Sources: reads the files of the packages.

use std::fs;
use std::path::{Path, PathBuf};

/// The packages of the workspace.
pub const PACKAGES: [&str; 4] = ["common", "server", "client", "tests"];

/// A file with its path, relative to the folder it was looked for in.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Returns the folder of the workspace.
///
/// Cargo sets the variable when it runs a test, so a built test also checks
/// another checkout.
pub fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").to_string();
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| built());
    let parent = Path::new(&package).parent();
    parent.expect("a workspace").to_path_buf()
}

/// Returns every file of `package` whose name ends in one of `endings`.
pub fn files(package: &str, endings: &[&str]) -> Vec<Source> {
    read(&root().join(package), endings)
}

/// Returns every Rust file in `package/src`, with its path inside `src`.
pub fn code(package: &str) -> Vec<Source> {
    read(&root().join(package).join("src"), &["rs"])
}

fn read(base: &Path, endings: &[&str]) -> Vec<Source> {
    let mut folders = vec![base.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|it| it.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if ending.is_some_and(|it| endings.contains(&it)) {
                let name = path.strip_prefix(base).unwrap().display().to_string();
                let text = fs::read_to_string(path).unwrap();
                files.push(Source { path: name, text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Returns the line before which the tests at the end of a file begin, so the
/// number of lines without them.
pub fn lines_without_tests(text: &str) -> usize {
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    code.unwrap_or_default().lines().count()
}
