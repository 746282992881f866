//! Bystanders: two members that chat while a fault is tested beside them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{DEADLINE, TestClient};

/// The interval between the lines of a bystander. Both together send twenty lines a
/// second, which the default rate limit allows.
const INTERVAL: Duration = Duration::from_millis(100);

/// The maximum delay of a line between the two, on a machine that wakes threads in time.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// On a busy machine a line may be late by so many times what a bystander itself was woken
/// late at most, because several threads are woken for a line.
const WAKEUPS: u32 = 10;

/// A pair of members that exchange numbered lines, twenty a second together. They fail
/// if a line is lost, duplicated, out of order or late.
pub struct Bystanders {
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Bystanders {
    /// Joins both and starts their exchange.
    pub fn start(server: SocketAddr) -> Bystanders {
        let done = Arc::new(AtomicBool::new(false));
        let one = TestClient::join(server, "bystander1");
        let two = TestClient::join(server, "bystander2");
        let sender = Bystander::new(one, "bystander2", Arc::clone(&done));
        let mut threads = vec![thread::spawn(move || sender.run())];
        let sender = Bystander::new(two, "bystander1", Arc::clone(&done));
        threads.push(thread::spawn(move || sender.run()));
        Bystanders { done, threads }
    }

    /// Stops the exchange.
    ///
    /// # Panics
    ///
    /// When a line was lost, duplicated, out of order or late.
    pub fn stop(self) {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// A member of the pair: sends numbers with their times, and checks those of the other.
struct Bystander {
    client: TestClient,
    other: String,
    done: Arc<AtomicBool>,
    sent: u64,
    received: u64,
    /// `true` once the other has sent its last line, which may come early.
    other_finished: bool,
    /// The longest time by which this thread was woken late.
    max_lateness: Duration,
}

impl Bystander {
    fn new(client: TestClient, other: &str, done: Arc<AtomicBool>) -> Bystander {
        Bystander {
            client,
            other: format!("{other}: "),
            done,
            sent: 0,
            received: 0,
            other_finished: false,
            max_lateness: Duration::ZERO,
        }
    }

    fn run(mut self) {
        let mut next_at = Instant::now();
        while !self.done.load(Ordering::Relaxed) {
            self.sent += 1;
            let line = format!("{} {}", self.sent, stamp());
            self.client.say(&line);
            next_at += INTERVAL;
            loop {
                let line = self.client.receive_until(next_at);
                self.max_lateness = self.max_lateness.max(next_at.elapsed());
                let Some(line) = line else { break };
                self.check(&line.expect("a bystander was disconnected"));
            }
        }
        self.client.say(&format!("{} last", self.sent));
        let until = Instant::now() + DEADLINE;
        while !self.other_finished {
            let line = self
                .client
                .receive_until(until)
                .expect("the other's last line");
            self.check(&line.expect("a bystander was disconnected"));
        }
    }

    fn check(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix(&self.other) else {
            return; // a line of another member
        };
        let (number, stamped) = rest.split_once(' ').expect("a number and a time");
        let number: u64 = number.parse().unwrap();
        if stamped == "last" {
            assert_eq!(number, self.received, "the number of lines of the other");
            self.other_finished = true;
            return;
        }
        let stamped: u128 = stamped.parse().unwrap();
        // The first of the two sends before the other can receive.
        let in_order = number == self.received + 1 || self.received == 0;
        assert!(in_order, "{} came after {}", number, self.received);
        self.received = number;
        let took = Duration::from_nanos(u64::try_from(stamp() - stamped).unwrap());
        let max = MAX_DELAY + WAKEUPS * self.max_lateness;
        assert!(took < max, "line {number} took {took:?} of {max:?}");
    }
}

/// Returns the nanoseconds since a moment that is the same for all threads.
fn stamp() -> u128 {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGIN.elapsed().as_nanos()
}
