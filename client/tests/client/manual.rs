//! The user's manual contains every option and every command of their tables.

use client::options;
use common::command::{HelpRow, TABLE};

/// Returns the manual's row for a row of the command table.
fn row(row: &HelpRow) -> String {
    let usages = row.entries.iter().map(|entry| {
        let aliases = entry.aliases.iter().map(|alias| format!(" or `/{alias}`"));
        format!("`{}`{}", entry.usage(), aliases.collect::<String>())
    });
    let usages: Vec<String> = usages.collect();
    format!("| {} | {} |", usages.join(", "), row.summary)
}

#[test]
fn the_manual_contains_every_command_and_alias() {
    let manual = include_str!("../../README.md");
    let missing: Vec<String> = TABLE
        .iter()
        .map(row)
        .filter(|row| !manual.contains(row))
        .collect();
    assert!(
        missing.is_empty(),
        "not in README.md:\n{}",
        missing.join("\n")
    );
}

#[test]
fn the_manual_contains_every_option() {
    let manual = include_str!("../../README.md");
    for row in options::manual_rows().lines() {
        assert!(manual.contains(row), "not in README.md:\n{row}");
    }
}
