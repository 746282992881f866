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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Link;
use super::inlet::is_timeout;
use super::writers::Writers;
use crate::limits;
use crate::reason::Reason;

/// What a chunk costs beside its bytes, roughly: many tiny ones count too.
const CHUNK_OVERHEAD: usize = 64;

/// How long one write may block. The kernel wakes a writer only when a good part
/// of the socket's buffer is free, which may take a steady but slow reader long;
/// a new write takes at once whatever is free.
const LONGEST_WRITE: Duration = Duration::from_secs(1);

/// The bytes that wait for one lagging member.
pub struct Backlog {
    waiting: Mutex<Waiting>,
    limit: usize,
}

struct Waiting {
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
enum Due {
    Chunk(Arc<[u8]>),
    Close,
    Nothing,
}

/// What became of a chunk that was pushed.
pub enum Pushed {
    /// It waits behind the others.
    Waiting,
    /// It was not taken: there is no writer any more, write it directly.
    Drained,
    /// It was not taken: the member is too far behind.
    Full,
}

impl Backlog {
    /// Makes a backlog that holds `rest`, and at most `limit` bytes later.
    pub fn new(rest: Arc<[u8]>, limit: usize) -> Backlog {
        let waiting = Mutex::new(Waiting {
            bytes: rest.len() + CHUNK_OVERHEAD,
            chunks: VecDeque::from([rest]),
            state: State::Filling,
        });
        Backlog { waiting, limit }
    }

    /// Puts `chunk` behind what waits already.
    pub fn push(&self, chunk: Arc<[u8]>) -> Pushed {
        let mut waiting = self.lock();
        if waiting.state == State::Drained {
            return Pushed::Drained;
        }
        let cost = chunk.len() + CHUNK_OVERHEAD;
        if waiting.bytes + cost > self.limit {
            return Pushed::Full;
        }
        waiting.bytes += cost;
        waiting.chunks.push_back(chunk);
        Pushed::Waiting
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
        link: Arc<Link>,
        stall: Duration,
        writers: &Arc<Writers>,
    ) -> io::Result<()> {
        let permit = writers.permit().ok_or(io::ErrorKind::QuotaExceeded)?;
        link.wire
            .stream()?
            .set_write_timeout(Some(stall.min(LONGEST_WRITE)))?;
        let backlog = Arc::clone(self);
        thread::Builder::new()
            .name(format!("writer {}", link.address))
            .stack_size(limits::STACK)
            .spawn(move || {
                backlog.drain_to(&link, stall);
                drop(permit);
            })?;
        Ok(())
    }

    /// The writer's whole life.
    fn drain_to(&self, link: &Link, stall: Duration) {
        let mut sent = 0;
        loop {
            let chunk = match self.next(sent, link) {
                Due::Chunk(chunk) => chunk,
                Due::Close => {
                    let _peer_may_be_gone = link.wire.shutdown(Shutdown::Write);
                    return;
                }
                Due::Nothing => return,
            };
            sent = chunk.len() + CHUNK_OVERHEAD;
            if let Err(reason) = self.write(&chunk, link, stall) {
                return link.give_up(reason);
            }
        }
    }

    /// Writes one chunk, however long it takes, as long as some of it is taken.
    fn write(&self, mut chunk: &[u8], link: &Link, stall: Duration) -> Result<(), Reason> {
        let mut progress = Instant::now();
        while !chunk.is_empty() {
            match link
                .wire
                .stream()
                .and_then(|mut stream| stream.write(chunk))
            {
                Ok(0) => return Err(Reason::Reset),
                Ok(taken) => {
                    chunk = chunk.get(taken..).unwrap_or_default();
                    progress = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    if progress.elapsed() >= stall {
                        return Err(Reason::Slow);
                    }
                }
                Err(_broken) => return Err(Reason::Reset),
            }
            if self.closing_for() > limits::FETCHING {
                return Err(Reason::Slow);
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
    fn next(&self, sent: usize, link: &Link) -> Due {
        let mut waiting = self.lock();
        waiting.bytes = waiting.bytes.saturating_sub(sent);
        match waiting.chunks.pop_front() {
            Some(chunk) => Due::Chunk(chunk),
            None if matches!(waiting.state, State::Closing(_)) => Due::Close,
            None => {
                waiting.state = State::Drained;
                // Before the outlet can see it, as it may lag again at once.
                link.lagging.store(false, Ordering::Relaxed);
                Due::Nothing
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
