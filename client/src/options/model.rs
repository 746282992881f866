//! The options: what the user wants of a session.

use std::path::PathBuf;
use std::time::Duration;

use common::Address;

use crate::connection::Transport;
use crate::screen::clock::TimeFormat;
use crate::transfers::Task;

/// The options of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The server's address.
    pub address: Address,
    /// The name as it was given, not validated yet.
    pub name: Option<String>,
    /// The layout of the screen.
    pub layout: Layout,
    /// `true` if personal lines ring the terminal's bell.
    pub bell: bool,
    /// The time from one heartbeat to the next.
    pub heartbeat: Duration,
    /// The way to the server.
    pub transport: Transport,
    /// The choice of `--reconnect` and `--no-reconnect`.
    pub reconnect: ReconnectChoice,
    /// The times before the lines.
    pub times: TimeChoice,
    /// The folder for downloads; an empty path is the current folder.
    pub downloads: PathBuf,
    /// The transfer of `--send` or `--get`.
    pub task: Option<Task>,
}

/// A layout of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Messages above the input, if the terminal permits it.
    Divided,
    /// A line after the other.
    Plain,
}

/// A choice of the sessions that connect again after their connection broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReconnectChoice {
    /// Those of a person at a terminal.
    #[default]
    OnTerminal,
    /// This one, also if it is a script's.
    Always,
    /// Not this one.
    Never,
}

/// A choice of the times before the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TimeChoice {
    /// In the default format, if the lines go to a terminal.
    #[default]
    OnTerminal,
    /// None.
    Off,
    /// In this format, wherever the lines go.
    Format(TimeFormat),
}
