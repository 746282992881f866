//! Event: a line from the server, encoded and parsed.
//!
//! The server encodes lines and the client parses them. Any script can parse them
//! too, because the first characters of a line show its kind.

use crate::{Name, QUIT};

/// The prefix of the operator's lines.
const OPERATOR: &str = "Server: ";

/// The separator between the sender and the recipients of a private message.
const PRIVATE_ARROW: &str = " -> ";

/// A line from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `NAME: text`, a message.
    Message {
        /// The sender, set by the server, so that no member can write as another.
        from: Name,
        /// The message.
        text: &'a str,
    },
    /// `NAME -> NAME[,NAME...]: text`, a private message.
    Private {
        /// The sender.
        from: Name,
        /// The recipients. The member that receives the line is among them, or is
        /// the sender.
        to: Vec<Name>,
        /// The message.
        text: &'a str,
    },
    /// `* NAME: text`, an action.
    Action {
        /// The acting member.
        from: Name,
        /// The action, which reads as a sentence after the name.
        text: &'a str,
    },
    /// `Server: text`, a message from the operator.
    Operator(&'a str),
    /// `--- text ---`, the beginning or the end of previous lines.
    HistoryMarker(&'a str),
    /// `! text`, a refusal with its reason.
    Refusal(&'a str),
    /// Any other line. From this server it is a sentence without a `:`.
    Notice(&'a str),
    /// An empty line, the answer to a blank line.
    Heartbeat,
    /// `q:quit`, after which nothing follows.
    Quit,
}

impl<'a> Event<'a> {
    /// Parses a line without its newline.
    ///
    /// Every line has a meaning, so there is no error. A line of no other form is
    /// an [`Event::Notice`].
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
        parse_from_member(line).unwrap_or(Event::Notice(line))
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

    /// Returns the event as one line, with its newline.
    pub fn to_line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Appends `NAME: text` and a newline to `out`.
///
/// Every message passes here. Unlike an [`Event::Message`], this needs no clone of
/// the name.
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

/// Parses a line that begins with its sender. The server has validated the names.
fn parse_from_member(line: &str) -> Option<Event<'_>> {
    let (prefix, text) = line.split_once(": ")?;
    if let Some(from) = prefix.strip_prefix("* ") {
        let from = Name::from_server(from)?;
        return Some(Event::Action { from, text });
    }
    let Some((from, to)) = prefix.split_once(PRIVATE_ARROW) else {
        let from = Name::from_server(prefix)?;
        return Some(Event::Message { from, text });
    };
    let from = Name::from_server(from)?;
    let to: Option<Vec<Name>> = to.split(',').map(Name::from_server).collect();
    Some(Event::Private {
        from,
        to: to?,
        text,
    })
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

    fn message_of<'a>(from: &str, text: &'a str) -> Event<'a> {
        Event::Message {
            from: from.parse().unwrap(),
            text,
        }
    }

    #[test]
    fn a_message_names_its_sender() {
        check("bob: hi", message_of("bob", "hi"));
        check("bob: eve: hi", message_of("bob", "eve: hi"));
        check("bob:  indented", message_of("bob", " indented"));
        check("Мария: привет", message_of("Мария", "привет"));
    }

    #[test]
    fn a_private_message_names_its_recipients() {
        let private = |to: &[&str], text| Event::Private {
            from: "ann".parse().unwrap(),
            to: to.iter().map(|to| to.parse().unwrap()).collect(),
            text,
        };
        check("ann -> bob: hi", private(&["bob"], "hi"));
        check("ann -> bob,carl: a: b", private(&["bob", "carl"], "a: b"));
    }

    #[test]
    fn an_action_names_its_member() {
        let from: Name = "bob".parse().unwrap();
        let text = "waves: hello";
        check("* bob: waves: hello", Event::Action { from, text });
    }

    #[test]
    fn previous_lines_stand_between_markers() {
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
    fn a_line_of_no_other_form_is_a_notice() {
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
