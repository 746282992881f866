//! Turns a typed line into what goes over the wire and onto the own screen.
//!
//! Pure: it knows no keyboard and no socket.

use common::{Command, Event, MAX_LINE, Name, QUIT, Request, text};

use crate::connection::Transport;
use crate::transfers::command::{self, FileCommand};

/// What one types to leave; the classroom client knows the short ones.
const QUIT_WORDS: [&str; 5] = ["/quit", "q", "exit", "bye", QUIT];

/// What one types to see what UDP has lost. It is for the client alone.
const STATS_COMMAND: &str = "/stats";

/// What to tell somebody whose line is not UTF-8.
pub const NOT_UTF8: &str = "this line is not UTF-8 text and was not sent";

/// What this client adds to the server's commands.
const HELP: &str = "\
Here also: q, exit, bye or Ctrl-D leave, as /quit does; so does Ctrl-C at once.
Ctrl-R shows again what you are typing, Ctrl-U and Ctrl-W erase it. // begins a
text with a slash. >> marks what is for you. /stats counts what UDP has lost.
/send PATH shares a file, /get ID [TO] fetches one, /transfers lists those under
way and /cancel N ends one.";

/// What a typed line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum UserAction {
    /// A blank line: nothing. It would be a heartbeat to the server.
    Nothing,
    /// To leave the room.
    Quit,
    /// To leave with this line, which gives others the reason.
    QuitWith(String),
    /// To see what was lost on the way.
    ShowStats,
    /// To do this with files.
    File(FileCommand),
    /// To see this, which concerns nobody else.
    Show(LocalEcho),
    /// To send the line `wire`, which is seen on the own screen as `shown`.
    Send {
        /// Without its newline.
        line: String,
        /// What others will see of it, if they do.
        echo: Option<LocalEcho>,
    },
    /// Something that does not fit into a line of the protocol.
    TooLong,
    /// Something that is no UTF-8.
    NotUtf8,
}

/// What others see of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum LocalEcho {
    /// This, as it comes over the wire; or lines of our own.
    Line(String),
    /// This text, in private. Whom it goes to is not typed: whoever wrote last.
    Reply(String),
}

/// What to tell somebody whose line no server would take.
pub fn too_long(transport: Transport) -> String {
    let longest = transport.max_line();
    let (most, why) = match transport {
        Transport::Tcp => (MAX_LINE, String::new()),
        Transport::Unframed => (
            longest,
            ", name included, which is all that such a server reads at once,".into(),
        ),
        Transport::Udp => (longest, ", which is all that a datagram takes,".into()),
    };
    format!("this line is longer than {most} bytes{why} and was not sent")
}

/// Reads what `me` typed in one line, without its newline, to be sent over
/// `transport`.
///
/// The text is cleaned, since it is shown on the own screen as well, and what
/// one pastes is not always what one saw.
pub fn parse(line: &str, me: &Name, transport: Transport) -> UserAction {
    let line = text::sanitize(line);
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return UserAction::Nothing;
    }
    if QUIT_WORDS.contains(&trimmed) {
        return UserAction::Quit;
    }
    if trimmed.eq_ignore_ascii_case(STATS_COMMAND) {
        return UserAction::ShowStats;
    }
    let wish = match transport {
        Transport::Unframed => unframed(&line, me),
        Transport::Tcp | Transport::Udp => framed(&line, me),
    };
    // Encoding may add a prefix, so the length counts after it.
    match wish {
        UserAction::Send { line: wire, .. } | UserAction::QuitWith(wire)
            if wire.len() > transport.max_line() =>
        {
            UserAction::TooLong
        }
        wish => wish,
    }
}

/// For a server of our protocol.
fn framed(line: &str, me: &Name) -> UserAction {
    if let Request::Command { word, rest } = Request::parse(line, me)
        && let Some(order) = command::parse(word, rest)
    {
        return UserAction::File(order);
    }
    let (wire, shown) = encode(line, me);
    match Request::parse(&wire, me) {
        Request::Command { word, .. } if word.eq_ignore_ascii_case("quit") => {
            UserAction::QuitWith(wire)
        }
        _ => UserAction::Send {
            line: wire,
            echo: shown,
        },
    }
}

/// For a server that knows no commands: what is typed is text, with the own name
/// before it, as the others are to see it. Only what the client does itself is
/// not sent.
fn unframed(line: &str, me: &Name) -> UserAction {
    match Request::parse(line, me) {
        Request::Command { word, .. } if word.eq_ignore_ascii_case("quit") => UserAction::Quit,
        Request::Command {
            word: "help" | "?",
            rest: "",
        } => UserAction::Show(LocalEcho::Line(HELP.to_string())),
        _ => {
            let wire = format!("{me}: {line}");
            let shown = Some(LocalEcho::Line(wire.clone()));
            UserAction::Send {
                line: wire,
                echo: shown,
            }
        }
    }
}

