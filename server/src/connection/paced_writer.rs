//! Writes to peers that take whatever one `recv` brings for one message: one line
//! at a time, without its newline, and with a pause after it.
//!
//! One thread serves all of them, since it never waits for a socket either. The
//! outlets hand it lines; each of its members has its turn when its pause is over.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::close::CloseReason;
use super::fold::fold;
use super::{Connection, ConnectionId};
use crate::limits;
use crate::sync::WaitToken;

/// The pause after each write: a script that shows what it got, and asks for
/// more, is done by then, and nobody reads twenty lines a second.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause where more than [`CROWDED`] bytes wait: it gets 200 KB a second then,
/// as much as a class that talks all at once can say.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// See [`SHORT_PAUSE`]; it takes [`PAUSE`] some 0.8 s to send so much.
const CONGESTED_BYTES: usize = 16 * 1024;

/// Up to so many waiting lines go one by one: a person sees them come.
const MAX_SINGLE_LINES: usize = 4;

/// How many bytes several lines together may have: what one `recv(1024)`, the
/// usual figure in a classroom, takes with something to spare.
const MAX_TEXT_BYTES: usize = 1000;

/// What an order costs beside its bytes, roughly: many tiny ones count too.
const ITEM_OVERHEAD: usize = 64;

/// How many orders are taken before members are written to again.
const MAX_ITEMS_PER_ROUND: usize = 1000;

/// The way to the thread.
pub struct PacedWriter {
    /// It holds no more than what `Link::paced` counts for each member.
    items: Sender<PacedItem>,
}

/// So much waits for the member already that it cannot catch up.
pub struct QueueFull;

enum PacedItem {
    Lines(Arc<Connection>, Arc<[u8]>),
    /// These are the last.
    Close(Arc<Connection>, Arc<[u8]>),
}

impl PacedWriter {
    /// Starts the thread. It ends after the pacer is dropped and all was written;
    /// until then it holds `alive`.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(stall: Duration, alive: WaitToken) -> io::Result<PacedWriter> {
        let (orders, waiting) = unbounded();
        let life = move || {
            run(&waiting, stall);
            drop(alive);
        };
        let thread = thread::Builder::new().name("pacer".to_string());
        // It is not joined: `alive` tells when it has ended.
        let _detached = thread.spawn(life)?;
        Ok(PacedWriter { items: orders })
    }

    /// Hands over lines for `connection`, each with its newline, unless more than
    /// `backlog` bytes would wait for it then. The first are taken in any case.
    pub fn push(
        &self,
        connection: &Arc<Connection>,
        lines: Arc<[u8]>,
        backlog: usize,
    ) -> Result<(), QueueFull> {
        let cost = lines.len() + ITEM_OVERHEAD;
        let before = connection
            .outbound
            .queued_bytes
            .fetch_add(cost, Ordering::Relaxed);
        let order = PacedItem::Lines(Arc::clone(connection), lines);
        match before == 0 || before + cost <= backlog {
            true => self.items.send(order).map_err(|_ended| QueueFull),
            false => Err(QueueFull),
        }
    }

    /// Hands over the last lines for `connection`; then the peer is told that nothing
    /// follows.
    pub fn close(&self, connection: &Arc<Connection>, lines: Arc<[u8]>) -> Result<(), QueueFull> {
        connection
            .outbound
            .queued_bytes
            .fetch_add(lines.len() + ITEM_OVERHEAD, Ordering::Relaxed);
        let order = PacedItem::Close(Arc::clone(connection), lines);
        self.items.send(order).map_err(|_ended| QueueFull)
    }
}

/// The thread's life.
fn run(orders: &Receiver<PacedItem>, stall: Duration) {
    let mut turns: BTreeMap<ConnectionId, PacedPeer> = BTreeMap::new();
    loop {
        let due = turns.values().filter_map(PacedPeer::due).min();
        let first = match due.map(|due| orders.recv_deadline(due)) {
            None => match orders.recv() {
                Ok(order) => Some(order),
                Err(_disconnected) => return,
            },
            Some(Ok(order)) => Some(order),
            Some(Err(RecvTimeoutError::Timeout)) => None,
            Some(Err(RecvTimeoutError::Disconnected)) => {
                let left = due.map(|due| due.saturating_duration_since(Instant::now()));
                thread::sleep(left.unwrap_or_default());
                None
            }
        };
        for order in first
            .into_iter()
            .chain(orders.try_iter().take(MAX_ITEMS_PER_ROUND))
        {
            accept_item(&mut turns, order);
        }
        let now = Instant::now();
        turns.retain(|_, turn| turn.advance(now, stall));
    }
}

fn accept_item(turns: &mut BTreeMap<ConnectionId, PacedPeer>, order: PacedItem) {
    let (connection, lines, closing) = match order {
        PacedItem::Lines(connection, lines) => (connection, lines, None),
        PacedItem::Close(connection, lines) => (connection, lines, Some(Instant::now())),
    };
    let turn = turns
        .entry(connection.id)
        .or_insert_with(|| PacedPeer::new(connection));
    turn.enqueue(lines);
    turn.closing = turn.closing.or(closing);
}

