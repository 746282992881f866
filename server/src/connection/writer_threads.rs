//! Writer threads: the threads that write beside the broadcaster, and their end.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::backlog::{Backlog, TurnEnd};
use super::host::Host;
use super::unframed::PacedWriter;
use crate::limits;
use crate::sync::{WaitGroup, WaitGroupGuard, lock, wait_group};

/// The writer threads of all lagging members, and the paced writer.
///
/// Each thread takes memory maps, and running out of those ends the process. So there is
/// a maximum, within what the capacity leaves free. When more members lag, they take
/// turns, and a host that has fewer of the threads comes first.
pub struct WriterThreads {
    turns: Mutex<Turns<Arc<Backlog>>>,
    max_threads: usize,
    /// Writes to unframed members.
    pub(super) paced_writer: PacedWriter,
    /// Dropped with the last write half and the last thread that writes.
    done: WaitGroupGuard,
}

impl WriterThreads {
    /// Allows `max_threads` writers at once, and starts the paced writer. A member
    /// may take nothing for at most `stall_timeout`. The wait is over when no write
    /// half and no writer is left.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(
        max_threads: usize,
        stall_timeout: Duration,
    ) -> io::Result<(Arc<WriterThreads>, WaitGroup)> {
        let (done, all_written) = wait_group();
        let writers = WriterThreads {
            turns: Mutex::new(Turns::new()),
            max_threads,
            paced_writer: PacedWriter::start(stall_timeout, done.clone())?,
            done,
        };
        Ok((Arc::new(writers), all_written))
    }

    /// Returns a guard for a thread that still has something to write.
    pub fn done_on_drop(&self) -> WaitGroupGuard {
        self.done.clone()
    }

    /// Lets a writer thread send what waits in `backlog`.
    pub(super) fn send(self: &Arc<WriterThreads>, host: Host, backlog: Arc<Backlog>) {
        lock(&self.turns).waiting.push_back((host, backlog));
        self.add_thread();
    }

    /// Starts one more thread, if a backlog waits for one and there may be one more. If
    /// the machine has none left, the backlog waits on.
    pub(super) fn add_thread(self: &Arc<WriterThreads>) {
        if !lock(&self.turns).reserve_thread(self.max_threads) {
            return;
        }
        let writers = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("writer".to_string())
            .stack_size(limits::SESSION_STACK);
        if thread.spawn(move || writers.run()).is_err() {
            lock(&self.turns).threads -= 1;
        }
    }

    /// The body of a writer thread. It ends when no backlog waits.
    fn run(&self) {
        let begin = || lock(&self.turns).begin();
        while let Some((host, backlog)) = begin() {
            let end = backlog.write_turn(|| !lock(&self.turns).waiting.is_empty());
            let mut turns = lock(&self.turns);
            turns.end(host);
            if let TurnEnd::Paused = end {
                turns.waiting.push_back((host, backlog));
            }
        }
    }
}

/// The turns of backlogs at the threads.
struct Turns<T> {
    threads: usize,
    /// The number of threads that write for each host.
    running: HashMap<Host, usize>,
    /// The backlogs that no thread writes, and their hosts.
    waiting: VecDeque<(Host, T)>,
}

impl<T> Turns<T> {
    fn new() -> Turns<T> {
        Turns {
            threads: 0,
            running: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Counts one more thread, if it is needed and at most `max` run then.
    fn reserve_thread(&mut self, max: usize) -> bool {
        // Between two turns, or started just now: they take what waits.
        let free = || self.threads - self.running.values().sum::<usize>();
        let is_needed = self.threads < max && self.waiting.len() > free();
        self.threads += usize::from(is_needed);
        is_needed
    }

    /// Begins the next turn: of the hosts with the fewest threads, what has waited longest.
    /// If nothing waits, the thread that asks is not counted any more.
    fn begin(&mut self) -> Option<(Host, T)> {
        let threads_of = |(host, _): &(Host, T)| self.running.get(host).copied();
        let threads = self.waiting.iter().map(threads_of);
        let next = threads.enumerate().min_by_key(|&(_, threads)| threads);
        let next = next.and_then(|(index, _)| self.waiting.remove(index));
        match &next {
            Some((host, _)) => *self.running.entry(*host).or_default() += 1,
            None => self.threads -= 1,
        }
        next
    }

    /// Ends a turn for `host`.
    fn end(&mut self, host: Host) {
        if let Some(threads) = self.running.get_mut(&host) {
            *threads -= 1;
            if *threads == 0 {
                self.running.remove(&host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(last: u8) -> Host {
        Host::of([10, 0, 0, last].into())
    }

    #[test]
    fn a_host_with_fewer_threads_comes_first_and_then_what_has_waited_longest() {
        let mut turns = Turns::new();
        for (last, name) in [(1, "a"), (1, "b"), (1, "c"), (2, "d"), (3, "e"), (2, "f")] {
            turns.waiting.push_back((host(last), name));
        }
        for _ in 0..6 {
            assert!(turns.reserve_thread(7));
        }
        assert!(!turns.reserve_thread(7), "there are as many as wait");
        turns.waiting.push_back((host(3), "i"));
        assert!(!turns.reserve_thread(6), "there are as many as may run");
        turns.waiting.pop_back();
        let order: Vec<_> = std::iter::from_fn(|| turns.begin())
            .map(|it| it.1)
            .collect();
        assert_eq!(order, ["a", "d", "e", "b", "f", "c"]);
        assert_eq!(turns.threads, 5, "one has found nothing");
        for (last, name) in [(1, "g"), (2, "h")] {
            turns.end(host(last));
            turns.end(host(2));
            turns.waiting.push_back((host(last), name));
        }
        assert_eq!(turns.begin().map(|it| it.1), Some("h"));
    }
}
