//! Notice: the sentences that the server itself sends.
//!
//! Invariant: a notice contains no `:`. So even the smallest script can tell it from
//! a message.

use std::borrow::Cow;
use std::time::Duration;

use crate::Name;

/// Sent to a peer that has connected and sends no name.
pub const ASK_NAME: &str = "Type your name and press Enter.";

/// Sent to every member before the server ends.
pub const STOPPING: &str = "The server is stopping.";

/// Returns the notice for the lobby that `name` has joined.
pub fn joined(name: &Name) -> String {
    format!("{name} has joined the chat room.")
}

/// Returns the notice for a room that `name` has left the chat, with the member's own
/// reason if there is one.
pub fn left(name: &Name, why: &str) -> String {
    match why {
        "" => format!("{name} has left the chat room."),
        why => format!("{name} has left the chat room ({}).", without_colons(why)),
    }
}

/// Returns the notice for the room `from` that `name` has moved.
pub fn moved_to(name: &Name, from: &Name, to: &Name) -> String {
    format!("{name} has gone from {from} to {to}.")
}

/// Returns the notice for the room `to` that `name` has moved.
pub fn arrived_from(name: &Name, from: &Name, to: &Name) -> String {
    format!("{name} has come from {from} to {to}.")
}

/// Returns the notice for the members of a room that ignore `name`, which has moved away.
pub fn moved_away(name: &Name) -> String {
    format!("{name} has gone to another room.")
}

/// Returns the notice for the members of a room that ignore `name`, which has moved there.
pub fn arrived(name: &Name) -> String {
    format!("{name} has come from another room.")
}

/// Returns the notice for a room that is too full for single notices, sent from time
/// to time.
pub fn join_leave_counts(joined: usize, left: usize, here: usize) -> String {
    format!("{joined} joined and {left} left recently, {here} are here.")
}

/// Returns the notice for a room that a member has a new name.
pub fn renamed(old: &Name, new: &Name) -> String {
    format!("{old} is now called {new}.")
}

/// Returns the notice for a room that `name` is away.
pub fn away(name: &Name) -> String {
    format!("{name} is away.")
}

/// Returns the notice for a room that `name` is back.
pub fn back(name: &Name) -> String {
    format!("{name} is back.")
}

/// Returns the answer to a name that no member has.
pub fn no_such_user(name: &str) -> String {
    format!("No such user, {}.", without_colons(name))
}

const OWN_NAME: &str = "You are now called ";
const OWN_ROOM: &str = "You are in ";

/// Returns the notice for a member that its own name has changed.
pub fn own_new_name(name: &Name) -> String {
    format!("{OWN_NAME}{name}.")
}

/// Parses the name in a notice of [`own_new_name`]. A client thus knows its own name.
pub fn parse_own_new_name(notice: &str) -> Option<Name> {
    let name = notice.strip_prefix(OWN_NAME)?.strip_suffix('.')?;
    Name::from_server(name)
}

/// Returns the notice for a member that it has moved to `room`, where `others` are.
pub fn own_new_room(room: &Name, others: &Occupants) -> String {
    format!("{OWN_ROOM}{room} now. {}", others.to_sentence())
}

/// Parses the room in a notice of [`own_new_room`].
pub fn parse_own_new_room(notice: &str) -> Option<Name> {
    let (room, _) = notice.strip_prefix(OWN_ROOM)?.split_once(" now. ")?;
    Name::from_server(room)
}

/// Returns the notice for `name` alone that it has joined under that name.
pub fn welcome(name: &Name, others: &Occupants) -> String {
    format!("Welcome, {name}. {}", others.to_sentence())
}

/// Parses the member's own name in a notice of [`welcome`].
pub fn parse_welcome(notice: &str) -> Option<Name> {
    let (name, _) = notice.strip_prefix("Welcome, ")?.split_once(". ")?;
    Name::from_server(name)
}

/// The maximum number of names in a sentence. More are counted, not listed.
pub const MAX_NAMED: usize = 8;

/// The other members in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupants {
    /// The number of members.
    pub count: usize,
    /// Their names, or none if there are more than [`MAX_NAMED`].
    pub listed: Vec<Name>,
}

impl Occupants {
    /// Removes the member that receives the sentence.
    pub fn remove(&mut self, name: &Name) {
        self.count = self.count.saturating_sub(1);
        self.listed.retain(|other| other != name);
    }

    fn to_sentence(&self) -> String {
        match self.listed.as_slice() {
            [] if self.count == 0 => "You are the first here.".to_string(),
            [] => format!("{} others are here.", self.count),
            [one] => format!("{one} is here."),
            [first @ .., last] => {
                let first: Vec<&str> = first.iter().map(Name::as_str).collect();
                format!("{} and {last} are here.", first.join(", "))
            }
        }
    }
}

