//! Turns a typed line into what goes over the wire and onto the own screen.
//!
//! Pure: it knows no keyboard and no socket.

use common::{MAX_LINE, Name, QUIT, Request, text};

/// What one types to leave; the classroom client knows the short ones.
const LEAVING: [&str; 5] = ["/quit", "q", "exit", "bye", QUIT];

/// What to tell somebody whose line no server would take.
pub const TOO_LONG: &str = "this line is longer than 4096 bytes and was not sent";

/// What to tell somebody whose line is not UTF-8.
pub const NOT_TEXT: &str = "this line is not UTF-8 text and was not sent";

/// What a typed line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// A blank line: nothing. It would be a heartbeat to the server.
    Nothing,
    /// To leave the room.
    Leave,
    /// To send the line `wire`, which says `said` to everybody, or is a command.
    Send {
        /// Without its newline.
        wire: String,
        /// The text, as others will see it after the name.
        said: Option<String>,
    },
    /// Something that does not fit into a line of the protocol.
    TooLong,
}

/// Reads what `me` typed in one line, without its newline.
///
/// The text is cleaned, since it is shown on the own screen as well, and what
/// one pastes is not always what one saw.
pub fn read(line: &str, me: &Name) -> Wish {
    let line = text::clean(line);
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Wish::Nothing;
    }
    if LEAVING.contains(&trimmed) {
        return Wish::Leave;
    }
    let (wire, said) = encode(&line, me);
    // Encoding may add a prefix, so the length counts after it.
    if wire.len() + 1 > MAX_LINE {
        return Wish::TooLong;
    }
    Wish::Send { wire, said }
}

fn encode(line: &str, me: &Name) -> (String, Option<String>) {
    if !line.starts_with('/') {
        return (Request::Say(line).encode(me), Some(line.to_string()));
    }
    // A command goes as it was typed: it is the server that knows them all.
    let said = match Request::parse(line, me) {
        Request::Say(text) => Some(text.to_string()),
        _ => None,
    };
    (line.to_string(), said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Wish) {
        let ann: Name = "Ann".parse().unwrap();
        assert_eq!(read(line, &ann), expected, "typing {line:?}");
    }

    fn sends(wire: &str, said: Option<&str>) -> Wish {
        let said = said.map(str::to_string);
        let wire = wire.to_string();
        Wish::Send { wire, said }
    }

    #[test]
    fn text_is_said_as_it_was_typed() {
        check("hi", sends("hi", Some("hi")));
        check("  two  ", sends("  two  ", Some("  two  ")));
        check("quit", sends("quit", Some("quit")));
        check("bye now", sends("bye now", Some("bye now")));
        // The server would take the first name for the classroom's prefix.
        check("Ann: hi", sends("Ann: Ann: hi", Some("Ann: hi")));
    }

    #[test]
    fn commands_are_the_servers_and_two_slashes_are_text() {
        check("/who", sends("/who", None));
        check("/msg bob  hi", sends("/msg bob  hi", None));
        check("//home", sends("//home", Some("/home")));
    }

    #[test]
    fn the_ways_to_leave() {
        for line in ["/quit", "q", "exit", "bye", "q:quit", " q "] {
            check(line, Wish::Leave);
        }
    }

    #[test]
    fn blank_lines_are_not_sent() {
        for line in ["", " ", "\t", "\u{200b}"] {
            check(line, Wish::Nothing);
        }
    }

    #[test]
    fn the_own_screen_is_safe_from_what_one_pastes() {
        check("\u{1b}[2Jhi", sends("[2Jhi", Some("[2Jhi")));
    }

    #[test]
    fn a_prefix_may_make_a_line_too_long() {
        let full = "x".repeat(MAX_LINE - 1);
        check(&full, sends(&full, Some(&full)));
        check(&format!("{full}x"), Wish::TooLong);
        check(&format!("Ann:{}", "x".repeat(MAX_LINE - 5)), Wish::TooLong);
    }
}
