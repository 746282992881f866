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
pub mod divided;
mod painter;
pub mod regard;
pub mod title;
pub mod window;

use std::convert::Infallible;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};

use crate::ending::Leave;
pub use painter::{Painter, PromptOn};
use title::Title;
use window::Size;

/// How many things may wait to be shown. When a terminal is slower than the
/// server, the receiver waits and TCP holds the server back. Few, so that what
/// one types has not long to wait in a flood.
const WAITING: usize = 64;

/// How long a panic, or an early end, waits for the terminal to be restored.
const RESTORE: Duration = Duration::from_secs(1);

/// One thing to show. All text in it is clean already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// A line of the talk.
    Line(Line),
    /// The question for the name.
    AskName,
    /// The person has pressed Enter.
    Entered,
    /// The room is open; this stands on the rule above the input.
    Open(Title),
    /// We said this to whoever wrote last in private.
    Reply(String),
    /// We have another name.
    Called(String),
    /// We are in another room.
    Moved(String),
    /// How far the files are: what may stand on the rule, the longest first. Nothing
    /// when there are none. Plain lines leave it out.
    Progress(Vec<String>),
    /// A tenth more of a file, for plain lines alone.
    Step(String),
    /// The window has changed.
    Window(Size),
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
    Note(String),
    /// A word from the client itself: what was done.
    Told(String),
}

/// The way to the screen thread, for all who have something to show.
#[derive(Clone)]
pub struct Screen {
    queue: Sender<Show>,
    /// Disconnected when the thread has ended; never says anything.
    ended: Receiver<Infallible>,
}

impl Screen {
    /// Shows it after all that waits already; blocks while too much does.
    ///
    /// When the screen is closed it is dropped: there is nobody to see it.
    pub fn show(&self, show: Show) {
        let _ = self.queue.send(show);
    }

    /// Shows a line from the server.
    pub fn received(&self, line: String) {
        self.show(Show::Line(Line::Received(line)));
    }

    /// Shows what we said ourselves.
    pub fn own(&self, line: String) {
        self.show(Show::Line(Line::Own(line)));
    }

    /// Shows a word from the client.
    pub fn note(&self, text: String) {
        self.show(Show::Line(Line::Note(text)));
    }

    /// Shows what the client has done.
    pub fn tell(&self, text: String) {
        self.show(Show::Line(Line::Told(text)));
    }

    /// Restores the terminal after showing all that waits, if this is possible
    /// within `patience`; `None` is for ever.
    pub fn close(&self, patience: Option<Duration>) {
        let patience = patience.map_or_else(never, after);
        select! {
            send(self.queue, Show::Close) -> _ => {}
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
pub struct Guard(Screen);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.close(Some(RESTORE));
    }
}

/// Starts the screen thread. It says to `leave` when printing has failed.
///
/// # Errors
///
/// If the system has no thread to give.
pub fn start<O, E>(painter: Painter<O, E>, leave: Sender<Leave>) -> io::Result<(Screen, Guard)>
where
    O: Write + Send + 'static,
    E: Write + Send + 'static,
{
    let (screen, shows, alive) = channel();
    thread::Builder::new()
        .name("screen".to_string())
        .spawn(move || {
            let _alive = alive;
            paint(painter, &shows, &leave);
        })?;
    Ok((screen.clone(), Guard(screen)))
}

fn channel() -> (Screen, Receiver<Show>, Sender<Infallible>) {
    let (queue, shows) = bounded(WAITING);
    let (alive, ended) = bounded(0);
    (Screen { queue, ended }, shows, alive)
}

/// Paints what comes until the screen is closed. A failure is told once; what
/// comes after it is taken and thrown away, so that nobody waits for us.
fn paint(
    mut painter: Painter<impl Write, impl Write>,
    shows: &Receiver<Show>,
    leave: &Sender<Leave>,
) {
    let mut failed = false;
    for show in shows.iter().take_while(|show| *show != Show::Close) {
        if failed {
            continue;
        }
        if let Err(error) = painter.paint(show) {
            failed = true;
            // It is full only if somebody else has asked for the same.
            let _ = leave.try_send(error.into());
        }
    }
}

/// A screen for tests: what is shown comes out of the channel.
#[cfg(test)]
pub fn recording() -> (Screen, Receiver<Show>) {
    let (queue, shows) = crossbeam_channel::unbounded();
    let (_, ended) = bounded(0);
    (Screen { queue, ended }, shows)
}
