//! Turns orders into transfers, and what becomes of them into lines and a bar.
//!
//! It belongs to the sender's loop, which brings it what the workers have to say and
//! the beat of its clock. It writes to no socket and moves no byte.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, tick, unbounded};

use super::order::Order;
use super::progress::{Meter, Status};
use super::request::Requests;
use super::told::{clean, told, typed, what};
use super::transfer::Transfer;
use super::worker::{Ended, Event};
use super::{Fault, Place, Task, To, path};
use crate::ending::{Ending, FAILURE, LOST, REMOVED};
use crate::screen::{Screen, Show};

/// How many transfers go at once: as many as the server lets one member have. More
/// wait for their turn.
const AT_ONCE: usize = 4;

/// How many may wait: more than one ever types, and a pipe has an end.
const WAITING: usize = 1000;

/// How often the bar is drawn. More often is more than an eye can read.
const DRAWN: Duration = Duration::from_millis(250);

/// How long the transfers have to clean up when the client ends. They are awake at
/// once; only a disk, or a server that is just being connected to, keeps one longer.
const CLEANING_UP: Duration = Duration::from_secs(2);

/// All transfers of this client.
pub struct Desk {
    /// What the workers have to say.
    pub events: Receiver<Event>,
    /// When to draw the bar; never, while there is none.
    pub beat: Receiver<Instant>,
    /// Those that wait for a ticket.
    pub requests: Requests,
    way: Sender<Event>,
    place: Place,
    screen: Screen,
    running: Vec<Transfer>,
    waiting: VecDeque<(u32, Task)>,
    /// The number of the last one.
    last: u32,
    /// Closed when all workers have ended.
    alive: (Sender<Infallible>, Receiver<Infallible>),
    /// How the last one ended, if it was no success.
    fault: Option<Fault>,
}