/// What waits for one member.
struct PacedPeer {
    connection: Arc<Connection>,
    /// Lines as they came, which others share, and up to where they are taken.
    batches: VecDeque<(Arc<[u8]>, usize)>,
    /// What is left of a line that had to be folded.
    folded: VecDeque<Vec<u8>>,
    /// What is left of the last write; it goes first.
    partial: Vec<u8>,
    /// Whether the last text was full, so that the next one goes on.
    last_was_full: bool,
    /// When it may be written to next.
    next_write: Instant,
    /// When something of it was last taken.
    progress: Instant,
    /// Since then nothing more comes.
    closing: Option<Instant>,
}

impl PacedPeer {
    fn new(connection: Arc<Connection>) -> PacedPeer {
        let now = Instant::now();
        PacedPeer {
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

    fn enqueue(&mut self, lines: Arc<[u8]>) {
        if self.is_idle() {
            self.progress = Instant::now();
        }
        self.batches.push_back((lines, 0));
    }

    fn is_idle(&self) -> bool {
        self.batches.is_empty() && self.folded.is_empty() && self.partial.is_empty()
    }

    /// Takes out the next line, or a piece of it: one that no script receives at once
    /// would be torn where whoever wrote it likes. An empty line is nothing that
    /// one could receive.
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
                self.connection
                    .outbound
                    .queued_bytes
                    .fetch_sub(cost, Ordering::Relaxed);
                self.batches.pop_front();
            }
        }
        self.folded.pop_front()
    }

    /// Whether more than a few lines wait.
    fn is_behind(&self) -> bool {
        let batches = self.batches.iter();
        let lines = batches.flat_map(|(batch, taken)| {
            let rest = batch.get(*taken..).unwrap_or_default();
            rest.split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty())
        });
        self.folded.len() + lines.take(MAX_SINGLE_LINES + 1).count() > MAX_SINGLE_LINES
    }

    /// When something is to be done for it, if there is anything to do.
    fn due(&self) -> Option<Instant> {
        (!self.is_idle() || self.closing.is_some()).then_some(self.next_write)
    }

    /// Does what is due, and says whether there is still somebody to write to.
    fn advance(&mut self, now: Instant, stall: Duration) -> bool {
        if self.next_write <= now && !self.is_idle() && self.write(now, stall).is_err() {
            return false;
        }
        let done = self.closing.is_some() && self.is_idle();
        if done {
            let _peer_may_be_gone = self.connection.transport.shutdown(Shutdown::Write);
        }
        !done
    }

    /// Writes once, unless the peer is gone or takes nothing.
    fn write(&mut self, now: Instant, stall: Duration) -> Result<(), CloseReason> {
        if self.partial.is_empty() {
            self.partial = self.next_text();
        }
        if self.partial.is_empty() {
            return Ok(());
        }
        let wire = &self.connection.transport;
        match wire.write_nonblocking(&[IoSlice::new(&self.partial)]) {
            Ok(0) => return self.wait(now, stall),
            Ok(taken) => {
                self.partial.drain(..taken.min(self.partial.len()));
                self.progress = now;
            }
            Err(_broken) => {
                self.connection.lifecycle.record_peer_gone(); // its session ends it, having read the rest
                return Err(CloseReason::Reset);
            }
        }
        let crowded = self
            .connection
            .outbound
            .queued_bytes
            .load(Ordering::Relaxed)
            > CONGESTED_BYTES;
        self.next_write = now + if crowded { SHORT_PAUSE } else { PAUSE };
        self.set_lagging(!self.partial.is_empty());
        Ok(())
    }

    /// Deals with a socket that takes nothing.
    fn wait(&mut self, now: Instant, stall: Duration) -> Result<(), CloseReason> {
        self.next_write = now + PAUSE;
        self.set_lagging(true);
        let closing = self.closing.map_or(Duration::ZERO, |since| since.elapsed());
        if closing > limits::DRAIN_OUTPUT || self.progress.elapsed() >= stall {
            self.connection.abort(CloseReason::Slow);
            return Err(CloseReason::Slow);
        }
        Ok(())
    }

    fn set_lagging(&self, lagging: bool) {
        self.connection
            .outbound
            .lagging
            .store(lagging, Ordering::Relaxed);
    }

    /// What to write next: a line, or several where more than a few wait.
    fn next_text(&mut self) -> Vec<u8> {
        let together = self.is_behind() || self.connection.replies.has_request();
        // One who reads only after it has asked finds this behind what it was
        // sent before: it has to stay apart. So has what follows a full text.
        let unasked =
            self.connection.replies.is_half_duplex() && !self.connection.replies.take_request();
        let apart = unasked || self.last_was_full;
        self.last_was_full = false;
        let Some(first) = self.next_line() else {
            return Vec::new(); // there were only empty lines
        };
        let mut text = if apart { vec![b'\n'] } else { Vec::new() };
        text.extend(first);
        while together && let Some(line) = self.next_line() {
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
}
