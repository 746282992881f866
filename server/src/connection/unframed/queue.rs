//! Queue: the lines that wait for one unframed peer, and its next write.
//!
//! The program of such a peer takes what one `recv` brings for one message. So a
//! write carries one line without its newline, or several if many wait.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::connection::close::CloseReason;
use crate::connection::fold::fold;
use crate::limits;

/// The pause after each write. A script that prints what it received, and reads on,
/// is done by then, and no person reads twenty lines a second.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause where more than [`CONGESTED_BYTES`] wait. The peer receives 200 KB a
/// second then, as much as a class that talks all at once can say.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// See [`SHORT_PAUSE`]. With [`PAUSE`] it takes about 0.8 s to send that.
const CONGESTED_BYTES: usize = 16 * 1024;

/// The most waiting lines that go one by one: a person sees them come.
const MAX_SINGLE_LINES: usize = 4;

/// The most bytes of several lines in one write: what one `recv(1024)`, the usual
/// size in a classroom, takes with something to spare.
const MAX_TEXT_BYTES: usize = 1000;

/// The memory of a queued item beside its bytes, roughly: many tiny ones count too.
pub(super) const ITEM_OVERHEAD: usize = 64;

/// The queue of one unframed peer.
pub(super) struct UnframedQueue {
    connection: Arc<Connection>,
    /// Lines that other peers share, and the offset up to which they are taken.
    batches: VecDeque<(Arc<[u8]>, usize)>,
    /// The remaining pieces of a line that was folded.
    folded: VecDeque<Vec<u8>>,
    /// The rest of the previous write, which goes first.
    partial: Vec<u8>,
    /// The previous text was full, so the next one continues it.
    last_was_full: bool,
    next_write: Instant,
    /// When the socket last took some bytes.
    progress: Instant,
    /// Since when nothing more is queued.
    closing: Option<Instant>,
}

impl UnframedQueue {
    pub(super) fn new(connection: Arc<Connection>) -> UnframedQueue {
        let now = Instant::now();
        UnframedQueue {
            connection,
            batches: VecDeque::new(),
            folded: VecDeque::new(),
            partial: Vec::new(),
            last_was_full: false,
            next_write: now,
            progress: now,
            closing: None,
        }
    }

    /// Queues lines, each with its newline.
    pub(super) fn enqueue(&mut self, lines: Arc<[u8]>) {
        if self.is_idle() {
            self.progress = Instant::now();
        }
        self.batches.push_back((lines, 0));
    }

    /// Closes the writing side when the queue is empty.
    pub(super) fn close_when_drained(&mut self) {
        self.closing.get_or_insert_with(Instant::now);
    }

    /// Returns the time at which the next step is due; `None` if there is none.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.is_idle() || self.closing.is_some()).then_some(self.next_write)
    }

    /// Does what is due. Returns `false` if nothing will ever be due again.
    pub(super) fn advance(&mut self, now: Instant, stall_timeout: Duration) -> bool {
        let is_due = self.next_write <= now && !self.is_idle();
        if is_due && self.write(now, stall_timeout).is_err() {
            return false;
        }
        let is_done = self.closing.is_some() && self.is_idle();
        if is_done {
            let _peer_may_be_gone = self.connection.transport.shutdown(Shutdown::Write);
        }
        !is_done
    }

    fn is_idle(&self) -> bool {
        self.batches.is_empty() && self.folded.is_empty() && self.partial.is_empty()
    }

    /// Writes once, unless the peer is gone or takes nothing.
    fn write(&mut self, now: Instant, stall_timeout: Duration) -> Result<(), CloseReason> {
        if self.partial.is_empty() {
            self.partial = self.next_text();
        }
        if self.partial.is_empty() {
            return Ok(());
        }
        let slices = [IoSlice::new(&self.partial)];
        match self.connection.transport.write_nonblocking(&slices) {
            Ok(0) => return self.wait(now, stall_timeout),
            Ok(taken) => {
                self.partial.drain(..taken.min(self.partial.len()));
                self.progress = now;
            }
            Err(_broken) => {
                // The session closes the connection, after it has read the rest.
                self.connection.lifecycle.record_peer_gone();
                return Err(CloseReason::Reset);
            }
        }
        let queued = &self.connection.outbound.queued_bytes;
        let is_congested = queued.load(Ordering::Relaxed) > CONGESTED_BYTES;
        self.next_write = now + if is_congested { SHORT_PAUSE } else { PAUSE };
        self.set_lagging(!self.partial.is_empty());
        Ok(())
    }

    /// Waits for a socket that takes nothing, but not forever.
    fn wait(&mut self, now: Instant, stall_timeout: Duration) -> Result<(), CloseReason> {
        self.next_write = now + PAUSE;
        self.set_lagging(true);
        let closing = self.closing.map_or(Duration::ZERO, |since| since.elapsed());
        if closing > limits::DRAIN_OUTPUT || self.progress.elapsed() >= stall_timeout {
            self.connection.abort(CloseReason::Slow);
            return Err(CloseReason::Slow);
        }
        Ok(())
    }

    fn set_lagging(&self, lagging: bool) {
        let outbound = &self.connection.outbound;
        outbound.lagging.store(lagging, Ordering::Relaxed);
    }

    /// Returns the next text: a line, or several where more than a few wait.
    fn next_text(&mut self) -> Vec<u8> {
        let replies = &self.connection.replies;
        let is_joined = self.is_behind() || replies.has_request();
        // A peer that reads only after it has sent finds this text joined to an unread
        // one in its socket, so a newline separates them. One also separates a text
        // from the full one that it continues.
        let is_unrequested = replies.is_half_duplex() && !replies.take_request();
        let is_apart = is_unrequested || self.last_was_full;
        self.last_was_full = false;
        let Some(first) = self.next_line() else {
            return Vec::new(); // there were only empty lines
        };
        let mut text = if is_apart { vec![b'\n'] } else { Vec::new() };
        text.extend(first);
        while is_joined && let Some(line) = self.next_line() {
            if text.len() + 1 + line.len() > MAX_TEXT_BYTES {
                self.folded.push_front(line);
                self.last_was_full = true;
                break;
            }
            text.push(b'\n');
            text.extend(line);
        }
        text
    }

    /// Returns `true` if more than a few lines wait.
    fn is_behind(&self) -> bool {
        let batches = self.batches.iter();
        let lines = batches.flat_map(|(batch, taken)| {
            let rest = batch.get(*taken..).unwrap_or_default();
            rest.split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty())
        });
        self.folded.len() + lines.take(MAX_SINGLE_LINES + 1).count() > MAX_SINGLE_LINES
    }

    /// Takes out the next line, or a piece of it. A line that no `recv` takes whole
    /// would be torn at a place that its sender chooses. Empty lines are skipped,
    /// because no `recv` can return one.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        while self.folded.is_empty() {
            let (batch, taken) = self.batches.front_mut()?;
            let rest = batch.get(*taken..).unwrap_or_default();
            let end = rest.iter().position(|&byte| byte == b'\n');
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            if !line.is_empty() {
                self.folded.extend(fold(line, MAX_TEXT_BYTES));
            }
            *taken += line.len() + 1;
            if *taken >= batch.len() {
                let cost = batch.len() + ITEM_OVERHEAD;
                let queued = &self.connection.outbound.queued_bytes;
                queued.fetch_sub(cost, Ordering::Relaxed);
                self.batches.pop_front();
            }
        }
        self.folded.pop_front()
    }
}
