//! User actions: from an input line to what the sender does.

use std::io::Write;

use super::state::{Sender, SenderEnd};
use crate::connection::NO_STATS;
use crate::input::action::{self, LocalEcho, UserAction};
use crate::input::stdin::{InputLine, InputSource};
use crate::screen::ScreenUpdate;

impl<W: Write> Sender<W> {
    /// Runs an input line. A line that cannot be sent costs a warning and nothing else.
    pub(super) fn handle_input(&mut self, line: InputLine) -> Result<(), SenderEnd> {
        let transport = self.config.info.transport;
        let screen = &self.config.screen;
        let action = match line {
            InputLine::Line(line) => action::parse(&line, &self.config.name, transport),
            InputLine::TooLong => UserAction::TooLong,
            InputLine::NotUtf8 => UserAction::NotUtf8,
        };
        match action {
            UserAction::Nothing => {}
            UserAction::Quit => return Err(SenderEnd::Done),
            UserAction::TooLong => screen.warn(action::too_long(transport)),
            UserAction::NotUtf8 => screen.warn(action::NOT_UTF8.to_string()),
            UserAction::ShowStats => self.show_stats(),
            UserAction::QuitWith(line) => {
                self.quit_line = line;
                return Err(SenderEnd::Done);
            }
            UserAction::Show(echo) => self.show(echo),
            UserAction::File(command) => self.sources.transfers.run_command(command),
            UserAction::Send { line, echo } => return self.send(&line, echo),
        }
        Ok(())
    }

    /// Handles the end of the input. It means that a person wants to leave. A script
    /// waits for the files that it has requested.
    pub(super) fn on_input_end(&mut self) -> Result<(), SenderEnd> {
        if self.config.source == InputSource::Terminal || self.sources.transfers.is_idle() {
            return Err(SenderEnd::Done);
        }
        self.input_ended = true;
        Ok(())
    }

    /// Shows what was lost, if the transport may lose something.
    fn show_stats(&self) {
        let screen = &self.config.screen;
        match &self.config.info.stats {
            Some(stats) => {
                let lines = stats.snapshot().lines();
                lines.into_iter().for_each(|line| screen.warn(line));
            }
            None => screen.warn(NO_STATS.to_string()),
        }
    }

    /// Sends a line, then shows it, so that the system has whatever the screen shows.
    fn send(&mut self, line: &str, echo: Option<LocalEcho>) -> Result<(), SenderEnd> {
        self.write_line(line)?;
        self.window.record_line();
        // The server does not send our own messages back.
        if let Some(echo) = echo {
            self.show(echo);
        }
        Ok(())
    }

    fn show(&self, echo: LocalEcho) {
        let screen = &self.config.screen;
        match echo {
            LocalEcho::Line(lines) => {
                for line in lines.lines() {
                    screen.show_own(line.to_string());
                }
            }
            LocalEcho::Reply(text) => screen.show(ScreenUpdate::Reply(text)),
        }
    }
}
