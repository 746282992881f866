//! Request: a member's line, parsed and encoded.
//!
//! The server parses lines and the client encodes them.
//! Invariant: parsing the result of [`Request::encode`] gives the same request.

use crate::{Name, QUIT};

/// A line that a member sends to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A blank line, which shows that the client is still connected.
    Heartbeat,
    /// A message to the room, neither blank nor `q:quit`.
    Say(&'a str),
    /// A line that begins with one `/`.
    Command {
        /// The word right after the slash, possibly empty.
        word: &'a str,
        /// The text after the word, without blanks around it.
        rest: &'a str,
    },
    /// `q:quit`.
    Quit,
}

impl<'a> Request<'a> {
    /// Parses a line without its newline, sent by the member `me`.
    ///
    /// The line must be sanitized already, see [`crate::text::sanitize`]. Every line
    /// has a meaning, so there is no error.
    pub fn parse(line: &'a str, me: &Name) -> Request<'a> {
        // Comes before the prefix, because a member may be called `q`.
        if line.trim() == QUIT {
            return Request::Quit;
        }
        // The classroom client sends its own name before each message.
        let line = without_prefix(line, me).unwrap_or(line);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Request::Heartbeat;
        }
        if trimmed == QUIT {
            return Request::Quit;
        }
        match line.strip_prefix('/') {
            None => Request::Say(line),
            Some(text) if text.starts_with('/') => Request::Say(text),
            Some(command) => {
                let (word, rest) = command
                    .split_once(char::is_whitespace)
                    .unwrap_or((command, ""));
                Request::Command {
                    word,
                    rest: rest.trim(),
                }
            }
        }
    }

    /// Returns the line, without a newline, that `me` must send.
    pub fn encode(&self, me: &Name) -> String {
        match *self {
            Request::Heartbeat => String::new(),
            Request::Quit => QUIT.to_string(),
            Request::Command { word, rest: "" } => format!("/{word}"),
            Request::Command { word, rest } => format!("/{word} {rest}"),
            Request::Say(text) if text.starts_with('/') => format!("/{text}"),
            // The server drops one prefix, so a text that begins with it needs another.
            Request::Say(text) if without_prefix(text, me).is_some() => format!("{me}: {text}"),
            Request::Say(text) => text.to_string(),
        }
    }
}

/// Returns `true` if a line of `me` begins with its own name.
///
/// Classroom scripts send such lines. They read all the time, so they need no
/// answer to each line.
pub fn has_prefix(line: &str, me: &Name) -> bool {
    without_prefix(line, me).is_some()
}

/// Returns the text after `NAME: ` or `NAME:`, if `NAME` is `me`.
fn without_prefix<'a>(line: &'a str, me: &Name) -> Option<&'a str> {
    let (prefix, rest) = line.split_once(':')?;
    me.matches(prefix)
        .then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Name {
        "Ann".parse().unwrap()
    }

    #[track_caller]
    fn check(line: &str, expected: Request<'_>) {
        check_as(me(), line, expected);
    }

    #[track_caller]
    fn check_as(me: Name, line: &str, expected: Request<'_>) {
        let request = Request::parse(line, &me);
        assert_eq!(request, expected, "parsing {line:?}");
        let encoded = request.encode(&me);
        assert_eq!(
            Request::parse(&encoded, &me),
            expected,
            "encoded as {encoded:?}"
        );
    }

    fn command<'a>(word: &'a str, rest: &'a str) -> Request<'a> {
        Request::Command { word, rest }
    }

    #[test]
    fn any_other_line_is_a_message() {
        for text in [
            "hi",
            " indented",
            "12:30",
            "bob: hi",
            "* waves",
            "q",
            "! no",
            "--- x ---",
        ] {
            check(text, Request::Say(text));
        }
    }

    #[test]
    fn a_blank_line_is_a_heartbeat() {
        for line in ["", " ", "\t ", "Ann:", "Ann: ", "ann:   "] {
            check(line, Request::Heartbeat);
        }
    }

    #[test]
    fn the_own_name_before_a_message_is_dropped_once() {
        check("Ann: hi", Request::Say("hi"));
        check("ann:hi", Request::Say("hi"));
        check("ANN:  two", Request::Say(" two"));
        check("Ann: Ann: hi", Request::Say("Ann: hi"));
        check("Anna: hi", Request::Say("Anna: hi"));
    }

    #[test]
    fn quit_is_quit_with_and_without_the_prefix() {
        for line in ["q:quit", "q:quit ", "Ann: q:quit"] {
            check(line, Request::Quit);
        }
        check("q:quits", Request::Say("q:quits"));
    }

    #[test]
    fn a_member_called_q_can_quit_too() {
        check_as("q".parse().unwrap(), "q:quit", Request::Quit);
        check_as("q".parse().unwrap(), "q: hi", Request::Say("hi"));
    }

    #[test]
    fn one_slash_is_a_command_and_two_are_text() {
        check("/who", command("who", ""));
        check("/msg bob  hi there ", command("msg", "bob  hi there"));
        check("Ann: /who", command("who", ""));
        check("/", command("", ""));
        check("//home", Request::Say("/home"));
        check("///", Request::Say("//"));
        check("Ann: //x", Request::Say("/x"));
        check(" /who", Request::Say(" /who"));
    }
}
