//! User actions: from an input line to what the sender does.

use std::io::Write;

use crossbeam_channel::after;

use super::heartbeat::CONFIRMATION_DELAY;
use super::state::{Sender, SenderEnd};
use crate::connection::NO_STATS;
use crate::conversation::queue::OutgoingLine;
use crate::input::action::{self, UserAction};
use crate::input::stdin::{InputLine, InputSource};

impl<W: Write> Sender<W> {
    /// Runs an input line. A line that cannot be sent costs a warning and nothing else.
    pub(super) fn handle_input(&mut self, line: InputLine) -> Result<(), SenderEnd> {
        let transport = self.connection.info.transport;
        let screen = &self.conversation.screen;
        match self.conversation.action(line, transport) {
            UserAction::Nothing => {}
            UserAction::Quit => return Err(SenderEnd::Done),
            UserAction::TooLong => screen.warn(action::too_long(transport)),
            UserAction::NotUtf8 => screen.warn(action::NOT_UTF8.to_string()),
            UserAction::ShowStats => self.show_stats(),
            UserAction::QuitWith(line) => {
                self.quit_line = line;
                return Err(SenderEnd::Done);
            }
            UserAction::SendWaiting => self.conversation.send_waiting(),
            UserAction::DropWaiting => self.conversation.drop_waiting(),
            UserAction::Show(echo) => self.conversation.show(echo),
            UserAction::File(command) => self.conversation.transfers.run_command(command),
            UserAction::Send { line, echo } => {
                self.conversation.queue.push(OutgoingLine::new(line, echo));
                return self.send_next();
            }
        }
        Ok(())
    }

    /// Handles the end of the input. It means that a person wants to leave. A script
    /// waits for the files that it has requested.
    pub(super) fn on_input_end(&mut self) -> Result<(), SenderEnd> {
        if self.conversation.source == InputSource::Terminal
            || self.conversation.transfers.is_idle()
        {
            return Err(SenderEnd::Done);
        }
        self.conversation.input_ended = true;
        Ok(())
    }

    /// Shows what was lost, if the transport may lose something.
    fn show_stats(&self) {
        let screen = &self.conversation.screen;
        match &self.connection.info.stats {
            Some(stats) => {
                let lines = stats.snapshot().lines();
                lines.into_iter().for_each(|line| screen.warn(line));
            }
            None => screen.warn(NO_STATS.to_string()),
        }
    }

    /// Sends the next line of the queue, then shows it, so that the system has whatever
    /// the screen shows. The server does not send our own messages back.
    pub(super) fn send_next(&mut self) -> Result<(), SenderEnd> {
        let Some(line) = self.conversation.queue.next_line() else {
            return Ok(());
        };
        self.write_line(&line)?;
        self.window.record_line();
        if let Some(echo) = self.conversation.queue.record_sent() {
            self.conversation.show(echo);
        }
        // The first line starts the timer, and no other restarts it.
        if self.conversation.queue.has_unconfirmed() {
            let start = || after(CONFIRMATION_DELAY);
            self.confirmation_due.get_or_insert_with(start);
        }
        Ok(())
    }
}
