//! Log words: nobody can be called as the server's log begins its own lines.

use common::Name;

use crate::sources::code;

#[test]
fn no_member_has_a_word_of_the_log_for_a_name() {
    let sources = code("server");
    let words: Vec<&str> = sources.iter().flat_map(|it| log_words(&it.text)).collect();
    assert!(words.contains(&"SERVER") && words.contains(&"CLOSED"));
    let free: Vec<&str> = words
        .into_iter()
        .filter(|word| word.parse::<Name>().is_ok())
        .collect();
    assert!(
        free.is_empty(),
        "words in brackets of the log that a member may be called; add them to \
         common/src/name/reserved.rs: {free:?}"
    );
}

/// Returns the words of each text that begins with capital letters in brackets.
fn log_words(text: &str) -> Vec<&str> {
    let begun = text.split("\"[").skip(1);
    let brackets = begun.filter_map(|rest| rest.split_once("] ").map(|(inside, _)| inside));
    let is_log = |inside: &&str| {
        let mut chars = inside.chars();
        chars.all(|c| c.is_ascii_uppercase() || c == ' ')
    };
    let words = brackets.filter(is_log).flat_map(|inside| inside.split(' '));
    // A single letter stands for a member in a test.
    words.filter(|word| word.len() > 1).collect()
}

#[test]
fn words_are_found_at_the_beginning_of_a_text() {
    let text = r#"line("[NEW CONNECTION] {name}"); x["[PORT]"]; "a [B]"; f!("[{from}] x")"#;
    assert_eq!(log_words(text), ["NEW", "CONNECTION"]);
}