fn encode(line: &str, me: &Name) -> (String, Option<LocalEcho>) {
    let said = |text: &str| Some(LocalEcho::Line(format!("{me}: {text}")));
    if !line.starts_with('/') {
        return (Request::Say(line).encode(me), said(line));
    }
    // A command goes as it was typed: it is the server that does it.
    let shown = match Request::parse(line, me) {
        Request::Say(text) => said(text),
        Request::Command { word, rest } => command_echo(word, rest, me),
        _ => None,
    };
    (line.to_string(), shown)
}

/// What a command says to others, as they see it.
fn command_echo(word: &str, rest: &str, me: &Name) -> Option<LocalEcho> {
    let from = me.clone();
    let event = match Command::parse(word, rest).ok()? {
        Command::Msg { to, text } => Event::Private { from, to, text },
        Command::Me(text) => Event::Action { from, text },
        Command::Help(None) => return Some(LocalEcho::Line(HELP.to_string())),
        Command::Reply(text) => return Some(LocalEcho::Reply(text.to_string())),
        _ => return None,
    };
    let line = String::from_utf8(event.to_line()).ok()?;
    Some(LocalEcho::Line(line.trim_end_matches('\n').to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: UserAction) {
        check_over(Transport::Tcp, line, expected);
    }

    #[track_caller]
    fn check_over(transport: Transport, line: &str, expected: UserAction) {
        let ann: Name = "Ann".parse().unwrap();
        assert_eq!(parse(line, &ann, transport), expected, "typing {line:?}");
    }

    fn sends(wire: &str, said: Option<&str>) -> UserAction {
        shows(
            wire,
            said.map(|text| LocalEcho::Line(format!("Ann: {text}"))),
        )
    }

    fn shows(wire: &str, shown: Option<LocalEcho>) -> UserAction {
        let wire = wire.to_string();
        UserAction::Send {
            line: wire,
            echo: shown,
        }
    }

    #[test]
    fn what_others_see_of_a_command_is_seen_here_too() {
        let line = |line: &str, shown: &str| {
            let shown = LocalEcho::Line(shown.to_string());
            check(line, shows(line, Some(shown)));
        };
        line("/w bob,carl  hi: x", "Ann -> bob,carl: hi: x");
        line("/ME waves", "* Ann: waves");
        for line in ["/reply yes", "/r yes"] {
            check(line, shows(line, Some(LocalEcho::Reply("yes".to_string()))));
        }
        // The server refuses these, so they were not said.
        for line in ["/msg bob", "/msg a/b hi", "/me", "/reply"] {
            check(line, shows(line, None));
        }
    }

    #[test]
    fn the_list_of_commands_is_asked_for_in_any_way() {
        for line in ["/help", "/HELP ", "/?"] {
            check(line, shows(line, Some(LocalEcho::Line(HELP.to_string()))));
        }
        check("/help msg", sends("/help msg", None));
    }

    #[test]
    fn one_may_leave_with_a_reason() {
        let line = "/QUIT so long".to_string();
        check(&line, UserAction::QuitWith(line.clone()));
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
            check(line, UserAction::Quit);
        }
    }

    #[test]
    fn blank_lines_are_not_sent() {
        for line in ["", " ", "\t", "\u{200b}"] {
            check(line, UserAction::Nothing);
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
        check(&format!("{full}x"), UserAction::TooLong);
        check(
            &format!("Ann:{}", "x".repeat(MAX_LINE - 5)),
            UserAction::TooLong,
        );
    }

    #[test]
    fn a_server_that_knows_no_lines_gets_text_with_the_name() {
        let over = |line: &str, expected| check_over(Transport::Unframed, line, expected);
        for line in ["hi", "/who", "//x", "Ann: hi"] {
            let wire = format!("Ann: {line}");
            over(line, sends(&wire, Some(line)));
        }
        over("/quit so long", UserAction::Quit);
        over("bye", UserAction::Quit);
        over("/help", UserAction::Show(LocalEcho::Line(HELP.to_string())));
    }

    #[test]
    fn the_counts_are_for_the_client_alone() {
        for transport in [Transport::Tcp, Transport::Unframed, Transport::Udp] {
            check_over(transport, "/stats", UserAction::ShowStats);
            check_over(transport, " /STATS ", UserAction::ShowStats);
        }
        check("//stats", sends("//stats", Some("/stats")));
    }

    #[test]
    fn the_longest_line_depends_on_the_way() {
        for (transport, most) in [(Transport::Udp, 1152), (Transport::Unframed, 1024 - 5)] {
            let full = "x".repeat(most);
            let wish = |line: &str| parse(line, &"Ann".parse().unwrap(), transport);
            assert!(matches!(wish(&full), UserAction::Send { .. }));
            assert_eq!(wish(&format!("{full}x")), UserAction::TooLong);
        }
        let told = "this line is longer than 1152 bytes, which is all that a datagram takes, \
                    and was not sent";
        assert_eq!(too_long(Transport::Udp), told);
    }
}
