//! Manuals: each README has a complete map and describes every option.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::sources::{PACKAGES, files, root};

/// The endings of the names of files that a map lists.
const MAPPED: [&str; 3] = ["rs", "py", "sh"];

fn readme(package: &str) -> String {
    fs::read_to_string(root().join(package).join("README.md")).unwrap()
}

/// Returns the names of files in `package`.
fn names(package: &str) -> BTreeSet<String> {
    let files = files(package, &MAPPED).into_iter();
    files.map(|source| source.path).collect()
}

#[test]
fn each_readme_maps_every_file() {
    for package in PACKAGES {
        let mapped = mapped(&readme(package));
        let missing: Vec<String> = names(package).difference(&mapped).cloned().collect();
        assert!(
            missing.is_empty(),
            "{package}/README.md does not map {missing:#?}"
        );
    }
}

#[test]
fn no_readme_maps_a_file_that_does_not_exist() {
    for package in PACKAGES {
        let mapped = mapped(&readme(package));
        let extra: Vec<String> = mapped.difference(&names(package)).cloned().collect();
        assert!(extra.is_empty(), "{package}/README.md maps {extra:#?}");
    }
}

/// Returns the files in the first cells of a README's tables.
fn mapped(readme: &str) -> BTreeSet<String> {
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| "));
    let first_cells = rows.filter_map(|row| row.split(" | ").next());
    let quoted = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_file = |name: &&str| MAPPED.iter().any(|end| name.ends_with(&format!(".{end}")));
    quoted.filter(is_file).map(str::to_string).collect()
}

#[test]
fn a_map_is_read_from_the_rows() {
    let text = "| file | use |\n|---|---|\n| `a.rs`, `b.rs` | `c.rs` |\n| `--d` | e |\n`f.rs`\n";
    let expected = ["a.rs", "b.rs"].map(str::to_string);
    assert_eq!(mapped(text), BTreeSet::from(expected));
}

#[test]
fn every_option_is_in_the_manual() {
    for (package, program) in [("server", "chat-server"), ("client", "chat-client")] {
        let help = help(package, program);
        assert!(!options(&help).is_empty(), "{help}");
        let readme = readme(package);
        let rows: String = readme
            .lines()
            .filter(|line| line.starts_with('|'))
            .collect();
        let missing: Vec<String> = options(&help)
            .difference(&options(&rows))
            .cloned()
            .collect();
        assert!(
            missing.is_empty(),
            "options of {program} that no table in {package}/README.md has: {missing:#?}"
        );
    }
}

/// Returns what `program` prints for `--help`.
fn help(package: &str, program: &str) -> String {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["run", "--quiet", "--locked", "--offline", "-p", package]);
    cargo.args(["--bin", program, "--", "--help"]);
    let output = cargo.current_dir(root()).output().expect("cargo run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the long options in `text`, such as `--help`.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let long = words.filter(|word| word.len() > 2 && word.starts_with("--"));
    let named = long.filter(|word| word.as_bytes()[2].is_ascii_alphabetic());
    named.map(str::to_string).collect()
}

#[test]
fn options_are_found_in_a_text() {
    let expected = ["--a-b", "--help"].map(str::to_string);
    assert_eq!(
        options("--- x --- --a-b=N, [--help]"),
        BTreeSet::from(expected)
    );
}
