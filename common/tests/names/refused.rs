//! Refused: what is not a name, and the reason.

use common::NameError::{
    Character, Empty, Mark, MixedDigits, MixedScripts, RepeatedMark, Start, TooManyMarks, Variant,
};
use common::{Name, NameError};

use super::refuse;

#[test]
fn text_that_is_no_word() {
    for blank in ["", "  \t ", "_", "___", "_.-"] {
        refuse(blank, Empty);
    }
    for (text, c) in [
        ("a b", ' '),
        ("a:b", ':'),
        ("q:quit", ':'),
        ("*", '*'),
        ("/who", '/'),
        ("../x", '/'),
        ("a,b", ','),
        ("I♥you", '♥'),
        ("a\u{0}", '\u{0}'),
        ("💩", '💩'),
    ] {
        refuse(text, Character(c));
    }
    refuse("..", Start('.'));
    refuse("-h", Start('-'));
}

#[test]
fn what_looks_like_nothing() {
    for c in [
        '\u{ad}',
        '\u{34f}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180b}',
        '\u{200b}',
        '\u{200d}',
        '\u{202e}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{ffa0}',
        '\u{e0061}',
    ] {
        refuse(&format!("a{c}b"), Character(c));
        refuse(&c.to_string().repeat(2), Character(c));
    }
    // The joiners stand only where they have an effect.
    for text in [
        "علی\u{200c}",
        "علی\u{200c}7",
        "a\u{200c}b",
        "ක\u{200d}ර",
        "ශ්\u{200d}ක",
    ] {
        assert!(text.parse::<Name>().is_err(), "{text:?}");
    }
    refuse("\u{200c}علی", Character('\u{200c}'));
}

#[test]
fn what_looks_like_another_letter() {
    for c in ['ǀ', 'ǁ', 'ǂ', 'ǃ', 'ꜱ', 'ᴀ', 'ɑ'] {
        refuse(&format!("a{c}b"), Character(c));
    }
    for c in [
        'ª', 'º', 'ŀ', 'ŉ', 'ſ', 'ǆ', 'ǳ', 'ʰ', 'ϐ', 'ⁿ', '²', '½', 'ℓ', '\u{212a}', 'Ⅳ', 'Ⓐ', '①',
        'ﬁ', 'ｂ', '３', '𝐛', '𝕓', '𝟘', 'ﺍ', 'ﷲ', 'ㄱ', '\u{f900}', 'ﾏ', '🄰',
    ] {
        let sent = format!("{c}{c}").parse::<Name>().map(|it| it.to_string());
        let plain = sent.as_ref().is_ok_and(|it| !it.contains(c));
        // Unicode composes some letters, such as the sign for Kelvin, to plain ones.
        assert!(plain || sent == Err(Variant(c)), "{c}: {sent:?}");
    }
}

#[test]
fn letters_of_two_scripts() {
    for (text, one, other) in [
        ("аlice", "Cyrillic", "Latin"),
        ("bоb", "Latin", "Cyrillic"),
        ("bobος", "Latin", "Greek"),
        ("b०b", "Latin", "Devanagari"),
        ("Олаβ", "Cyrillic", "Greek"),
        ("رامराम", "Arabic", "Devanagari"),
        ("a\u{93f}", "Latin", "Devanagari"),
        ("राम๑", "Devanagari", "Thai"),
        ("山田bob", "Han", "Latin"),
        ("さくら김", "Hiragana", "Hangul"),
        ("李さくら김", "Hiragana", "Hangul"),
        ("ㄅカ", "Bopomofo", "Katakana"),
    ] {
        refuse(text, MixedScripts(one, other));
    }
}

#[test]
fn digits_of_two_kinds() {
    refuse("राम1२", MixedDigits);
    refuse("نور٧۷", MixedDigits);
    refuse("น1๑", MixedDigits);
}

#[test]
fn marks_without_a_letter() {
    refuse("\u{93f}", Mark('\u{93f}'));
    refuse("\u{94d}\u{93f}", Mark('\u{94d}'));
    refuse("\u{93e}राम", Mark('\u{93e}'));
    refuse("\u{e34}", Mark('\u{e34}'));
    refuse("7\u{e34}", Mark('\u{e34}'));
    refuse("น_\u{e34}", Mark('\u{e34}'));
    refuse("\u{64e}\u{64f}", Mark('\u{64e}'));
}

#[test]
fn too_many_marks() {
    refuse(
        "က\u{103b}\u{103c}\u{103d}\u{103e}\u{102d}",
        TooManyMarks('က'),
    );
    refuse("ب\u{64e}\u{64f}\u{650}\u{651}\u{652}", TooManyMarks('ب'));
    refuse("น\u{e34}\u{e34}", RepeatedMark('\u{e34}'));
    refuse("น\u{e34}\u{e49}\u{e34}", RepeatedMark('\u{e34}'));
}

#[test]
fn a_split_vowel_is_told_in_one_character() {
    let sentence = |text: &str| text.parse::<Name>().unwrap_err().to_string();
    assert_eq!(
        sentence("अ\u{93e}शा"),
        "type अ\u{93e} as one character or without its mark"
    );
}

#[test]
fn the_sentences() {
    let sentence = |text: &str| text.parse::<Name>().unwrap_err().to_string();
    for (text, expected) in [
        ("aǀice", "'ǀ' is not a letter of a name"),
        (
            "a b",
            "a name contains only letters, digits, _ . and -, not a space",
        ),
        (
            "a\u{200b}",
            "a name contains only letters, digits, _ . and -, not U+200B",
        ),
        ("bоb", "the name mixes Latin and Cyrillic"),
        ("𝐛ob", "'𝐛' is another form of a plain character"),
        ("\u{e34}", "the mark U+0E34 does not follow a letter"),
        (
            "น\u{e34}\u{e34}",
            "the mark U+0E34 stands twice after one letter",
        ),
        ("राम1२", "the name mixes two kinds of digits"),
    ] {
        assert_eq!(sentence(text), expected);
    }
}

#[test]
fn no_sentence_contains_a_colon_or_an_unsafe_character() {
    for c in (0..0x3200).chain(0xf900..0xffff).filter_map(char::from_u32) {
        for text in [format!("a{c}b"), format!("{c}"), format!("{c}{c}")] {
            let Err(why) = text.parse::<Name>() else {
                continue;
            };
            let sentence = why.to_string();
            assert!(!sentence.contains(':'), "{sentence:?}");
            let is_repeated = sentence.contains(c) && !c.is_ascii();
            let told = matches!(why, NameError::Decomposed(_));
            assert!(!is_repeated || told || c.is_alphanumeric(), "{sentence:?}");
        }
    }
}
