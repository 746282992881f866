//! Key: what two spellings of one name have in common.
//!
//! Two names are equal if their keys are. Case does not count, and neither does the
//! difference between characters that look the same in the fonts of our time, such as
//! the Latin and the Cyrillic `a`. A key is compared and never shown.

use super::script::{self, Kind};

/// Letters after [`fold`], and the ones that they look like. Where the capital letters
/// look alike, the small ones stand here too, because case does not count. Each string
/// of the first column has as many characters as the one beside it.
#[rustfmt::skip]
const ALIKE: &[(&str, &str)] = &[
    // Latin: without dots, turned, with a bar, a comma or a hook below or above.
    ("ɩȷǝðɖȝșțǎěǐǒǔǧȃȇȋȏȗ", "ijəđđʒşţăĕĭŏŭğâêîôû"),
    // Cyrillic, as `А В Е К М Н О Р С Т У Х`.
    ("авекмнорстухіӏјѕёїѐӑӓӗӧӱӯӡәӕҫԑӌ", "abekmhopctyxiljsëïèăäĕöÿȳʒəæçɛҷ"),
    // Greek, as `Α Β Ε Ζ Η Ι Κ Μ Ν Ο Ρ Τ Υ Χ`, and as the Cyrillic `Г П Ф`.
    ("αβεζηικμνορτυχάέίόύϊϋγπφ", "abezhikmnoptyxáéíóýïÿгпф"),
    // Armenian.
    ("օսհոցտլյփ", "ouhngsljф"),
    // Arabic: the letters yeh, kaf and heh of several languages, and the digits.
    ("\u{64a}\u{649}\u{6a9}\u{6aa}\u{6c1}\u{6be}\u{6d5}\u{6c3}\u{6c2}\u{6a7}",
        "\u{6cc}\u{6cc}\u{643}\u{643}\u{647}\u{647}\u{647}\u{629}\u{6c0}\u{641}"),
    ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"),
    // Digits that are letters as well: Tamil, Malayalam, Oriya, Burmese.
    ("௧௨௪௭௮൦୦၀၇", "கஉசஎஅഠଠဝရ"),
    // Kannada as Telugu; Lao as Thai.
    ("ಅಆಇಐಒಓಔಗಜಝಞಟಣದನಯರಲಳ೧೨೯\u{c82}\u{c83}\u{cbe}\u{cbf}",
        "అఆఇఐఒఓఔగజఝఞటణదనయరలళ౧౨౯\u{c02}\u{c03}\u{c3e}\u{c3f}"),
    ("ຈບປຝພຟຍๅ", "จบปฝพฟยา"),
    // Kana as Han, and Katakana as Hiragana.
    ("ニカロタトハエ", "二力口夕卜八工"),
    ("ーヘベペリ", "一へべぺり"),
    // Bopomofo as Han.
    ("ㄚㄧㄏㄈㄙㄡㄕ", "丫一厂匚厶又尸"),
];

