//! Unicode: what the feature `unicode` adds.

use super::{accept, name};

#[test]
fn names_in_all_scripts_in_use_are_accepted() {
    for text in [
        "བསྟན",
        "བསྟན་འཛིན",
        "މަރިޔަމް",
        "އަހުމަދު",
        "ᏚᏏᏉᏯ",
        "ꮳꮃꭹ",
        "ߞߊ߲ߞߊ",
        "ᠪᠠᠲᠤ",
        "ꦱꦫꦶ",
        "ᱵᱤᱨᱥᱟ",
    ] {
        match text {
            // Unicode advises against Mongolian, because many of its letters look alike.
            "ᠪᠠᠲᠤ" => assert!(text.parse::<common::Name>().is_err()),
            text => accept(text),
        }
    }
}

#[test]
fn a_letter_and_its_mark_are_composed() {
    for (apart, composed) in [
        ("Zoe\u{308}", "Zoë"),
        ("Nguye\u{302}\u{303}n", "Nguyễn"),
        ("O\u{323}la\u{301}", "Ọlá"),
        ("и\u{306}од", "йод"),
        ("か\u{3099}き", "がき"),
        ("\u{110c}\u{1161}\u{11a8}", "작"),
    ] {
        assert_eq!(name(apart).as_str(), composed);
        assert_eq!(name(apart), name(composed));
        assert!(name(composed).matches(apart));
    }
}

#[test]
fn a_mark_without_a_composed_letter_is_accepted() {
    for text in ["Adébáyọ\u{300}", "x\u{302}", "Ẹ\u{300}bun"] {
        accept(text);
    }
    let stacked = "q\u{300}\u{301}\u{302}\u{303}\u{304}";
    super::refuse(stacked, common::NameError::TooManyMarks('q'));
    super::refuse("7\u{301}", common::NameError::Mark('\u{301}'));
    super::refuse("\u{301}", common::NameError::Mark('\u{301}'));
}

#[test]
fn the_limit_counts_composed_characters() {
    accept(&"é".repeat(24));
    assert_eq!(name(&"e\u{301}".repeat(24)).as_str(), "é".repeat(24));
}
