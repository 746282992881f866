//! Two people who just want to talk while something goes wrong beside them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{DEADLINE, TestClient};

/// How often each of them says something: twenty lines a second together, and no
/// more than the server lets through by default.
const INTERVAL: Duration = Duration::from_millis(100);

/// The longest that one of their lines may take to the other.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Two members that exchange numbered lines, twenty a second together, and
/// notice when one is lost, doubled, out of order or late.
pub struct Bystanders {
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Bystanders {
    /// Has both join and begin to talk.
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

    /// Ends their talk.
    ///
    /// # Panics
    ///
    /// When anything was not as it should be.
    pub fn stop(self) {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// One of the two: says numbers, each with the time, and checks the other's.
struct Bystander {
    client: TestClient,
    other: String,
    done: Arc<AtomicBool>,
    sent: u64,
    received: u64,
    /// Whether the other has said its last line, which may come early.
    other_finished: bool,
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
        }
    }

    fn run(mut self) {
        let mut say_at = Instant::now();
        while !self.done.load(Ordering::Relaxed) {
            self.sent += 1;
            let line = format!("{} {}", self.sent, stamp());
            self.client.say(&line);
            say_at += INTERVAL;
            while let Some(line) = self.client.receive_until(say_at) {
                self.check(&line.expect("a bystander was thrown out"));
            }
        }
        self.client.say(&format!("{} last", self.sent));
        let until = Instant::now() + DEADLINE;
        while !self.other_finished {
            let line = self
                .client
                .receive_until(until)
                .expect("the other's last line");
            self.check(&line.expect("a bystander was thrown out"));
        }
    }

    fn check(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix(&self.other) else {
            return; // somebody else's
        };
        let (number, stamped) = rest.split_once(' ').expect("a number and a time");
        let number: u64 = number.parse().unwrap();
        if stamped == "last" {
            assert_eq!(number, self.received, "the other said as many");
            self.other_finished = true;
            return;
        }
        let stamped: u128 = stamped.parse().unwrap();
        // The first to begin talks before the other can hear.
        let in_order = number == self.received + 1 || self.received == 0;
        assert!(in_order, "{} came after {}", number, self.received);
        self.received = number;
        let took = Duration::from_nanos(u64::try_from(stamp() - stamped).unwrap());
        assert!(took < MAX_DELAY, "line {number} took {took:?}");
    }
}

/// Nanoseconds since some moment that is the same for all threads.
fn stamp() -> u128 {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGIN.elapsed().as_nanos()
}