/// Characters that look like several others.
#[rustfmt::skip]
const PARTS: &[(char, &str)] = &[
    // Hebrew: the double letters of Yiddish.
    ('\u{5f0}', "\u{5d5}\u{5d5}"), ('\u{5f1}', "\u{5d5}\u{5d9}"), ('\u{5f2}', "\u{5d9}\u{5d9}"),
    // Devanagari, Bengali, Gurmukhi, Oriya: letters with a dot below.
    ('\u{929}', "\u{928}\u{93c}"), ('\u{931}', "\u{930}\u{93c}"), ('\u{934}', "\u{933}\u{93c}"),
    ('\u{958}', "\u{915}\u{93c}"), ('\u{959}', "\u{916}\u{93c}"), ('\u{95a}', "\u{917}\u{93c}"),
    ('\u{95b}', "\u{91c}\u{93c}"), ('\u{95c}', "\u{921}\u{93c}"), ('\u{95d}', "\u{922}\u{93c}"),
    ('\u{95e}', "\u{92b}\u{93c}"), ('\u{95f}', "\u{92f}\u{93c}"),
    ('\u{9dc}', "\u{9a1}\u{9bc}"), ('\u{9dd}', "\u{9a2}\u{9bc}"), ('\u{9df}', "\u{9af}\u{9bc}"),
    ('\u{a33}', "\u{a32}\u{a3c}"), ('\u{a36}', "\u{a38}\u{a3c}"), ('\u{a59}', "\u{a16}\u{a3c}"),
    ('\u{a5a}', "\u{a17}\u{a3c}"), ('\u{a5b}', "\u{a1c}\u{a3c}"), ('\u{a5e}', "\u{a2b}\u{a3c}"),
    ('\u{b5c}', "\u{b21}\u{b3c}"), ('\u{b5d}', "\u{b22}\u{b3c}"),
    // Bengali, Oriya, Tamil, Kannada, Malayalam, Sinhala: signs of two parts.
    ('\u{9cb}', "\u{9c7}\u{9be}"), ('\u{b4b}', "\u{b47}\u{b3e}"), ('\u{bca}', "\u{bc6}\u{bbe}"),
    ('\u{bcb}', "\u{bc7}\u{bbe}"), ('\u{bcc}', "\u{bc6}\u{bb3}"), ('\u{b94}', "\u{b92}\u{bb3}"),
    ('\u{cca}', "\u{cc6}\u{cc2}"), ('\u{d4a}', "\u{d46}\u{d3e}"), ('\u{d4b}', "\u{d47}\u{d3e}"),
    ('\u{d4c}', "\u{d46}\u{d57}"), ('\u{dda}', "\u{dd9}\u{dca}"), ('\u{ddc}', "\u{dd9}\u{dcf}"),
    ('\u{ddd}', "\u{dd9}\u{dcf}\u{dca}"),
    // Thai and Lao: a double vowel, and vowels with a ring; Lao ligatures.
    ('\u{e41}', "\u{e40}\u{e40}"), ('\u{e33}', "\u{e4d}\u{e32}"), ('\u{ec1}', "\u{ec0}\u{ec0}"),
    ('\u{eb3}', "\u{ecd}\u{eb2}"), ('\u{edc}', "\u{eab}\u{e99}"), ('\u{edd}', "\u{eab}\u{ea1}"),
    // Burmese.
    ('\u{1026}', "\u{1025}\u{102e}"), ('\u{1029}', "\u{101e}\u{103c}"),
    ('\u{102a}', "\u{101e}\u{103c}\u{1031}\u{102c}\u{103a}"),
    // Khmer: vowels of two parts.
    ('\u{17be}', "\u{17c1}\u{17b8}"), ('\u{17c4}', "\u{17c1}\u{17b6}"),
];

/// Returns the key of a name. Equal names have equal keys.
pub fn key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded: String = fold(&script::plain(text));
    let folded = fold(&folded.chars().map(look).collect::<String>());
    let parts = script::plain(&folded);
    let parts = parts.chars().flat_map(parts_of).filter(|&c| !is_joiner(c));
    let mut letters: Vec<char> = parts.map(alike).collect();
    drop_dots(&mut letters);
    sort_marks(&mut letters);
    letters.into_iter().collect()
}

fn look(c: char) -> String {
    script::look(c).unwrap_or_else(|| c.to_string())
}

/// Folds the case of `text`. The way through capital letters makes equal both small
/// sigmas, the `i` with and without a dot, and `ß`, `ss` and `ẞ`.
fn fold(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    let upper = lower.flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

fn parts_of(c: char) -> impl Iterator<Item = char> {
    let found = PARTS.iter().find(|&&(whole, _)| whole == c);
    let (whole, parts) = found.map_or((Some(c), ""), |&(_, parts)| (None, parts));
    whole.into_iter().chain(parts.chars())
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn alike(c: char) -> char {
    let mut pairs = ALIKE
        .iter()
        .flat_map(|(from, to)| from.chars().zip(to.chars()));
    pairs.find(|&(from, _)| from == c).map_or(c, |(_, to)| to)
}

/// Drops a dot above the letters that have one, as in the small form of `İ`.
fn drop_dots(letters: &mut Vec<char>) {
    let mut previous = None;
    letters.retain(|&c| {
        let is_dotted = matches!(previous, Some('i' | 'j'));
        previous = Some(c);
        !(is_dotted && c == '\u{307}')
    });
}

/// Sorts the marks after each letter, because their order is often not visible.
fn sort_marks(letters: &mut [char]) {
    let is_mark = |c: char| script::kind(c) == Some(Kind::Mark);
    for run in letters.chunk_by_mut(|_, &next| is_mark(next)) {
        // A name has no mark before its first letter. Any other text may.
        if let [_letter, marks @ ..] = run {
            marks.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_equally_long_and_lead_nowhere_else() {
        for &(from, to) in ALIKE {
            assert_eq!(from.chars().count(), to.chars().count(), "{from}");
            for c in to.chars() {
                assert_eq!(alike(c), c, "{c} is a look-alike itself");
            }
        }
        for &(whole, parts) in PARTS {
            assert!(parts.chars().all(|c| parts_of(c).eq([c])), "{whole}");
        }
    }

    #[test]
    fn a_key_is_its_own_key() {
        for c in (0..0x3200).filter_map(char::from_u32) {
            if script::kind(c).is_some() && script::look(c).is_none() {
                let once = key(&c.to_string());
                assert_eq!(key(&once), once, "{c:?}");
            }
        }
    }
}