impl Desk {
    /// A desk with nothing on it.
    pub fn new(place: Place, screen: Screen) -> Desk {
        // Each worker says little, and no more than one thing before it is answered.
        let (way, events) = unbounded();
        Desk {
            events,
            beat: never(),
            requests: Requests::default(),
            way,
            place,
            screen,
            running: Vec::new(),
            waiting: VecDeque::new(),
            last: 0,
            alive: bounded(0),
            fault: None,
        }
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Does what was typed.
    pub fn order(&mut self, order: Order) {
        match order {
            Order::Send(typed) => self.add(Task::Send(path::existing(&typed))),
            Order::Get { id, to } => {
                let to = to.map_or(To::Downloads, |to| To::Path(path::place(&to)));
                self.add(Task::Get(id, to));
            }
            Order::List => self.list(),
            Order::Cancel(number) => self.cancel(number),
            Order::Explain(how) => self.screen.note(how.to_string()),
        }
    }

    /// Begins a transfer, or has it wait for its turn.
    pub fn add(&mut self, task: Task) {
        if self.waiting.len() >= WAITING {
            return self
                .screen
                .note(format!("{WAITING} transfers wait already"));
        }
        self.last += 1;
        self.waiting.push_back((self.last, task));
        self.begin();
    }

    /// Begins as many as may go at once.
    fn begin(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some((number, task)) = self.waiting.pop_front()
        {
            match Transfer::begin(number, &task, &self.place, &self.way, &self.alive.0) {
                Ok(transfer) => self.running.push(transfer),
                Err(why) => self.over(&task, &Meter::default(), Err(Fault::Failed(why))),
            }
        }
        if !self.running.is_empty() {
            self.beat = tick(DRAWN);
            return;
        }
        self.beat = never();
        self.screen.show(Show::Progress(Vec::new()));
    }

    /// A worker tells that its transfer is over.
    pub fn ended(&mut self, number: u32, ended: Ended) {
        let found = self.running.iter().position(|it| it.number == number);
        if let Some(found) = found {
            let transfer = self.running.remove(found);
            self.over(&transfer.task, &transfer.meter, ended);
        }
        self.begin();
    }

    /// A worker tells that it goes on after a break.
    pub fn again(&self, number: u32, why: &str) {
        if let Some(transfer) = self.running.iter().find(|it| it.number == number) {
            let what = what(&transfer.task, &transfer.meter);
            self.screen.note(clean(&format!("{what}: {why}")));
        }
    }

    fn over(&mut self, task: &Task, meter: &Meter, ended: Ended) {
        match ended {
            Ok(done) => self.screen.tell(clean(&told(task, meter, &done))),
            Err(fault) => {
                let what = what(task, meter);
                let mut line = format!("{what}: {}", fault.told());
                if matches!(fault, Fault::Broken(_)) {
                    line += &format!(". To try again, type {}", typed(task));
                }
                self.screen.note(clean(&line));
                self.fault = Some(fault);
            }
        }
    }

    /// Looks how far all are: the beat of the clock.
    pub fn look(&mut self) {
        let now = Instant::now();
        for transfer in &mut self.running {
            let done = transfer.meter.done();
            transfer.rate = transfer.speed.look(now, done);
            let status = transfer.status();
            let tenths = status.percent() / 10;
            // The end is told when it is sure.
            if tenths > transfer.tenths && tenths < 10 {
                transfer.tenths = tenths;
                self.screen.show(Show::Step(clean(&status.line())));
            }
        }
        let bars = self.all().map_or(Vec::new(), |all| all.bars());
        self.screen.show(Show::Progress(bars));
    }

    /// All transfers as one.
    fn all(&self) -> Option<Status> {
        let mut all = self.running.iter().map(Transfer::status);
        let first = all.next()?;
        Some(match self.running.len() {
            1 => first,
            count => all.fold(first, |sum, status| Status {
                what: format!("{count} files"),
                done: sum.done.saturating_add(status.done),
                size: match (sum.size, status.size) {
                    (Some(sum), Some(size)) => Some(sum.saturating_add(size)),
                    (sum, size) => sum.or(size),
                },
                rate: sum.rate.saturating_add(status.rate),
            }),
        })
    }

    fn list(&self) {
        for transfer in &self.running {
            let line = format!("{} {}", transfer.number, transfer.status().line());
            self.screen.tell(clean(&line));
        }
        for (number, task) in &self.waiting {
            let what = what(task, &Meter::default());
            self.screen
                .tell(clean(&format!("{number} {what} waits for its turn")));
        }
        if self.is_idle() {
            self.screen.tell("no transfer is under way".to_string());
        }
    }

    fn cancel(&mut self, number: u32) {
        if let Some(transfer) = self.running.iter_mut().find(|it| it.number == number) {
            // It tells by itself that it has ended.
            transfer.brake = None;
        } else if let Some(at) = self.waiting.iter().position(|it| it.0 == number) {
            if let Some((_, task)) = self.waiting.remove(at) {
                self.over(&task, &Meter::default(), Err(Fault::Cancelled));
            }
        } else {
            let told = format!("there is no transfer {number}; /transfers lists them");
            self.screen.note(told);
        }
    }

    /// Ends all of them, and gives them a moment to take half files away. What was
    /// not finished is a fault.
    pub fn close(&mut self) {
        let mut given_up = self.waiting.len() + self.running.len();
        self.waiting.clear();
        self.running.clear();
        self.alive.0 = bounded(0).0;
        let _ = self.alive.1.recv_timeout(CLEANING_UP);
        // Some may have ended while nobody listened.
        let events: Vec<Event> = self.events.try_iter().collect();
        given_up -= events
            .iter()
            .filter(|it| matches!(it, Event::Ended(_, Ok(_))))
            .count();
        if given_up > 0 {
            self.fault
                .get_or_insert(Fault::Failed("it was not finished".to_string()));
            self.screen.note(format!(
                "given up because we leave: {given_up} of the transfers"
            ));
        }
    }

    /// What the fault means for a client that was started for one transfer.
    pub fn ending(&self) -> Option<Ending> {
        Some(Ending::Undone(match self.fault.as_ref()? {
            Fault::Refused(_) => REMOVED,
            Fault::Broken(_) => LOST,
            Fault::Failed(_) | Fault::Cancelled => FAILURE,
        }))
    }
}
