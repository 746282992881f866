//! The screen's handle: the sending end of the screen thread's queue.
//!
//! The queue is in order, so that what the user has said stands after what the server said
//! before. It is limited by its memory, see [`Capacity`]. Two things go before all others:
//! Enter, because the terminal's cursor has moved, and an end that cannot wait.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Timestamp;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, bounded, select, unbounded};

use super::capacity::Capacity;
use super::update::{Line, ScreenUpdate};

/// The time after which a producer without room tries again.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// A handle to the screen thread, for every thread that has something to show.
#[derive(Clone)]
pub struct Screen {
    queue: Sender<ScreenUpdate>,
    /// The updates that go before all in the queue.
    urgent: Sender<ScreenUpdate>,
    capacity: Arc<Capacity>,
    /// Carries nothing; it is disconnected when the screen thread has ended.
    ended: Receiver<Infallible>,
}

/// The screen thread's ends of its channels.
pub(super) struct ScreenQueue {
    updates: Receiver<ScreenUpdate>,
    urgent: Receiver<ScreenUpdate>,
    capacity: Arc<Capacity>,
    /// Dropped when the thread ends.
    _alive: Sender<Infallible>,
}

impl ScreenQueue {
    /// Waits for the next update; `None` if nothing follows.
    pub(super) fn next(&self) -> Option<ScreenUpdate> {
        if let Ok(update) = self.urgent.try_recv() {
            return Some(update);
        }
        select! {
            recv(self.urgent) -> update => update.ok().or_else(|| self.updates.recv().ok()),
            recv(self.updates) -> update => update.ok(),
        }
    }

    /// Records that an update of so many bytes was written.
    pub(super) fn record_written(&self, bytes: usize) {
        self.capacity.remove(bytes);
    }
}

/// Nobody waits for a thread that has ended.
impl Drop for ScreenQueue {
    fn drop(&mut self) {
        self.capacity.close();
    }
}

impl Screen {
    /// Makes a handle and the queue behind it.
    pub(super) fn new() -> (Screen, ScreenQueue) {
        let (queue, updates) = unbounded();
        let (urgent_sender, urgent) = unbounded();
        let (alive, ended) = bounded(0);
        let capacity = Arc::new(Capacity::default());
        let screen = Screen {
            queue,
            urgent: urgent_sender,
            capacity: Arc::clone(&capacity),
            ended,
        };
        let queue = ScreenQueue {
            updates,
            urgent,
            capacity,
            _alive: alive,
        };
        (screen, queue)
    }

    /// Makes a handle for tests, which returns every update.
    #[cfg(test)]
    pub fn recording() -> (Screen, Receiver<ScreenUpdate>) {
        let (screen, queue) = Screen::new();
        let screen = Screen {
            urgent: screen.queue.clone(),
            ..screen
        };
        (screen, queue.updates.clone())
    }

    /// Queues an update. A closed screen drops it.
    pub fn show(&self, update: ScreenUpdate) {
        self.capacity.add(update.bytes());
        let queue = match update {
            ScreenUpdate::EnterPressed => &self.urgent,
            _ => &self.queue,
        };
        let _ = queue.send(update);
    }

    /// Returns `true` if there is room for what the user's input shows.
    pub fn has_room(&self) -> bool {
        self.capacity.has_room()
    }

    /// Returns `None` if there is room, else a channel that fires when it is time to look
    /// again.
    pub fn retry(&self) -> Option<Receiver<Instant>> {
        (!self.has_room()).then(|| after(RETRY_INTERVAL))
    }

    /// Waits until there is room for what the server sends. Returns `false` if `timeout`
    /// ends before.
    pub fn wait_for_room(&self, timeout: Duration) -> bool {
        self.capacity.wait_for_server(timeout)
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

    /// Shows all that waits, however long that takes, and restores the terminal. Returns
    /// `false` if `hurry` fires before.
    pub fn close_unless<T>(&self, hurry: &Receiver<T>) -> bool {
        let _ = self.queue.send(ScreenUpdate::Close);
        select! {
            recv(self.ended) -> _ => true,
            recv(hurry) -> _ => false,
        }
    }

    /// Restores the terminal within `timeout`; shows what it can in the first half of that.
    /// Returns `false` if the terminal takes nothing.
    pub fn close_within(&self, timeout: Duration) -> bool {
        let half = timeout / 2;
        [&self.queue, &self.urgent].into_iter().any(|queue| {
            let _ = queue.send(ScreenUpdate::Close);
            self.has_ended_after(half)
        })
    }

    fn has_ended_after(&self, timeout: Duration) -> bool {
        self.ended.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected)
    }
}
