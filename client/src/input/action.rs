//! User actions: from an input line to what the user asks for.
//!
//! Invariant: neither stdin nor socket; text in, values out.

use common::{Command, Event, MAX_LINE, Name, QUIT, Request, text};

use crate::connection::Transport;
use crate::transfers::command::{self, FileCommand};

/// The lines that quit. The classroom's client has the short ones.
const QUIT_WORDS: [&str; 5] = ["/quit", "q", "exit", "bye", QUIT];

/// The command that shows what UDP has lost. The client runs it itself.
const STATS_COMMAND: &str = "/stats";

/// The commands about the lines that were typed without a connection.
const SEND_WAITING_COMMAND: &str = "/send-waiting";
const DROP_WAITING_COMMAND: &str = "/drop-waiting";

/// The warning about an input line that is not valid UTF-8.
pub const NOT_UTF8: &str = "not sent, the line is not valid UTF-8";

/// The client's own part of `/help`.
const HELP: &str = "\
Here also: q, exit, bye or Ctrl-D leave, as /quit does; so does Ctrl-C at once.
Ctrl-R shows again what you are typing, Ctrl-U and Ctrl-W erase it. // begins a
text with a slash. >> marks what is for you. /stats counts what UDP has lost.
/send PATH shares a file, /get ID [TO] fetches one, /transfers lists those under
way and /cancel N ends one.";

/// An action that an input line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum UserAction {
    /// Nothing, because the line is blank. The server would take it for a heartbeat.
    Nothing,
    /// Leaves the chat.
    Quit,
    /// Leaves the chat with this line, which gives others the reason.
    QuitWith(String),
    /// Shows what was lost over UDP.
    ShowStats,
    /// Sends the lines that were typed without a connection.
    SendWaiting,
    /// Discards the lines that were typed without a connection.
    DropWaiting,
    /// Runs a file command.
    File(FileCommand),
    /// Shows something that concerns nobody else.
    Show(LocalEcho),
    /// Sends a line.
    Send {
        /// The line for the server, without its newline.
        line: String,
        /// The same on the own screen, as others see it.
        echo: Option<LocalEcho>,
    },
    /// Warns that the line is too long for the protocol.
    TooLong,
    /// Warns that the line is not valid UTF-8.
    NotUtf8,
}

/// A text on the own screen that does not come from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum LocalEcho {
    /// A line as others receive it, or lines of our own.
    Line(String),
    /// A private reply. Only the screen knows to whom it goes: the last private sender.
    Reply(String),
}

/// Returns the warning about a line that is too long for `transport`.
pub fn too_long(transport: Transport) -> String {
    let (max, why) = match transport {
        Transport::Tcp => (MAX_LINE, ""),
        Transport::Unframed => (
            transport.max_line(),
            " with your name, the most that an unframed server reads at once",
        ),
        Transport::Udp => (transport.max_line(), ", the most that a datagram takes"),
    };
    format!("not sent, the line is longer than {max} bytes{why}")
}

/// Parses what `me` typed in one line, without its newline, for `transport`.
///
/// The text is sanitized, because a pasted text may contain hidden characters, and it
/// is shown on the own screen too.
pub fn parse(line: &str, me: &Name, transport: Transport) -> UserAction {
    let line = text::sanitize(line);
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return UserAction::Nothing;
    }
    if QUIT_WORDS.contains(&trimmed) {
        return UserAction::Quit;
    }
    match trimmed.to_ascii_lowercase().as_str() {
        STATS_COMMAND => return UserAction::ShowStats,
        SEND_WAITING_COMMAND => return UserAction::SendWaiting,
        DROP_WAITING_COMMAND => return UserAction::DropWaiting,
        _ => {}
    }
    let action = match transport {
        Transport::Unframed => unframed(&line, me),
        Transport::Tcp | Transport::Udp => framed(&line, me),
    };
    // After the encoding, because it may add a prefix.
    match action {
        UserAction::Send { line, .. } | UserAction::QuitWith(line)
            if line.len() > transport.max_line() =>
        {
            UserAction::TooLong
        }
        action => action,
    }
}

/// Parses a line for a server of our protocol.
fn framed(line: &str, me: &Name) -> UserAction {
    if let Request::Command { word, rest } = Request::parse(line, me)
        && let Some(command) = command::parse(word, rest)
    {
        return UserAction::File(command);
    }
    let (line, echo) = encode(line, me);
    match Request::parse(&line, me) {
        Request::Command { word, .. } if word.eq_ignore_ascii_case("quit") => {
            UserAction::QuitWith(line)
        }
        _ => UserAction::Send { line, echo },
    }
}

/// Parses a line for an unframed server, which has no commands. All is text with the
/// own name before it, except the client's own commands.
fn unframed(line: &str, me: &Name) -> UserAction {
    match Request::parse(line, me) {
        Request::Command { word, .. } if word.eq_ignore_ascii_case("quit") => UserAction::Quit,
        Request::Command {
            word: "help" | "?",
            rest: "",
        } => UserAction::Show(LocalEcho::Line(HELP.to_string())),
        _ => {
            let line = format!("{me}: {line}");
            let echo = Some(LocalEcho::Line(line.clone()));
            UserAction::Send { line, echo }
        }
    }
}

