//! Unframed: the paced writer, which writes to the peers that end no lines, one text
//! at a time with a pause after it.
//!
//! Thread: `paced writer`, one for all such peers, because it never waits for a
//! socket. The write halves queue lines, and each peer has its turn when its pause
//! is over.
//!
//! Writes: to unframed peers, in its own thread.
//! Locks: nothing.
//! Blocks: its thread on its queue; a write half never.

mod queue;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::{Connection, ConnectionId};
use crate::sync::WaitGroupGuard;
use queue::{ITEM_OVERHEAD, UnframedQueue};

/// The items that are taken from the queue before peers are written to again.
const MAX_ITEMS_PER_ROUND: usize = 1000;

/// A handle to the paced writer's thread.
pub struct PacedWriter {
    /// Bounded for each peer, by the queued bytes of its connection.
    items: Sender<PacedItem>,
}

/// The error of a peer for which so much is queued that it cannot catch up.
pub struct QueueFull;

struct PacedItem {
    connection: Arc<Connection>,
    lines: Arc<[u8]>,
    is_last: bool,
}

impl PacedWriter {
    /// Starts the thread. It ends after the handle is dropped and all was written;
    /// until then it holds `done`. A peer that takes nothing for `stall_timeout` is
    /// closed.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(stall_timeout: Duration, done: WaitGroupGuard) -> io::Result<PacedWriter> {
        let (items, queue) = unbounded();
        let thread = thread::Builder::new().name("paced writer".to_string());
        // Not joined: the drop of `done` tells when it has ended.
        let _not_joined = thread.spawn(move || {
            run(&queue, stall_timeout);
            drop(done);
        })?;
        Ok(PacedWriter { items })
    }

    /// Queues lines for `connection`, each with its newline. The first lines are
    /// taken in any case.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if more than `max_backlog` bytes would wait.
    pub fn push(
        &self,
        connection: &Arc<Connection>,
        lines: Arc<[u8]>,
        max_backlog: usize,
    ) -> Result<(), QueueFull> {
        let cost = lines.len() + ITEM_OVERHEAD;
        let queued_bytes = &connection.outbound.queued_bytes;
        let queued = queued_bytes.fetch_add(cost, Ordering::Relaxed);
        if queued > 0 && queued + cost > max_backlog {
            return Err(QueueFull);
        }
        self.send(PacedItem {
            connection: Arc::clone(connection),
            lines,
            is_last: false,
        })
    }

    /// Queues the last lines for `connection`. Then its writing side is closed.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if the thread has ended.
    pub fn close(&self, connection: &Arc<Connection>, lines: Arc<[u8]>) -> Result<(), QueueFull> {
        let cost = lines.len() + ITEM_OVERHEAD;
        let queued_bytes = &connection.outbound.queued_bytes;
        queued_bytes.fetch_add(cost, Ordering::Relaxed);
        self.send(PacedItem {
            connection: Arc::clone(connection),
            lines,
            is_last: true,
        })
    }

    fn send(&self, item: PacedItem) -> Result<(), QueueFull> {
        self.items.send(item).map_err(|_ended| QueueFull)
    }
}

/// The body of the thread.
fn run(queue: &Receiver<PacedItem>, stall_timeout: Duration) {
    let mut peers: BTreeMap<ConnectionId, UnframedQueue> = BTreeMap::new();
    loop {
        let due = peers.values().filter_map(UnframedQueue::due).min();
        let first = match due.map(|due| queue.recv_deadline(due)) {
            None => match queue.recv() {
                Ok(item) => Some(item),
                Err(_disconnected) => return,
            },
            Some(Ok(item)) => Some(item),
            Some(Err(RecvTimeoutError::Timeout)) => None,
            Some(Err(RecvTimeoutError::Disconnected)) => {
                let left = due.map(|due| due.saturating_duration_since(Instant::now()));
                thread::sleep(left.unwrap_or_default());
                None
            }
        };
        let others = queue.try_iter().take(MAX_ITEMS_PER_ROUND);
        for item in first.into_iter().chain(others) {
            let peer = peers
                .entry(item.connection.id)
                .or_insert_with(|| UnframedQueue::new(item.connection));
            peer.enqueue(item.lines);
            if item.is_last {
                peer.close_when_drained();
            }
        }
        let now = Instant::now();
        peers.retain(|_, peer| peer.advance(now, stall_timeout));
    }
}
