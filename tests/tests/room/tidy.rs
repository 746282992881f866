//! The house rules that a program can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest file, in lines without its tests: what fits one reading.
const LONGEST_FILE: usize = 300;

const PACKAGES: [&str; 4] = ["common", "server", "client", "tests"];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("a workspace").to_path_buf()
}

/// Every Rust file of `package`, with its path inside the package.
fn sources(package: &str) -> Vec<(String, String)> {
    let base = root().join(package);
    let mut folders = vec![base.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&base).unwrap().display().to_string();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

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
        for (name, text) in sources(package) {
            assert!(text.starts_with("//! "), "{package}/{name} has no head");
        }
    }
}

#[test]
fn no_file_is_longer_than_one_reading() {
    for package in PACKAGES {
        let all = sources(package).into_iter();
        for (name, text) in all.filter(|(name, _)| name.starts_with("src")) {
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().count();
            assert!(lines <= LONGEST_FILE, "{package}/{name} has {lines} lines");
        }
    }
}

#[test]
fn each_readme_maps_every_file() {
    for package in PACKAGES {
        let readme = fs::read_to_string(root().join(package).join("README.md")).unwrap();
        for (name, _) in sources(package) {
            assert!(
                readme.contains(&format!("`{name}`")),
                "{package}/README.md lacks {name}"
            );
        }
    }
}
