//! Offline input: what a typed line does while there is no connection.

use crate::connection::Transport;
use crate::conversation::Conversation;
use crate::conversation::queue::OutgoingLine;
use crate::exit::Exit;
use crate::input::action::{self, UserAction};
use crate::input::stdin::InputLine;

/// The answer to a command that needs a connection now.
const NO_CONNECTION: &str = "there is no connection yet";

/// Runs an input line.
///
/// # Errors
///
/// The exit, if the user leaves.
pub fn handle_input(
    conversation: &mut Conversation,
    line: InputLine,
    transport: Transport,
) -> Result<(), Exit> {
    let screen = &conversation.screen;
    match conversation.action(line, transport) {
        UserAction::Nothing => {}
        UserAction::Quit | UserAction::QuitWith(_) => return Err(Exit::Left),
        UserAction::TooLong => screen.warn(action::too_long(transport)),
        UserAction::NotUtf8 => screen.warn(action::NOT_UTF8.to_string()),
        UserAction::ShowStats | UserAction::SendWaiting => screen.warn(NO_CONNECTION.to_string()),
        UserAction::DropWaiting => conversation.drop_waiting(),
        UserAction::Show(echo) => conversation.show(echo),
        UserAction::File(command) => conversation.transfers.run_command(command),
        UserAction::Send { line, echo } => {
            conversation.keep_for_later(OutgoingLine::new(line, echo))
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::stdin::InputSource;
    use crate::screen::{Line, Screen, ScreenUpdate};
    use crossbeam_channel::never;

    #[test]
    fn a_line_waits_and_leaving_leaves() {
        let (screen, shown) = Screen::recording();
        let source = InputSource::Terminal;
        let mut conversation = Conversation::for_tests(source, never(), never(), screen);
        let mut check = |typed: &str, expected: &str| {
            let line = InputLine::Line(typed.to_string());
            assert_eq!(
                handle_input(&mut conversation, line, Transport::Tcp),
                Ok(())
            );
            let text = match shown.try_recv() {
                Ok(ScreenUpdate::Line(Line::Info(text) | Line::Warning(text))) => text,
                other => panic!("{typed:?} shows {other:?}"),
            };
            assert_eq!(text, expected);
        };
        check("hi", "waiting: hi");
        check("/who", "waiting: /who");
        check("/stats", NO_CONNECTION);
        check("/transfers", "no transfers");
        check("/drop-waiting", "discarded: 2 lines");
        for typed in ["/quit", "bye", "/quit so long"] {
            let line = InputLine::Line(typed.to_string());
            let exit = handle_input(&mut conversation, line, Transport::Tcp);
            assert_eq!(exit, Err(Exit::Left), "{typed}");
        }
    }
}
