//! What a lagging member still has to get, and the thread that sends it.
//!
//! The writer exists only while there is something to send. It takes one chunk
//! after the other and may block on each; when none is left it says so under
//! the lock, and from that moment the outlet writes directly again. So there is
//! always exactly one who writes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::Connection;
use super::close::CloseReason;
use super::reader::is_timeout;
use super::writer_threads::WriterThreads;
use crate::limits;
use crate::sync::lock;

/// What a chunk costs beside its bytes, roughly: many tiny ones count too.
const CHUNK_OVERHEAD: usize = 64;

/// How long one write may block. The kernel wakes a writer only when a good part
/// of the socket's buffer is free, which may take a steady but slow reader long;
/// a new write takes at once whatever is free.
const MAX_WRITE_TIME: Duration = Duration::from_secs(1);

/// The bytes that wait for one lagging member.
pub struct Backlog {
    queue: Mutex<Queue>,
    limit: usize,
}

struct Queue {
    chunks: VecDeque<Arc<[u8]>>,
    /// What is held: the chunks, and the one being written.
    bytes: usize,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Filling,
    /// Since then nothing more comes: close when all is sent.
    Closing(Instant),
    /// The writer has sent everything and is gone.
    Drained,
}

/// What a writer has to do next.
enum NextStep {
    Chunk(Arc<[u8]>),
    Close,
    Idle,
}

/// What became of a chunk that was pushed.
pub enum PushOutcome {
    /// It waits behind the others.
    Queued,
    /// It was not taken: there is no writer any more, write it directly.
    Drained,
    /// It was not taken: the member is too far behind.
    Full,
}

impl Backlog {
    /// Makes a backlog that holds `rest`, and at most `limit` bytes later.
    pub fn new(rest: Arc<[u8]>, limit: usize) -> Backlog {
        let queue = Mutex::new(Queue {
            bytes: rest.len() + CHUNK_OVERHEAD,
            chunks: VecDeque::from([rest]),
            state: State::Filling,
        });
        Backlog { queue, limit }
    }

    /// Puts `chunk` behind what waits already.
    pub fn push(&self, chunk: Arc<[u8]>) -> PushOutcome {
        let mut waiting = self.lock();
        if waiting.state == State::Drained {
            return PushOutcome::Drained;
        }
        let cost = chunk.len() + CHUNK_OVERHEAD;
        if waiting.bytes + cost > self.limit {
            return PushOutcome::Full;
        }
        waiting.bytes += cost;
        waiting.chunks.push_back(chunk);
        PushOutcome::Queued
    }

    /// Has the writer close the connection's writing side when it is done, and
    /// says whether there still is a writer to do so.
    pub fn close_when_drained(&self) -> bool {
        let mut waiting = self.lock();
        if waiting.state == State::Drained {
            return false;
        }
        waiting.state = State::Closing(Instant::now());
        true
    }

    /// Starts the thread that sends what waits, unless for `stall` nothing of it
    /// is taken.
    ///
    /// # Errors
    ///
    /// When the machine, or the server's own share of it, has no thread left.
    pub fn start_writer(
        self: &Arc<Backlog>,
        connection: Arc<Connection>,
        stall: Duration,
        writers: &Arc<WriterThreads>,
    ) -> io::Result<()> {
        let permit = writers.permit().ok_or(io::ErrorKind::QuotaExceeded)?;
        connection
            .transport
            .tcp_stream()?
            .set_write_timeout(Some(stall.min(MAX_WRITE_TIME)))?;
        let backlog = Arc::clone(self);
        thread::Builder::new()
            .name(format!("writer {}", connection.address))
            .stack_size(limits::SESSION_STACK)
            .spawn(move || {
                backlog.drain_to(&connection, stall);
                drop(permit);
            })?;
        Ok(())
    }

    /// The writer's whole life.
    fn drain_to(&self, connection: &Connection, stall: Duration) {
        let mut sent = 0;
        loop {
            let chunk = match self.next(sent, connection) {
                NextStep::Chunk(chunk) => chunk,
                NextStep::Close => {
                    let _peer_may_be_gone = connection.transport.shutdown(Shutdown::Write);
                    return;
                }
                NextStep::Idle => return,
            };
            sent = chunk.len() + CHUNK_OVERHEAD;
            if let Err(reason) = self.write(&chunk, connection, stall) {
                return connection.abort(reason);
            }
        }
    }

    /// Writes one chunk, however long it takes, as long as some of it is taken.
    fn write(
        &self,
        mut chunk: &[u8],
        connection: &Connection,
        stall: Duration,
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
                    if progress.elapsed() >= stall {
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

    /// How long ago the member left, if it has.
    fn closing_for(&self) -> Duration {
        match self.lock().state {
            State::Closing(since) => since.elapsed(),
            State::Filling | State::Drained => Duration::ZERO,
        }
    }

    /// What to do next, after a chunk that cost `sent`.
    fn next(&self, sent: usize, connection: &Connection) -> NextStep {
        let mut waiting = self.lock();
        waiting.bytes = waiting.bytes.saturating_sub(sent);
        match waiting.chunks.pop_front() {
            Some(chunk) => NextStep::Chunk(chunk),
            None if matches!(waiting.state, State::Closing(_)) => NextStep::Close,
            None => {
                waiting.state = State::Drained;
                // Before the outlet can see it, as it may lag again at once.
                connection.outbound.lagging.store(false, Ordering::Relaxed);
                NextStep::Idle
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }
}
