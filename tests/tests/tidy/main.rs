//! Tidy: the rules for the whole workspace that a program can check.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod circles;
mod import_rules;
mod imports;
mod log_words;
mod manuals;
mod references;
mod shapes;
mod sources;
mod words;

use std::collections::BTreeSet;
use std::process::Command;

use sources::{PACKAGES, files, root};

/// The names of the crates in the default dependency tree of `package`.
fn tree(package: &str) -> BTreeSet<String> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "--offline", "-e", "normal"]);
    command.args(["--prefix", "none", "-p", package]);
    let output = command.current_dir(root()).output().expect("cargo tree");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let names = String::from_utf8(output.stdout).unwrap();
    let names = names.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_string).collect()
}

#[test]
fn the_default_build_stands_on_two_packages() {
    // What each of the two brings along is its own business.
    let mut allowed = BTreeSet::new();
    for package in ["crossbeam-channel", "ctrlc"] {
        allowed.append(&mut tree(package));
    }
    for package in ["server", "client"] {
        let own = [package.to_string(), "common".to_string()];
        let rest = tree(package).into_iter().filter(|name| !own.contains(name));
        let rest: BTreeSet<String> = rest.collect();
        assert_eq!(rest, allowed, "what {package} depends on");
    }
    assert_eq!(tree("common"), BTreeSet::from(["common".to_string()]));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    for package in PACKAGES {
        for source in files(package, &["rs"]) {
            let name = source.path;
            assert!(
                source.text.starts_with("//! "),
                "{package}/{name} has no head"
            );
        }
    }
}
