//! Turns what the server has to tell into a line, and back.
//!
//! The server encodes and our client parses; so may any script, since the
//! first few characters of a line tell the kinds apart.

use crate::{Name, QUIT};

/// What the operator's lines begin with.
const OPERATOR: &str = "Server: ";

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
    /// `Server: text`: the operator said something.
    Operator(&'a str),
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
        match line.split_once(": ") {
            Some((from, text)) if from == from.trim() => match from.parse() {
                Ok(from) => Event::Message { from, text },
                Err(_) => Event::Notice(line),
            },
            _ => Event::Notice(line),
        }
    }

    /// Appends the event to `out` as one line, with its newline.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (before, text) = match self {
            Event::Message { from, text } => return message(from, text, out),
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
        ] {
            check(line, Event::Notice(line));
        }
    }
}
