//! Turns a typed line into what goes over the wire and onto the own screen.
//!
//! Pure: it knows no keyboard and no socket.

use common::{Command, Event, MAX_LINE, Name, QUIT, Request, text};

/// What one types to leave; the classroom client knows the short ones.
const LEAVING: [&str; 5] = ["/quit", "q", "exit", "bye", QUIT];

/// What to tell somebody whose line no server would take.
pub const TOO_LONG: &str = "this line is longer than 4096 bytes and was not sent";

/// What to tell somebody whose line is not UTF-8.
pub const NOT_TEXT: &str = "this line is not UTF-8 text and was not sent";

/// What this client adds to the server's commands.
const HELP: &str = "\
Here also: q, exit, bye or Ctrl-D leave, as /quit does; so does Ctrl-C at once.
Ctrl-R shows again what you are typing, Ctrl-U and Ctrl-W erase it.
// begins a text with a slash. >> marks what names you or is for you alone.";

/// What a typed line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// A blank line: nothing. It would be a heartbeat to the server.
    Nothing,
    /// To leave the room.
    Leave,
    /// To leave with this line, which gives others the reason.
    LeaveWith(String),
    /// To send the line `wire`, which is seen on the own screen as `shown`.
    Send {
        /// Without its newline.
        wire: String,
        /// What others will see of it, if they do.
        shown: Option<Shown>,
    },
    /// Something that does not fit into a line of the protocol.
    TooLong,
}

/// What others see of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// This, as it comes over the wire; or lines of our own.
    Line(String),
    /// This text, in private. Whom it goes to is not typed: whoever wrote last.
    Reply(String),
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
    let (wire, shown) = encode(&line, me);
    // Encoding may add a prefix, so the length counts after it.
    if wire.len() + 1 > MAX_LINE {
        return Wish::TooLong;
    }
    match Request::parse(&wire, me) {
        Request::Command { word, .. } if word.eq_ignore_ascii_case("quit") => Wish::LeaveWith(wire),
        _ => Wish::Send { wire, shown },
    }
}

fn encode(line: &str, me: &Name) -> (String, Option<Shown>) {
    let said = |text: &str| Some(Shown::Line(format!("{me}: {text}")));
    if !line.starts_with('/') {
        return (Request::Say(line).encode(me), said(line));
    }
    // A command goes as it was typed: it is the server that does it.
    let shown = match Request::parse(line, me) {
        Request::Say(text) => said(text),
        Request::Command { word, rest } => own(word, rest, me),
        _ => None,
    };
    (line.to_string(), shown)
}

/// What a command says to others, as they see it.
fn own(word: &str, rest: &str, me: &Name) -> Option<Shown> {
    let from = me.clone();
    let event = match Command::parse(word, rest).ok()? {
        Command::Msg { to, text } => Event::Private { from, to, text },
        Command::Me(text) => Event::Action { from, text },
        Command::Help(None) => return Some(Shown::Line(HELP.to_string())),
        Command::Reply(text) => return Some(Shown::Reply(text.to_string())),
        _ => return None,
    };
    let line = String::from_utf8(event.to_line()).ok()?;
    Some(Shown::Line(line.trim_end_matches('\n').to_string()))
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
        shows(wire, said.map(|text| Shown::Line(format!("Ann: {text}"))))
    }

    fn shows(wire: &str, shown: Option<Shown>) -> Wish {
        let wire = wire.to_string();
        Wish::Send { wire, shown }
    }

    #[test]
    fn what_others_see_of_a_command_is_seen_here_too() {
        let line = |line: &str, shown: &str| {
            let shown = Shown::Line(shown.to_string());
            check(line, shows(line, Some(shown)));
        };
        line("/w bob,carl  hi: x", "Ann -> bob,carl: hi: x");
        line("/ME waves", "* Ann: waves");
        for line in ["/reply yes", "/r yes"] {
            check(line, shows(line, Some(Shown::Reply("yes".to_string()))));
        }
        // The server refuses these, so they were not said.
        for line in ["/msg bob", "/msg a/b hi", "/me", "/reply"] {
            check(line, shows(line, None));
        }
    }

    #[test]
    fn the_list_of_commands_is_asked_for_in_any_way() {
        for line in ["/help", "/HELP ", "/?"] {
            check(line, shows(line, Some(Shown::Line(HELP.to_string()))));
        }
        check("/help msg", sends("/help msg", None));
    }

    #[test]
    fn one_may_leave_with_a_reason() {
        let line = "/QUIT so long".to_string();
        check(&line, Wish::LeaveWith(line.clone()));
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
        check("/topic tea", sends("/topic tea", None));
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
