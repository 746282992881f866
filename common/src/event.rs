//! Turns what the server has to tell into a line, and back.
//!
//! The server encodes and our client parses; so may any script, since the
//! first few characters of a line tell the kinds apart.

use crate::{Name, QUIT};

/// What the operator's lines begin with.
const OPERATOR: &str = "Server: ";

/// What stands between the sender and the receivers of a private line.
const PRIVATE_ARROW: &str = " -> ";

/// One line from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `NAME: text`: somebody said something.
    Message {
        /// Who; the server stamps it, nobody can speak as another.
        from: Name,
        /// What.
        text: &'a str,
    },
    /// `NAME -> NAME[,NAME...]: text`: somebody said something to these alone.
    Private {
        /// Who.
        from: Name,
        /// To whom; one is among them, or has said it.
        to: Vec<Name>,
        /// What.
        text: &'a str,
    },
    /// `* NAME: text`: what somebody does.
    Action {
        /// Who.
        from: Name,
        /// What, to be read after the name.
        text: &'a str,
    },
    /// `Server: text`: the operator said something.
    Operator(&'a str),
    /// `--- text ---`: lines from before begin or end here.
    HistoryMarker(&'a str),
    /// `! text`: the server did not do what was asked, and why.
    Refusal(&'a str),
    /// Anything else: from our server a plain sentence without a `:`.
    Notice(&'a str),
    /// An empty line, the answer to one.
    Heartbeat,
    /// `q:quit`: the end, nothing follows.
    Quit,
}

impl<'a> Event<'a> {
    /// Reads one line, without its newline.
    ///
    /// Every line means something, so there is no error: what follows none of
    /// the forms is shown as it is, as a [`Event::Notice`].
    pub fn parse(line: &'a str) -> Event<'a> {
        if line.is_empty() {
            return Event::Heartbeat;
        }
        if line == QUIT {
            return Event::Quit;
        }
        if let Some(text) = line.strip_prefix("! ") {
            return Event::Refusal(text);
        }
        if let Some(text) = line.strip_prefix(OPERATOR) {
            return Event::Operator(text);
        }
        if let Some(text) = parse_history_marker(line) {
            return Event::HistoryMarker(text);
        }
        parse_stamped(line).unwrap_or(Event::Notice(line))
    }

    /// Appends the event to `out` as one line, with its newline.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (before, text) = match self {
            Event::Message { from, text } => return message(from, text, out),
            Event::Action { from, text } => return action(from, text, out),
            Event::Private { from, to, text } => return private(from, to, text, out),
            Event::HistoryMarker(text) => return line(&["--- ", text, " ---"], out),
            Event::Operator(text) => (OPERATOR, *text),
            Event::Refusal(text) => ("! ", *text),
            Event::Notice(text) => ("", *text),
            Event::Heartbeat => ("", ""),
            Event::Quit => ("", QUIT),
        };
        line(&[before, text], out);
    }

    /// The event as one line of bytes, with its newline.
    pub fn to_line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Appends `NAME: text` and a newline to `out`, for the way of every message:
/// unlike an [`Event::Message`] it needs no name of its own.
pub fn message(from: &Name, text: &str, out: &mut Vec<u8>) {
    line(&[from.as_str(), ": ", text], out);
}

/// Appends `* NAME: text` and a newline to `out`.
pub fn action(from: &Name, text: &str, out: &mut Vec<u8>) {
    line(&["* ", from.as_str(), ": ", text], out);
}

/// Appends `NAME -> NAME[,NAME...]: text` and a newline to `out`.
fn private(from: &Name, to: &[Name], text: &str, out: &mut Vec<u8>) {
    let to: Vec<&str> = to.iter().map(Name::as_str).collect();
    line(
        &[from.as_str(), PRIVATE_ARROW, &to.join(","), ": ", text],
        out,
    );
}

/// Reads a line that the server stamped with its sender.
fn parse_stamped(line: &str) -> Option<Event<'_>> {
    let (stamp, text) = line.split_once(": ")?;
    if let Some(from) = stamp.strip_prefix("* ") {
        let from = exact_name(from)?;
        return Some(Event::Action { from, text });
    }
    let Some((from, to)) = stamp.split_once(PRIVATE_ARROW) else {
        let from = exact_name(stamp)?;
        return Some(Event::Message { from, text });
    };
    let from = exact_name(from)?;
    let to: Option<Vec<Name>> = to.split(',').map(exact_name).collect();
    Some(Event::Private {
        from,
        to: to?,
        text,
    })
}

/// A name without blanks around it.
fn exact_name(text: &str) -> Option<Name> {
    text.parse()
        .ok()
        .filter(|name: &Name| name.as_str() == text)
}

fn parse_history_marker(line: &str) -> Option<&str> {
    line.strip_prefix("--- ")?.strip_suffix(" ---")
}

fn line(parts: &[&str], out: &mut Vec<u8>) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Event<'_>) {
        assert_eq!(Event::parse(line), expected, "parsing {line:?}");
        let encoded = String::from_utf8(expected.to_line()).unwrap();
        assert_eq!(encoded, format!("{line}\n"), "encoding {expected:?}");
    }

    fn said<'a>(from: &str, text: &'a str) -> Event<'a> {
        Event::Message {
            from: from.parse().unwrap(),
            text,
        }
    }

    #[test]
    fn a_message_names_its_sender() {
        check("bob: hi", said("bob", "hi"));
        check("bob: eve: hi", said("bob", "eve: hi"));
        check("bob:  indented", said("bob", " indented"));
        check("Мария: привет", said("Мария", "привет"));
    }

    #[test]
    fn a_private_line_names_all_who_see_it() {
        let private = |to: &[&str], text| Event::Private {
            from: "ann".parse().unwrap(),
            to: to.iter().map(|to| to.parse().unwrap()).collect(),
            text,
        };
        check("ann -> bob: hi", private(&["bob"], "hi"));
        check("ann -> bob,carl: a: b", private(&["bob", "carl"], "a: b"));
    }

    #[test]
    fn an_action_names_who_acts() {
        let from: Name = "bob".parse().unwrap();
        let text = "waves: hello";
        check("* bob: waves: hello", Event::Action { from, text });
    }

    #[test]
    fn lines_from_before_stand_between_brackets() {
        check(
            "--- the last 2 lines ---",
            Event::HistoryMarker("the last 2 lines"),
        );
        for line in ["--- ", "--- x", "x ---", "------"] {
            check(line, Event::Notice(line));
        }
    }

    #[test]
    fn the_operator_is_not_a_member() {
        check("Server: tea is ready", Event::Operator("tea is ready"));
    }

    #[test]
    fn notices_and_refusals() {
        check(
            "bob has left the chat room.",
            Event::Notice("bob has left the chat room."),
        );
        check("! no such command", Event::Refusal("no such command"));
        check("!", Event::Notice("!"));
    }

    #[test]
    fn the_two_lines_without_text() {
        check("", Event::Heartbeat);
        check("q:quit", Event::Quit);
    }

    #[test]
    fn what_is_nobodys_message_is_shown_as_it_is() {
        for line in [
            "a b: hi",
            ": hi",
            " bob: hi",
            "bob : hi",
            "bob:hi",
            "server: hi",
            "a:",
            "* waves",
            "* a b: hi",
            "a -> : hi",
            "a -> b,: hi",
            "a ->  b: hi",
            "a -> b c: hi",
        ] {
            check(line, Event::Notice(line));
        }
    }
}
