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

/// The most names that [`welcome`] is worth giving; more would be a wall of text.
pub const MOST_LISTED: usize = 8;

/// Told to `name` alone, as the answer that the name is now theirs.
///
/// `count` others were there before; `listed` are their names, or none of them
/// where they are more than [`MOST_LISTED`].
pub fn welcome(name: &Name, count: usize, listed: &[Name]) -> String {
    let who = match listed {
        [] if count == 0 => "You are the first here.".to_string(),
        [] => format!("{count} others are here."),
        [one] => format!("{one} is here."),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(Name::as_str).collect();
            format!("{} and {last} are here.", most.join(", "))
        }
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
            welcome(ann, 0, &[]),
        ];
        for sentence in all {
            assert_eq!(Event::parse(&sentence), Event::Notice(&sentence));
        }
    }

    #[test]
    fn a_welcome_lists_a_few_and_counts_many() {
        let ann = &names("ann")[0];
        let check = |count, listed: &str, end: &str| {
            let welcome = welcome(ann, count, &names(listed));
            assert_eq!(welcome, format!("Welcome, ann. {end}"));
        };
        check(0, "", "You are the first here.");
        check(1, "bob", "bob is here.");
        check(3, "bob carl dora", "bob, carl and dora are here.");
        check(9, "", "9 others are here.");
    }
}
