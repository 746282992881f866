//! The screen's handle: the sending end of the screen thread's queue.

use std::convert::Infallible;
use std::time::Duration;

use common::Timestamp;
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};

use super::update::{Line, ScreenUpdate};

/// The number of updates that may wait. When a terminal is slower than the server, the
/// receiver blocks and TCP slows the server down. It is small, so that the user's own
/// lines do not wait long in a flood.
const MAX_WAITING: usize = 64;

/// A handle to the screen thread, for every thread that has something to show.
#[derive(Clone)]
pub struct Screen {
    queue: Sender<ScreenUpdate>,
    /// Carries nothing; it is disconnected when the screen thread has ended.
    ended: Receiver<Infallible>,
}

/// The screen thread's ends of its channels.
pub(super) struct ScreenQueue {
    pub updates: Receiver<ScreenUpdate>,
    /// Dropped when the thread ends.
    pub alive: Sender<Infallible>,
}

impl Screen {
    /// Makes a handle and the queue behind it.
    pub(super) fn new() -> (Screen, ScreenQueue) {
        let (queue, updates) = bounded(MAX_WAITING);
        let (alive, ended) = bounded(0);
        (Screen { queue, ended }, ScreenQueue { updates, alive })
    }

    /// Makes a handle for tests, which returns every update.
    #[cfg(test)]
    pub fn recording() -> (Screen, Receiver<ScreenUpdate>) {
        let (queue, updates) = crossbeam_channel::unbounded();
        let (_, ended) = bounded(0);
        (Screen { queue, ended }, updates)
    }

    /// Queues an update; blocks while the queue is full. A closed screen drops it.
    pub fn show(&self, update: ScreenUpdate) {
        let _ = self.queue.send(update);
    }

    /// Returns `true` if a few more updates do not block.
    pub fn has_room(&self) -> bool {
        self.queue.len() < MAX_WAITING / 2
    }

    /// Shows a line from the server.
    pub fn show_received(&self, line: String) {
        self.show(ScreenUpdate::Line(Line::Received(line)));
    }

    /// Shows a line from the server that was said at `moment`, or else now.
    pub fn show_received_at(&self, line: String, moment: Option<Timestamp>) {
        let line = Line::Received(line);
        self.show(match moment {
            Some(moment) => ScreenUpdate::TimedLine(line, moment),
            None => ScreenUpdate::Line(line),
        });
    }

    /// Shows our own message.
    pub fn show_own(&self, line: String) {
        self.show(ScreenUpdate::Line(Line::Own(line)));
    }

    /// Shows the reason why something was not done.
    pub fn warn(&self, text: String) {
        self.show(ScreenUpdate::Line(Line::Warning(text)));
    }

    /// Shows what was done.
    pub fn info(&self, text: String) {
        self.show(ScreenUpdate::Line(Line::Info(text)));
    }

    /// Shows all that waits and restores the terminal, within `timeout` if there is one.
    pub fn close(&self, timeout: Option<Duration>) {
        let timeout = timeout.map_or_else(never, after);
        select! {
            send(self.queue, ScreenUpdate::Close) -> _ => {}
            recv(timeout) -> _ => return,
        }
        select! {
            recv(self.ended) -> _ => {}
            recv(timeout) -> _ => {}
        }
    }
}
