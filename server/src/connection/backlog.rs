//! Backlog: the bytes that wait for a lagging member, and the thread that sends them.
//!
//! Invariant: exactly one thread writes to a connection. The writer thread takes one
//! chunk after the other and may block on each. When none is left it says so under
//! the lock, and from then on the write half writes directly again.
//!
//! Thread: `writer ADDRESS`, one for each lagging member.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Connection;
use super::close::CloseReason;
use super::reader::is_timeout;
use super::writer_threads::WriterThreads;
use crate::limits;
use crate::sync::lock;

/// The memory of a chunk beside its bytes, roughly: many tiny ones count too.
const CHUNK_OVERHEAD: usize = 64;

/// The longest time that one write blocks. The kernel wakes a writer only when a good
/// part of the socket's buffer is free, which may take a steady but slow reader
/// long. A new write takes at once what is free.
const MAX_WRITE_TIME: Duration = Duration::from_secs(1);

/// The queue of one lagging member.
pub struct Backlog {
    queue: Mutex<Queue>,
    limit: usize,
}

struct Queue {
    chunks: VecDeque<Arc<[u8]>>,
    /// The cost of the chunks, and of the one being written.
    bytes: usize,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Filling,
    /// Nothing more is pushed since then. The writer closes when all is sent.
    Closing(Instant),
    /// The writer has sent everything and has ended.
    Drained,
}

/// The next step of a writer thread.
enum NextStep {
    Chunk(Arc<[u8]>),
    Close,
    /// Nothing is left, and the thread ends.
    Drained,
}

/// The outcome of a push.
pub enum PushOutcome {
    /// The chunk waits behind the others.
    Queued,
    /// The chunk was not taken, because the writer has ended. Write it directly.
    Drained,
    /// The chunk was not taken, because too much waits.
    Full,
}

impl Backlog {
    /// Makes a backlog that contains `rest`, and later at most `limit` bytes.
    pub fn new(rest: Arc<[u8]>, limit: usize) -> Backlog {
        let queue = Mutex::new(Queue {
            bytes: rest.len() + CHUNK_OVERHEAD,
            chunks: VecDeque::from([rest]),
            state: State::Filling,
        });
        Backlog { queue, limit }
    }

    /// Queues `chunk` behind what waits already.
    pub fn push(&self, chunk: Arc<[u8]>) -> PushOutcome {
        let mut queue = lock(&self.queue);
        if queue.state == State::Drained {
            return PushOutcome::Drained;
        }
        let cost = chunk.len() + CHUNK_OVERHEAD;
        if queue.bytes + cost > self.limit {
            return PushOutcome::Full;
        }
        queue.bytes += cost;
        queue.chunks.push_back(chunk);
        PushOutcome::Queued
    }

    /// Makes the writer close the writing side when all is sent. Returns `false` if
    /// the writer has ended.
    pub fn close_when_drained(&self) -> bool {
        let mut queue = lock(&self.queue);
        if queue.state == State::Drained {
            return false;
        }
        queue.state = State::Closing(Instant::now());
        true
    }

    /// Starts the thread that sends what waits. It aborts the connection if the socket
    /// takes nothing for `stall_timeout`.
    ///
    /// # Errors
    ///
    /// When the machine, or the server's own share of it, has no thread left.
    pub fn start_writer(
        self: &Arc<Backlog>,
        connection: Arc<Connection>,
        stall_timeout: Duration,
        writers: &Arc<WriterThreads>,
    ) -> io::Result<()> {
        let permit = writers.permit().ok_or(io::ErrorKind::QuotaExceeded)?;
        connection
            .transport
            .tcp_stream()?
            .set_write_timeout(Some(stall_timeout.min(MAX_WRITE_TIME)))?;
        let backlog = Arc::clone(self);
        thread::Builder::new()
            .name(format!("writer {}", connection.address))
            .stack_size(limits::SESSION_STACK)
            .spawn(move || {
                backlog.drain_to(&connection, stall_timeout);
                drop(permit);
            })?;
        Ok(())
    }

    /// The body of the thread.
    fn drain_to(&self, connection: &Connection, stall_timeout: Duration) {
        let mut sent = 0;
        loop {
            let chunk = match self.next(sent, connection) {
                NextStep::Chunk(chunk) => chunk,
                NextStep::Close => {
                    let _peer_may_be_gone = connection.transport.shutdown(Shutdown::Write);
                    return;
                }
                NextStep::Drained => return,
            };
            sent = chunk.len() + CHUNK_OVERHEAD;
            if let Err(reason) = self.write(&chunk, connection, stall_timeout) {
                return connection.abort(reason);
            }
        }
    }

    /// Writes one chunk, for as long as the socket takes some of it.
    fn write(
        &self,
        mut chunk: &[u8],
        connection: &Connection,
        stall_timeout: Duration,
    ) -> Result<(), CloseReason> {
        let mut progress = Instant::now();
        while !chunk.is_empty() {
            match connection
                .transport
                .tcp_stream()
                .and_then(|mut stream| stream.write(chunk))
            {
                Ok(0) => return Err(CloseReason::Reset),
                Ok(taken) => {
                    chunk = chunk.get(taken..).unwrap_or_default();
                    progress = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    if progress.elapsed() >= stall_timeout {
                        return Err(CloseReason::Slow);
                    }
                }
                Err(_broken) => return Err(CloseReason::Reset),
            }
            if self.closing_for() > limits::DRAIN_OUTPUT {
                return Err(CloseReason::Slow);
            }
        }
        Ok(())
    }

    /// Returns for how long nothing more is pushed.
    fn closing_for(&self) -> Duration {
        match lock(&self.queue).state {
            State::Closing(since) => since.elapsed(),
            State::Filling | State::Drained => Duration::ZERO,
        }
    }

    /// Returns the next step, after a chunk that cost `sent`.
    fn next(&self, sent: usize, connection: &Connection) -> NextStep {
        let mut queue = lock(&self.queue);
        queue.bytes = queue.bytes.saturating_sub(sent);
        match queue.chunks.pop_front() {
            Some(chunk) => NextStep::Chunk(chunk),
            None if matches!(queue.state, State::Closing(_)) => NextStep::Close,
            None => {
                queue.state = State::Drained;
                // Under the lock: the member may lag again at once.
                connection.outbound.lagging.store(false, Ordering::Relaxed);
                NextStep::Drained
            }
        }
    }
}
