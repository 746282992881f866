//! Writes to peers that take whatever one `recv` brings for one message: one line
//! at a time, without its newline, and with a pause after it.
//!
//! One thread serves all of them, since it never waits for a socket either. The
//! outlets hand it lines; each of its members has its turn when its pause is over.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Id, Link};
use crate::limits::{self, Limits};
use crate::reason::Reason;

/// The pause after each write: a script that shows what it got, and asks for
/// more, is done by then, and nobody reads twenty lines a second.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause where more than [`CROWDED`] bytes wait: it gets 200 KB a second then,
/// as much as a class that talks all at once can say.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// See [`SHORT_PAUSE`].
const CROWDED: usize = 16 * 1024;

/// Up to so many waiting lines go one by one.
const FEW: usize = 4;

/// How many bytes several lines together may have: what one `recv(1024)`, the
/// usual figure in a classroom, takes with something to spare.
const TOGETHER: usize = 1000;

/// How many orders may wait for the thread, which is never busy for long.
const ORDERS: usize = 4096;

/// The way to the thread.
pub struct Pacer {
    orders: Sender<Order>,
}

/// The thread is too far behind, or gone.
pub struct Stuck;

enum Order {
    Lines(Arc<Link>, Arc<[u8]>),
    /// These are the last.
    Close(Arc<Link>, Arc<[u8]>),
}

impl Pacer {
    /// Starts the thread. It ends after the pacer is dropped and all was written;
    /// until then it holds `alive`.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(limits: Patience, alive: Sender<Infallible>) -> io::Result<Pacer> {
        let (orders, waiting) = bounded(ORDERS);
        let life = move || {
            run(&waiting, limits);
            drop(alive);
        };
        let thread = thread::Builder::new().name("pacer".to_string());
        // It is not joined: `alive` tells when it has ended.
        let _detached = thread.spawn(life)?;
        Ok(Pacer { orders })
    }

    /// Hands over lines for `link`, each with its newline.
    pub fn push(&self, link: &Arc<Link>, lines: Arc<[u8]>) -> Result<(), Stuck> {
        let order = Order::Lines(Arc::clone(link), lines);
        self.orders.try_send(order).map_err(|_| Stuck)
    }

    /// Hands over the last lines for `link`; then the peer is told that nothing
    /// follows.
    pub fn close(&self, link: &Arc<Link>, lines: Arc<[u8]>) -> Result<(), Stuck> {
        let order = Order::Close(Arc::clone(link), lines);
        self.orders.try_send(order).map_err(|_| Stuck)
    }
}

/// How much may wait for one member, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// In bytes.
    pub(super) backlog: usize,
    /// How long nothing of it may be taken.
    pub(super) stall: Duration,
}

impl From<&Limits> for Patience {
    fn from(limits: &Limits) -> Patience {
        Patience {
            backlog: limits.backlog,
            stall: limits.stall,
        }
    }
}

/// The thread's life.
fn run(orders: &Receiver<Order>, patience: Patience) {
    let mut turns: BTreeMap<Id, Turn> = BTreeMap::new();
    loop {
        let due = turns.values().filter_map(Turn::due).min();
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
        for order in first.into_iter().chain(orders.try_iter()) {
            take(&mut turns, order);
        }
        let now = Instant::now();
        turns.retain(|_, turn| turn.go_on(now, patience));
    }
}

fn take(turns: &mut BTreeMap<Id, Turn>, order: Order) {
    let (link, lines, closing) = match order {
        Order::Lines(link, lines) => (link, lines, None),
        Order::Close(link, lines) => (link, lines, Some(Instant::now())),
    };
    let turn = turns.entry(link.id).or_insert_with(|| Turn::new(link));
    turn.add(&lines);
    turn.closing = turn.closing.or(closing);
}

/// What waits for one member.
struct Turn {
    link: Arc<Link>,
    lines: VecDeque<Vec<u8>>,
    /// How many bytes wait in `lines`.
    waiting: usize,
    /// What is left of the last write; it goes first.
    begun: Vec<u8>,
    /// When it may be written to next.
    next: Instant,
    /// When something of it was last taken.
    progress: Instant,
    /// Since then nothing more comes.
    closing: Option<Instant>,
    broken: bool,
}

impl Turn {
    fn new(link: Arc<Link>) -> Turn {
        let now = Instant::now();
        Turn {
            link,
            lines: VecDeque::new(),
            waiting: 0,
            begun: Vec::new(),
            next: now,
            progress: now,
            closing: None,
            broken: false,
        }
    }

    fn add(&mut self, lines: &[u8]) {
        if self.is_idle() {
            self.progress = Instant::now();
        }
        // An empty line is nothing that a script could receive.
        let lines = lines.split(|&byte| byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            self.waiting += line.len();
            self.lines.push_back(line.to_vec());
        }
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.begun.is_empty()
    }

    /// When something is to be done for it, if there is anything to do.
    fn due(&self) -> Option<Instant> {
        (!self.is_idle() || self.closing.is_some()).then_some(self.next)
    }

    /// Does what is due, and says whether more may come.
    fn go_on(&mut self, now: Instant, patience: Patience) -> bool {
        if self.next <= now && !self.is_idle() && !self.broken {
            self.write(now, patience);
        }
        let closing = self.closing.filter(|_| self.is_idle() || self.broken);
        if closing.is_some() {
            let _peer_may_be_gone = self.link.wire.shutdown(Shutdown::Write);
        }
        closing.is_none()
    }

    fn write(&mut self, now: Instant, patience: Patience) {
        if self.begun.is_empty() {
            self.begun = self.next_text();
        }
        match self
            .link
            .wire
            .write_without_waiting(&[IoSlice::new(&self.begun)])
        {
            Ok(0) => {}
            Ok(taken) => {
                self.begun.drain(..taken.min(self.begun.len()));
                self.progress = now;
            }
            // It is for the session to end this, after it has read the rest.
            Err(_broken) => {
                self.link.deafen();
                return self.end();
            }
        }
        let crowded = self.waiting > CROWDED;
        self.next = now + if crowded { SHORT_PAUSE } else { PAUSE };
        let lagging = !self.begun.is_empty();
        self.link.lagging.store(lagging, Ordering::Relaxed);
        let late = self
            .closing
            .is_some_and(|at| at.elapsed() > limits::FETCHING);
        let stalled = lagging && self.progress.elapsed() >= patience.stall;
        if late || stalled || self.waiting > patience.backlog {
            self.link.give_up(Reason::Slow);
            self.end();
        }
    }

    /// Nothing more can be written.
    fn end(&mut self) {
        self.broken = true;
        self.lines.clear();
        self.begun.clear();
        self.waiting = 0;
    }

    /// What to write next: a line, or several where more than a few wait.
    fn next_text(&mut self) -> Vec<u8> {
        let together = self.lines.len() > FEW || self.link.was_asked();
        // One who reads only after it has asked finds this behind what it was
        // sent before: it has to stay apart.
        let apart = self.link.awaits_answers() && !self.link.take_question();
        let mut text = if apart { vec![b'\n'] } else { Vec::new() };
        while let Some(line) = self.lines.pop_front() {
            self.waiting -= line.len();
            text.extend(line);
            let next = self.lines.front().map_or(TOGETHER, Vec::len);
            if !together || text.len() + 1 + next > TOGETHER {
                break;
            }
            text.push(b'\n');
        }
        text
    }
}
