//! Turns what there is to show into writes to the terminal: the screen thread.
//!
//! Everything that is printed while the room is open passes this one thread, so
//! two lines never mix. The others only hold a [`Screen`], which is a channel,
//! and know nothing of how things look:
//!
//! ```text
//! received, typed, resized -> SHOW -> painter -> one write each -> terminal
//!                          (channel)
//! ```

pub mod bell;
pub mod highlight;
mod renderer;
pub mod size;
pub mod split;
pub mod status_line;

use std::convert::Infallible;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};

use crate::quit::QuitRequest;
pub use renderer::{PromptOutput, Renderer};
use size::Size;
use status_line::StatusLine;

/// How many things may wait to be shown. When a terminal is slower than the
/// server, the receiver waits and TCP holds the server back. Few, so that what
/// one types has not long to wait in a flood.
const MAX_WAITING: usize = 64;

/// How long a panic, or an early end, waits for the terminal to be restored.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);

/// One thing to show. All text in it is clean already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenUpdate {
    /// A line of the talk.
    Line(Line),
    /// The question for the name.
    AskName,
    /// The person has pressed Enter.
    EnterPressed,
    /// The room is open; this stands on the rule above the input.
    Joined(StatusLine),
    /// We said this to whoever wrote last in private.
    Reply(String),
    /// We have another name.
    Renamed(String),
    /// We are in another room.
    RoomChanged(String),
    /// How far the files are: what may stand on the rule, the longest first. Nothing
    /// when there are none. Plain lines leave it out.
    Progress(Vec<String>),
    /// A tenth more of a file, for plain lines alone.
    ProgressLine(String),
    /// The window has changed.
    Resized(Size),
    /// Nothing more will come: restore the terminal.
    Close,
}

/// One line of the talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// From the server, as it came over the wire.
    Received(String),
    /// What we said, with our name before it. Plain lines leave it out, as the
    /// terminal shows it where it was typed.
    Own(String),
    /// A word from the client itself: why something was not done.
    Warning(String),
    /// A word from the client itself: what was done.
    Info(String),
}

/// The way to the screen thread, for all who have something to show.
#[derive(Clone)]
pub struct Screen {
    queue: Sender<ScreenUpdate>,
    /// Disconnected when the thread has ended; never says anything.
    ended: Receiver<Infallible>,
}

impl Screen {
    /// Shows it after all that waits already; blocks while too much does.
    ///
    /// When the screen is closed it is dropped: there is nobody to see it.
    pub fn show(&self, show: ScreenUpdate) {
        let _ = self.queue.send(show);
    }

    /// Shows a line from the server.
    pub fn show_received(&self, line: String) {
        self.show(ScreenUpdate::Line(Line::Received(line)));
    }

    /// Shows what we said ourselves.
    pub fn show_own(&self, line: String) {
        self.show(ScreenUpdate::Line(Line::Own(line)));
    }

    /// Shows a word from the client.
    pub fn warn(&self, text: String) {
        self.show(ScreenUpdate::Line(Line::Warning(text)));
    }

    /// Shows what the client has done.
    pub fn info(&self, text: String) {
        self.show(ScreenUpdate::Line(Line::Info(text)));
    }

    /// Restores the terminal after showing all that waits, if this is possible
    /// within `patience`; `None` is for ever.
    pub fn close(&self, patience: Option<Duration>) {
        let patience = patience.map_or_else(never, after);
        select! {
            send(self.queue, ScreenUpdate::Close) -> _ => {}
            recv(patience) -> _ => return,
        }
        select! {
            recv(self.ended) -> _ => {}
            recv(patience) -> _ => {}
        }
    }
}

/// Closes the screen when it is dropped, so that a panic, or a `?`, restores
/// the terminal too.
pub struct ScreenGuard(Screen);

impl Drop for ScreenGuard {
    fn drop(&mut self) {
        self.0.close(Some(RESTORE_TIMEOUT));
    }
}

/// Starts the screen thread. It says to `leave` when printing has failed.
///
/// # Errors
///
/// If the system has no thread to give.
pub fn start<O, E>(
    painter: Renderer<O, E>,
    leave: Sender<QuitRequest>,
) -> io::Result<(Screen, ScreenGuard)>
where
    O: Write + Send + 'static,
    E: Write + Send + 'static,
{
    let (screen, shows, alive) = channel();
    thread::Builder::new()
        .name("screen".to_string())
        .spawn(move || {
            let _alive = alive;
            render_all(painter, &shows, &leave);
        })?;
    Ok((screen.clone(), ScreenGuard(screen)))
}

fn channel() -> (Screen, Receiver<ScreenUpdate>, Sender<Infallible>) {
    let (queue, shows) = bounded(MAX_WAITING);
    let (alive, ended) = bounded(0);
    (Screen { queue, ended }, shows, alive)
}

/// Paints what comes until the screen is closed. A failure is told once; what
/// comes after it is taken and thrown away, so that nobody waits for us.
fn render_all(
    mut painter: Renderer<impl Write, impl Write>,
    shows: &Receiver<ScreenUpdate>,
    leave: &Sender<QuitRequest>,
) {
    let mut failed = false;
    for show in shows.iter().take_while(|show| *show != ScreenUpdate::Close) {
        if failed {
            continue;
        }
        if let Err(error) = painter.render(show) {
            failed = true;
            // It is full only if somebody else has asked for the same.
            let _ = leave.try_send(error.into());
        }
    }
}

/// A screen for tests: what is shown comes out of the channel.
#[cfg(test)]
pub fn recording() -> (Screen, Receiver<ScreenUpdate>) {
    let (queue, shows) = crossbeam_channel::unbounded();
    let (_, ended) = bounded(0);
    (Screen { queue, ended }, shows)
}