/// A choice of previous lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// The last lines of the room.
    Last,
    /// The lines that a returning member missed.
    Missed,
    /// The lines that a resuming member missed.
    Resumed,
    /// The same, if earlier lines may be missing.
    ResumedPart,
    /// The lines that contain the searched text.
    Matching,
}

/// Returns the text for `--- ... ---` before `count` previous lines. The first of them
/// was sent `oldest` ago.
pub fn excerpt_header(which: Excerpt, count: usize, oldest: Duration) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    let excerpt = match which {
        Excerpt::Last => format!("the last {count} {lines}"),
        Excerpt::Missed => format!("{count} {lines} since you left"),
        Excerpt::Matching => format!("{count} {lines} found"),
        Excerpt::Resumed if count == 0 => return "nothing missed".to_string(),
        Excerpt::ResumedPart if count == 0 => return "some lines may be missing".to_string(),
        Excerpt::Resumed | Excerpt::ResumedPart => format!("{count} missed {lines}"),
    };
    let may_be_missing = match which {
        Excerpt::ResumedPart => ", earlier ones may be missing",
        _ => "",
    };
    let oldest = format_duration(oldest);
    format!("{excerpt}, the oldest from {oldest} ago{may_be_missing}")
}

/// Returns `true` if `text` stands before lines that a member has missed. A client may
/// have shown some of them.
pub fn is_missed_header(text: &str) -> bool {
    text.contains(MISSED)
}

/// The words that all headers of missed lines have, and no other.
const MISSED: &str = "missed line";

/// The text for `--- ... ---` after previous lines.
pub const EXCERPT_END: &str = "now";

/// Formats a duration in its largest unit: `42 s`, `5 min`, `3 h`, `2 d`.
pub fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns a member's `text` for a notice: each `:` becomes a `.`.
pub fn without_colons(text: &str) -> Cow<'_, str> {
    if text.contains(':') {
        Cow::Owned(text.replace(':', "."))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn occupants(count: usize, names: &str) -> Occupants {
        let listed = names.split_whitespace().map(name).collect();
        Occupants { count, listed }
    }

    #[test]
    fn every_sentence_is_parsed_as_a_notice() {
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
            let welcome = welcome(ann, &occupants(count, listed));
            assert_eq!(welcome, format!("Welcome, ann. {end}"));
        };
        check(0, "", "You are the first here.");
        check(1, "bob", "bob is here.");
        check(3, "bob carl dora", "bob, carl and dora are here.");
        check(9, "", "9 others are here.");
    }

    #[test]
    fn a_client_can_parse_its_own_name_and_room() {
        let ann = name("Ann");
        assert_eq!(parse_own_new_name(&own_new_name(&ann)), Some(ann.clone()));
        let notice = own_new_room(&ann, &occupants(1, "bob"));
        assert_eq!(notice, "You are in Ann now. bob is here.");
        assert_eq!(parse_own_new_room(&notice), Some(ann));
        for other in ["You are now called .", "You are in doubt", "x"] {
            assert_eq!(parse_own_new_name(other), None);
            assert_eq!(parse_own_new_room(other), None);
        }
    }

    #[test]
    fn previous_lines_are_counted_and_dated() {
        let ago = Duration::from_secs;
        let check = |header: String, expected| assert_eq!(header, expected);
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
        check(
            excerpt_header(Excerpt::Resumed, 1, ago(40)),
            "1 missed line, the oldest from 40 s ago",
        );
        check(
            excerpt_header(Excerpt::Resumed, 0, ago(0)),
            "nothing missed",
        );
        check(
            excerpt_header(Excerpt::ResumedPart, 2, ago(40)),
            "2 missed lines, the oldest from 40 s ago, earlier ones may be missing",
        );
        check(
            excerpt_header(Excerpt::ResumedPart, 0, ago(0)),
            "some lines may be missing",
        );
    }

    #[test]
    fn a_client_knows_the_headers_of_missed_lines() {
        let is_missed = |which| is_missed_header(&excerpt_header(which, 3, Duration::ZERO));
        assert!(is_missed(Excerpt::Resumed) && is_missed(Excerpt::ResumedPart));
        for which in [Excerpt::Last, Excerpt::Missed, Excerpt::Matching] {
            assert!(!is_missed(which), "{which:?}");
        }
    }

    #[test]
    fn a_duration_has_one_unit() {
        let check =
            |seconds, expected| assert_eq!(format_duration(Duration::from_secs(seconds)), expected);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(7199, "1 h");
        check(200_000, "2 d");
    }
}
