//! Rule: what a name looks like.
//!
//! A name that passes looks like no other name that passes, as far as [`key`] tells
//! them apart, and like something. Nothing else is refused.
//!
//! [`key`]: super::key::key

use super::error::{MAX_MARKS, NameError, is_blank_letter};
use super::script::{self, Kind, Systems};

/// Keeps two letters of Persian apart.
const NON_JOINER: char = '\u{200c}';

/// Joins two letters of Sinhala, after the sign [`AL_LAKUNA`].
const JOINER: char = '\u{200d}';

/// The sign of Sinhala for a consonant without a vowel.
const AL_LAKUNA: char = '\u{dca}';

/// Checks the look of a name that is composed and has no blanks around it.
///
/// # Errors
///
/// Returns the first rule that it breaks.
pub fn check(text: &str) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    for (at, c) in text.char_indices() {
        if !is_punctuation(c) && script::kind(c).is_none() {
            return Err(explain(text, at, c));
        }
    }
    if matches!(first, '.' | '-') {
        return Err(NameError::Start(first));
    }
    if text.chars().all(is_punctuation) {
        return Err(NameError::Empty);
    }
    if text.is_ascii() {
        return Ok(());
    }
    check_marks(text)?;
    check_scripts(text)?;
    check_digits(text)
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '_' | '.' | '-')
}

/// Returns the reason why `c`, which is at byte `at`, may not stand in a name.
fn explain(text: &str, at: usize, c: char) -> NameError {
    let (before, from) = text.split_at_checked(at).unwrap_or_default();
    let is_letter = |c: &char| script::kind(*c) == Some(Kind::Letter);
    let start = if script::is_loose_mark(c) {
        before.chars().next_back().filter(is_letter)
    } else {
        // The first part of a Hangul syllable.
        Some(c).filter(|c| ('\u{1100}'..='\u{1112}').contains(c))
    };
    let parts = from.chars().skip(usize::from(start == Some(c)));
    let parts: String = parts.take_while(|&c| script::is_loose_mark(c)).collect();
    match start {
        Some(start) if !parts.is_empty() => NameError::decomposed(start, &parts),
        _ if script::is_variant(c) && !is_blank_letter(c) => NameError::Variant(c),
        _ => NameError::Character(c),
    }
}

/// Checks that each mark has a letter to stand on.
fn check_marks(text: &str) -> Result<(), NameError> {
    let mut letter = None;
    let mut marks = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match script::kind(c) {
            Some(Kind::Letter) => {
                letter = Some(c);
                marks.clear();
            }
            Some(Kind::Mark) => {
                let last = marks.last().copied().or(letter);
                if !may_join(last, c, chars.peek().copied()) {
                    return Err(NameError::Character(c));
                }
                let base = letter.ok_or(NameError::Mark(c))?;
                if marks.contains(&c) {
                    return Err(NameError::RepeatedMark(c));
                }
                if marks.len() == MAX_MARKS {
                    return Err(NameError::TooManyMarks(base));
                }
                if is_split_vowel(base, c) {
                    return Err(NameError::decomposed(base, &c.to_string()));
                }
                marks.push(c);
            }
            Some(Kind::Digit) | None => {
                letter = None;
                marks.clear();
            }
        }
    }
    Ok(())
}

/// Returns `true` if a vowel of India is written as another one and a sign, which looks
/// like one character that Unicode has. The blocks of its scripts are alike.
fn is_split_vowel(letter: char, mark: char) -> bool {
    let (letter, mark) = (u32::from(letter), u32::from(mark));
    let block = letter & !0x7f;
    match (letter & 0x7f, mark & 0x7f) {
        _ if block != mark & !0x7f => false,
        (0x05..=0x16, 0x4f..=0x5f) if block == 0xd80 => true,
        (0x04..=0x14 | 0x72 | 0x73, 0x3e..=0x4c | 0x55..=0x57) => (0x900..0xd80).contains(&block),
        _ => false,
    }
}

/// Returns `false` if `mark` is a joiner that has no effect between `last` and `next`
/// (UAX 31, 2.3).
fn may_join(last: Option<char>, mark: char, next: Option<char>) -> bool {
    match mark {
        NON_JOINER => [last, next].into_iter().all(is_arabic_letter),
        JOINER => last == Some(AL_LAKUNA) && matches!(next, Some('\u{dba}' | '\u{dbb}')),
        _ => true,
    }
}

fn is_arabic_letter(c: Option<char>) -> bool {
    c.is_some_and(|c| script::kind(c) == Some(Kind::Letter) && script::script_name(c) == "Arabic")
}

/// Checks that all characters belong to one writing system (UTS 39, 5.1).
fn check_scripts(text: &str) -> Result<(), NameError> {
    let written = || text.chars().filter(|&c| !is_punctuation(c));
    let mut shared = Systems::all();
    for c in written() {
        let systems = Systems::of(c);
        shared = shared.and(systems);
        if shared.is_empty() {
            let other = written().find(|&other| Systems::of(other).and(systems).is_empty());
            let other = other.unwrap_or(c);
            return Err(NameError::MixedScripts(
                script::script_name(other),
                script::script_name(c),
            ));
        }
    }
    Ok(())
}

/// Checks that all digits are of one kind (UTS 39, 5.3). Sixteen characters hold ten
/// digits of a kind.
fn check_digits(text: &str) -> Result<(), NameError> {
    let digits = text
        .chars()
        .filter(|&c| script::kind(c) == Some(Kind::Digit));
    let mut kinds = digits.map(|c| u32::from(c) >> 4);
    match kinds.next() {
        Some(first) if kinds.any(|kind| kind != first) => Err(NameError::MixedDigits),
        _ => Ok(()),
    }
}
