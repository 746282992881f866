//! The user's manual has every command, as the one list of them says.

use common::command::{HelpRow, TABLE};

/// The row of the manual for a row of the list.
fn row(row: &HelpRow) -> String {
    let usages = row.entries.iter().map(|entry| {
        let aliases = entry.aliases.iter().map(|alias| format!(" or `/{alias}`"));
        format!("`{}`{}", entry.usage(), aliases.collect::<String>())
    });
    let usages: Vec<String> = usages.collect();
    format!("| {} | {} |", usages.join(", "), row.summary)
}

#[test]
fn the_manual_has_every_command_and_alias() {
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
