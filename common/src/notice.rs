//! The sentences the server says by itself.
//!
//! They stand together so that each keeps to the one rule that peers rely on:
//! a notice never holds a `:`, which is how even the smallest script tells it
//! from a message.

use std::borrow::Cow;
use std::time::Duration;

use crate::Name;

/// Asked of a peer that has connected and says nothing.
pub const ASK_NAME: &str = "Type your name and press Enter.";

/// Told to everybody when the server is about to end.
pub const STOPPING: &str = "The server is stopping.";

/// Told to everybody else in the lobby when `name` comes in.
pub fn joined(name: &Name) -> String {
    format!("{name} has joined the chat room.")
}

/// Told to everybody else in the room when `name` goes, with their own words
/// about it if there are any.
pub fn left(name: &Name, why: &str) -> String {
    match why {
        "" => format!("{name} has left the chat room."),
        why => format!("{name} has left the chat room ({}).", without_colons(why)),
    }
}

/// Told to the room `from` when `name` moves.
pub fn moved_to(name: &Name, from: &Name, to: &Name) -> String {
    format!("{name} has gone from {from} to {to}.")
}

/// Told to the room `to` when `name` moves.
pub fn arrived_from(name: &Name, from: &Name, to: &Name) -> String {
    format!("{name} has come from {from} to {to}.")
}

/// Told to a room that is too full for single notices, once in a while.
pub fn join_leave_counts(come: usize, gone: usize, here: usize) -> String {
    format!("{come} have come and {gone} have gone lately, {here} are here.")
}

/// Told to the room when a member has another name.
pub fn renamed(old: &Name, new: &Name) -> String {
    format!("{old} is now called {new}.")
}

/// Told to the room.
pub fn away(name: &Name) -> String {
    format!("{name} is away.")
}

/// Told to the room.
pub fn back(name: &Name) -> String {
    format!("{name} is back.")
}

const OWN_NAME: &str = "You are now called ";
const OWN_ROOM: &str = "You are in ";

/// Told to the member itself.
pub fn own_new_name(name: &Name) -> String {
    format!("{OWN_NAME}{name}.")
}

/// The name in what [`own_new_name`] gave, for a client to know its own.
pub fn parse_own_new_name(notice: &str) -> Option<Name> {
    notice
        .strip_prefix(OWN_NAME)?
        .strip_suffix('.')?
        .parse()
        .ok()
}

/// Told to a member that has come into `room`, where `others` are.
pub fn own_new_room(room: &Name, others: &Occupants) -> String {
    format!("{OWN_ROOM}{room} now. {}", others.to_sentence())
}

/// The room in what [`own_new_room`] gave.
pub fn parse_own_new_room(notice: &str) -> Option<Name> {
    let (room, _) = notice.strip_prefix(OWN_ROOM)?.split_once(" now. ")?;
    room.parse().ok()
}

/// Told to `name` alone, as the answer that the name is now theirs.
pub fn welcome(name: &Name, others: &Occupants) -> String {
    format!("Welcome, {name}. {}", others.to_sentence())
}

/// The most names that are worth giving in a sentence; more would be a wall of
/// text.
pub const MAX_LISTED: usize = 8;

/// Who else is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupants {
    /// How many.
    pub count: usize,
    /// Who, or nobody where they are more than [`MAX_LISTED`].
    pub listed: Vec<Name>,
}

impl Occupants {
    fn to_sentence(&self) -> String {
        match self.listed.as_slice() {
            [] if self.count == 0 => "You are the first here.".to_string(),
            [] => format!("{} others are here.", self.count),
            [one] => format!("{one} is here."),
            [most @ .., last] => {
                let most: Vec<&str> = most.iter().map(Name::as_str).collect();
                format!("{} and {last} are here.", most.join(", "))
            }
        }
    }
}

/// Which lines from before are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// The last ones of the room.
    Last,
    /// Those that a member who returns has missed.
    Missed,
    /// Those that hold what was searched.
    Matching,
}

/// The text between `--- ... ---` before `count` lines from before, the first
/// of which was said `oldest` ago.
pub fn excerpt_header(which: Excerpt, count: usize, oldest: Duration) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    let what = match which {
        Excerpt::Last => format!("the last {count} {lines}"),
        Excerpt::Missed => format!("{count} {lines} since you left"),
        Excerpt::Matching => format!("{count} {lines} found"),
    };
    format!("{what}, the oldest from {} ago", format_duration(oldest))
}

/// The text between `--- ... ---` after lines from before.
pub const EXCERPT_END: &str = "now";

/// A time as people say it: `42 s`, `5 min`, `3 h`, `2 d`.
pub fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A member's `text` as it may stand in a notice: without a `:`.
pub fn without_colons(text: &str) -> Cow<'_, str> {
    match text.contains(':') {
        true => Cow::Owned(text.replace(':', ".")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn company(count: usize, names: &str) -> Occupants {
        let listed = names.split_whitespace().map(name).collect();
        Occupants { count, listed }
    }

    #[test]
    fn every_sentence_reads_back_as_a_notice() {
        let (ann, room) = (&name("ann"), &name("games"));
        let all = [
            ASK_NAME.into(),
            STOPPING.into(),
            joined(ann),
            left(ann, ""),
            left(ann, "eve: hi"),
            moved_to(ann, room, room),
            arrived_from(ann, room, room),
            join_leave_counts(3, 4, 5),
            renamed(ann, ann),
            away(ann),
            back(ann),
            own_new_name(ann),
            own_new_room(room, &Occupants::default()),
            welcome(ann, &Occupants::default()),
        ];
        for sentence in all {
            assert_eq!(Event::parse(&sentence), Event::Notice(&sentence));
            assert!(!sentence.contains(':'), "{sentence}");
        }
    }

    #[test]
    fn a_welcome_lists_a_few_and_counts_many() {
        let ann = &name("ann");
        let check = |count, listed: &str, end: &str| {
            let welcome = welcome(ann, &company(count, listed));
            assert_eq!(welcome, format!("Welcome, ann. {end}"));
        };
        check(0, "", "You are the first here.");
        check(1, "bob", "bob is here.");
        check(3, "bob carl dora", "bob, carl and dora are here.");
        check(9, "", "9 others are here.");
    }

    #[test]
    fn a_client_can_read_its_own_name_and_room() {
        let ann = name("Ann");
        assert_eq!(parse_own_new_name(&own_new_name(&ann)), Some(ann.clone()));
        let told = own_new_room(&ann, &company(1, "bob"));
        assert_eq!(told, "You are in Ann now. bob is here.");
        assert_eq!(parse_own_new_room(&told), Some(ann));
        for other in ["You are now called .", "You are in doubt", "x"] {
            assert_eq!(parse_own_new_name(other), None);
            assert_eq!(parse_own_new_room(other), None);
        }
    }

    #[test]
    fn lines_from_before_are_counted_and_dated() {
        let ago = Duration::from_secs;
        let check = |past: String, expected| assert_eq!(past, expected);
        check(
            excerpt_header(Excerpt::Last, 20, ago(301)),
            "the last 20 lines, the oldest from 5 min ago",
        );
        check(
            excerpt_header(Excerpt::Missed, 1, ago(0)),
            "1 line since you left, the oldest from 0 s ago",
        );
        check(
            excerpt_header(Excerpt::Matching, 2, ago(7200)),
            "2 lines found, the oldest from 2 h ago",
        );
    }

    #[test]
    fn times_are_short() {
        let check =
            |seconds, expected| assert_eq!(format_duration(Duration::from_secs(seconds)), expected);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(7199, "1 h");
        check(200_000, "2 d");
    }
}
