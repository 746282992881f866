//! Small: what the build without the feature `unicode` refuses, and why.

use common::NameError::{Character, Decomposed};

use super::refuse;

#[test]
fn a_letter_and_its_mark_must_be_one_character() {
    for (text, letter) in [
        ("Zoe\u{308}", "e\u{308}"),
        ("Nguye\u{302}\u{303}n", "e\u{302}\u{303}"),
        ("O\u{323}la\u{301}", "O\u{323}"),
        ("и\u{306}од", "и\u{306}"),
        ("か\u{3099}き", "か\u{3099}"),
        ("ا\u{653}دم", "ا\u{653}"),
        ("\u{110c}\u{1161}\u{11a8}", "\u{110c}\u{1161}\u{11a8}"),
        ("x\u{302}", "x\u{302}"),
    ] {
        refuse(text, Decomposed(letter.to_string()));
    }
    assert_eq!(
        "Zoe\u{308}"
            .parse::<common::Name>()
            .unwrap_err()
            .to_string(),
        "type e\u{308} as one character or without its mark"
    );
    let many = "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}";
    refuse(
        many,
        Decomposed("e\u{301}\u{302}\u{303}\u{304}".to_string()),
    );
    refuse("\u{301}", Character('\u{301}'));
    refuse("7\u{301}", Character('\u{301}'));
}

#[test]
fn scripts_that_only_the_feature_knows() {
    for (text, c) in [("བསྟན", 'བ'), ("ᏚᏏᏉᏯ", 'Ꮪ'), ("މަރިޔަމް", 'މ')]
    {
        refuse(text, Character(c));
    }
}
