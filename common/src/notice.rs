//! The sentences the server says by itself.
//!
//! They stand together so that each keeps to the one rule that peers rely on:
//! a notice never holds a `:`, which is how even the smallest script tells it
//! from a message.

use crate::Name;

/// Asked of a peer that has connected and says nothing.
pub const ASK_NAME: &str = "Type your name and press Enter.";

/// Told to everybody when the server is about to end.
pub const STOPPING: &str = "The server is stopping.";

/// Told to everybody else when `name` comes in.
pub fn joined(name: &Name) -> String {
    format!("{name} has joined the chat room.")
}

/// Told to everybody else when `name` goes.
pub fn left(name: &Name) -> String {
    format!("{name} has left the chat room.")
}

/// The most names a welcome lists; more would be a wall of text.
const MOST_LISTED: usize = 8;

/// Told to `name` alone, as the answer that the name is now theirs.
///
/// `others` are those who were there before.
pub fn welcome(name: &Name, others: &[Name]) -> String {
    let who = match others {
        [] => "You are the first here.".to_string(),
        [one] => format!("{one} is here."),
        [most @ .., last] if others.len() <= MOST_LISTED => {
            let most: Vec<&str> = most.iter().map(Name::as_str).collect();
            format!("{} and {last} are here.", most.join(", "))
        }
        many => format!("{} others are here.", many.len()),
    };
    format!("Welcome, {name}. {who}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn names(list: &str) -> Vec<Name> {
        list.split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect()
    }

    #[test]
    fn every_sentence_reads_back_as_a_notice() {
        let ann = &names("ann")[0];
        let all = [
            ASK_NAME.into(),
            STOPPING.into(),
            joined(ann),
            left(ann),
            welcome(ann, &[]),
        ];
        for sentence in all {
            assert_eq!(Event::parse(&sentence), Event::Notice(&sentence));
        }
    }

    #[test]
    fn a_welcome_lists_a_few_and_counts_many() {
        let ann = &names("ann")[0];
        let check = |others: &str, end: &str| {
            assert_eq!(welcome(ann, &names(others)), format!("Welcome, ann. {end}"));
        };
        check("", "You are the first here.");
        check("bob", "bob is here.");
        check("bob carl dora", "bob, carl and dora are here.");
        check("a b c d e f g h i", "9 others are here.");
    }
}
