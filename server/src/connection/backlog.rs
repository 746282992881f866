//! Backlog: the bytes that wait for a lagging member, and how a thread sends them.
//!
//! Invariant: exactly one thread writes to a connection. A writer thread takes one
//! chunk after the other and may block on each. When none is left it says so under
//! the lock, and from then on the write half writes directly again.
//!
//! Thread: one of the writer threads at a time.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Connection;
use super::close::CloseReason;
use super::reader::is_timeout;
use crate::limits;
use crate::sync::lock;

/// The memory of a chunk beside its bytes, roughly: many tiny ones count too.
const CHUNK_OVERHEAD: usize = 64;

/// The longest time that one write blocks, and that a thread writes for one member while
/// others wait for a thread. The kernel wakes a writer only when a good part of the
/// socket's buffer is free, which may take a steady but slow reader long. A new write
/// takes at once what is free.
const MAX_WRITE_TIME: Duration = Duration::from_secs(1);

/// The queue of one lagging member.
pub struct Backlog {
    connection: Arc<Connection>,
    queue: Mutex<Queue>,
    limit: usize,
    stall_timeout: Duration,
}

struct Queue {
    chunks: VecDeque<Arc<[u8]>>,
    /// The bytes of the first chunk that the socket has taken.
    written: usize,
    /// The cost of the chunks.
    bytes: usize,
    /// When the socket took some bytes last.
    progress: Instant,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Filling,
    /// Nothing more is pushed since then. The writer closes when all is sent.
    Closing(Instant),
    /// All is sent, and no thread writes.
    Drained,
}

/// The next step of a writer thread.
enum NextStep {
    /// Write the chunk, of which so many bytes are written.
    Write(Arc<[u8]>, usize),
    Close,
    /// Nothing is left.
    Drained,
}

/// The end of a writer thread's turn.
pub enum TurnEnd {
    /// All is sent, or the connection is aborted.
    Finished,
    /// Some is left, and others wait for a thread.
    Paused,
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
    /// Makes a backlog that contains `rest`, and later at most `limit` bytes. The socket
    /// may take nothing for at most `stall_timeout`.
    pub fn new(
        connection: Arc<Connection>,
        rest: Arc<[u8]>,
        limit: usize,
        stall_timeout: Duration,
    ) -> Backlog {
        let queue = Mutex::new(Queue {
            bytes: rest.len() + CHUNK_OVERHEAD,
            chunks: VecDeque::from([rest]),
            written: 0,
            progress: Instant::now(),
            state: State::Filling,
        });
        Backlog {
            connection,
            queue,
            limit,
            stall_timeout,
        }
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

    /// Sends what waits, for as long as nobody else waits for a thread. Aborts the
    /// connection if its socket takes nothing for too long.
    pub fn write_turn(&self, others_wait: impl Fn() -> bool) -> TurnEnd {
        let begin = Instant::now();
        let timeout = self.stall_timeout.min(MAX_WRITE_TIME);
        let stream = self.connection.transport.tcp_stream();
        if stream
            .and_then(|it| it.set_write_timeout(Some(timeout)))
            .is_err()
        {
            self.connection.abort(CloseReason::Reset);
            return TurnEnd::Finished;
        }
        loop {
            let written = match self.next() {
                NextStep::Write(chunk, written) => {
                    self.write(chunk.get(written..).unwrap_or_default())
                }
                NextStep::Close => {
                    let _peer_may_be_gone = self.connection.transport.shutdown(Shutdown::Write);
                    return TurnEnd::Finished;
                }
                NextStep::Drained => return TurnEnd::Finished,
            };
            if let Err(reason) = written {
                self.connection.abort(reason);
                return TurnEnd::Finished;
            }
            if begin.elapsed() >= MAX_WRITE_TIME && others_wait() {
                return TurnEnd::Paused;
            }
        }
    }

    /// Returns the next step.
    fn next(&self) -> NextStep {
        let mut queue = lock(&self.queue);
        match queue.chunks.front() {
            Some(chunk) => NextStep::Write(Arc::clone(chunk), queue.written),
            None if matches!(queue.state, State::Closing(_)) => NextStep::Close,
            None => {
                queue.state = State::Drained;
                // Under the lock: the member may lag again at once.
                let outbound = &self.connection.outbound;
                outbound.lagging.store(false, Ordering::Relaxed);
                NextStep::Drained
            }
        }
    }

    /// Writes once, the first bytes of `rest`.
    fn write(&self, rest: &[u8]) -> Result<(), CloseReason> {
        let stream = self.connection.transport.tcp_stream();
        let result = stream.and_then(|mut stream| stream.write(rest));
        let mut queue = lock(&self.queue);
        match result {
            Ok(0) if !rest.is_empty() => return Err(CloseReason::Reset),
            Ok(taken) => queue.record_written(taken),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => {
                if queue.progress.elapsed() >= self.stall_timeout {
                    return Err(CloseReason::Slow);
                }
            }
            Err(_broken) => return Err(CloseReason::Reset),
        }
        match queue.state {
            State::Closing(since) if since.elapsed() > limits::DRAIN_OUTPUT => {
                Err(CloseReason::Slow)
            }
            _ => Ok(()),
        }
    }
}

impl Queue {
    /// Records that the socket has taken so many bytes of the first chunk.
    fn record_written(&mut self, count: usize) {
        self.progress = Instant::now();
        self.written += count;
        let length = self.chunks.front().map_or(0, |chunk| chunk.len());
        if self.written >= length {
            self.chunks.pop_front();
            self.bytes = self.bytes.saturating_sub(length + CHUNK_OVERHEAD);
            self.written = 0;
        }
    }
}
