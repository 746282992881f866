//! Screen updates: the messages to the screen thread.

use common::Timestamp;

use super::size::Size;
use super::status_line::StatusLine;

/// A message to the screen thread. All text in it is sanitized already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenUpdate {
    /// Adds a line of this moment.
    Line(Line),
    /// Adds a line that was said at another moment.
    TimedLine(Line, Timestamp),
    /// Asks for the name.
    AskName,
    /// Clears the input rows, because the user has pressed Enter.
    EnterPressed,
    /// Divides the screen, because we have joined.
    Joined(StatusLine),
    /// Adds what we wrote to the last private sender.
    Reply(String),
    /// Changes our name in the status line.
    Renamed(String),
    /// Changes our room in the status line.
    RoomChanged(String),
    /// Shows in the status line that the connection is broken.
    Offline,
    /// Shows in the status line that there is a connection again.
    Online,
    /// Shows the progress of the transfers in the status line: the texts that may stand
    /// there, the longest first; empty without transfers. Plain lines leave it out.
    Progress(Vec<String>),
    /// Adds a line about progress, with plain lines only.
    ProgressLine(String),
    /// Adapts to the new size of the window.
    Resized(Size),
    /// Restores the terminal. Nothing follows.
    Close,
}

impl ScreenUpdate {
    /// Returns the memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let text = match self {
            ScreenUpdate::Line(line) | ScreenUpdate::TimedLine(line, _) => line.text().len(),
            ScreenUpdate::Reply(text) | ScreenUpdate::ProgressLine(text) => text.len(),
            ScreenUpdate::Progress(texts) => texts.iter().map(String::len).sum(),
            // Names are short.
            _ => 0,
        };
        size_of::<ScreenUpdate>() + text
    }
}

/// A line on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line from the server, unchanged.
    Received(String),
    /// Our own message, with our name. Plain lines leave it out, because the terminal
    /// shows it where it was typed.
    Own(String),
    /// The client's reason why something was not done.
    Warning(String),
    /// The client's report of what was done.
    Info(String),
    /// The date of the lines that follow.
    Day(String),
}

impl Line {
    fn text(&self) -> &str {
        match self {
            Line::Received(text)
            | Line::Own(text)
            | Line::Warning(text)
            | Line::Info(text)
            | Line::Day(text) => text,
        }
    }
}