fn encode(line: &str, me: &Name) -> (String, Option<LocalEcho>) {
    let message = |text: &str| Some(LocalEcho::Line(format!("{me}: {text}")));
    if !line.starts_with('/') {
        return (Request::Say(line).encode(me), message(line));
    }
    // A command is sent as it was typed, because the server runs it.
    let echo = match Request::parse(line, me) {
        Request::Say(text) => message(text),
        Request::Command { word, rest } => command_echo(word, rest, me),
        _ => None,
    };
    (line.to_string(), echo)
}

/// Returns what others see of a command.
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

    fn sends(sent: &str, said: Option<&str>) -> UserAction {
        shows(
            sent,
            said.map(|text| LocalEcho::Line(format!("Ann: {text}"))),
        )
    }

    fn shows(sent: &str, shown: Option<LocalEcho>) -> UserAction {
        let sent = sent.to_string();
        UserAction::Send {
            line: sent,
            echo: shown,
        }
    }

    #[test]
    fn a_command_is_echoed_as_others_see_it() {
        let line = |line: &str, shown: &str| {
            let shown = LocalEcho::Line(shown.to_string());
            check(line, shows(line, Some(shown)));
        };
        line("/w bob,carl  hi: x", "Ann -> bob,carl: hi: x");
        line("/ME waves", "* Ann: waves");
        for line in ["/reply yes", "/r yes"] {
            check(line, shows(line, Some(LocalEcho::Reply("yes".to_string()))));
        }
        // The server refuses these, so others do not see them.
        for line in ["/msg bob", "/msg a/b hi", "/me", "/reply"] {
            check(line, shows(line, None));
        }
    }

    #[test]
    fn every_form_of_help_shows_the_own_part() {
        for line in ["/help", "/HELP ", "/?"] {
            check(line, shows(line, Some(LocalEcho::Line(HELP.to_string()))));
        }
        check("/help msg", sends("/help msg", None));
    }

    #[test]
    fn a_quit_may_have_a_reason() {
        let line = "/QUIT so long".to_string();
        check(&line, UserAction::QuitWith(line.clone()));
    }

    #[test]
    fn text_is_sent_as_it_was_typed() {
        check("hi", sends("hi", Some("hi")));
        check("  two  ", sends("  two  ", Some("  two  ")));
        check("quit", sends("quit", Some("quit")));
        check("bye now", sends("bye now", Some("bye now")));
        // The server would drop the first name as the prefix of a classroom's client.
        check("Ann: hi", sends("Ann: Ann: hi", Some("Ann: hi")));
    }

    #[test]
    fn commands_go_to_the_server_and_two_slashes_are_text() {
        check("/who", sends("/who", None));
        check("/topic tea", sends("/topic tea", None));
        check("//home", sends("//home", Some("/home")));
    }

    #[test]
    fn every_quit_word_quits() {
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
    fn pasted_terminal_commands_are_removed() {
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
    fn an_unframed_server_receives_text_with_the_name() {
        let over = |line: &str, expected| check_over(Transport::Unframed, line, expected);
        for line in ["hi", "/who", "//x", "Ann: hi"] {
            let sent = format!("Ann: {line}");
            over(line, sends(&sent, Some(line)));
        }
        over("/quit so long", UserAction::Quit);
        over("bye", UserAction::Quit);
        over("/help", UserAction::Show(LocalEcho::Line(HELP.to_string())));
    }

    #[test]
    fn stats_are_never_sent() {
        for transport in [Transport::Tcp, Transport::Unframed, Transport::Udp] {
            check_over(transport, "/stats", UserAction::ShowStats);
            check_over(transport, " /STATS ", UserAction::ShowStats);
        }
        check("//stats", sends("//stats", Some("/stats")));
    }

    #[test]
    fn waiting_lines_are_sent_or_discarded() {
        check("/send-waiting", UserAction::SendWaiting);
        check(" /Drop-Waiting ", UserAction::DropWaiting);
        check(
            "//send-waiting",
            sends("//send-waiting", Some("/send-waiting")),
        );
    }

    #[test]
    fn the_longest_line_depends_on_the_transport() {
        for (transport, max) in [(Transport::Udp, 1152), (Transport::Unframed, 1024 - 5)] {
            let full = "x".repeat(max);
            let action = |line: &str| parse(line, &"Ann".parse().unwrap(), transport);
            assert!(matches!(action(&full), UserAction::Send { .. }));
            assert_eq!(action(&format!("{full}x")), UserAction::TooLong);
        }
        let warning =
            "not sent, the line is longer than 1152 bytes, the most that a datagram takes";
        assert_eq!(too_long(Transport::Udp), warning);
    }
}
