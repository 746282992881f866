//! Turns orders into transfers, and what becomes of them into lines and a bar.
//!
//! It belongs to the sender's loop, which brings it what the workers have to say and
//! the beat of its clock. It writes to no socket and moves no byte.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, tick, unbounded};

use super::command::FileCommand;
use super::messages::{clean, retry_command, success, title};
use super::progress::{Progress, Status};
use super::ticket_queue::TicketQueue;
use super::transfer::Transfer;
use super::worker::{TransferResult, WorkerEvent};
use super::{Destination, Task, TransferConfig, TransferError, path};
use crate::exit::{Exit, FAILURE, LOST, REMOVED};
use crate::screen::{Screen, ScreenUpdate};

/// How many transfers go at once: as many as the server lets one member have. More
/// wait for their turn.
const MAX_RUNNING: usize = 4;

/// How many may wait: more than one ever types, and a pipe has an end.
const MAX_WAITING: usize = 1000;

/// How often the bar is drawn. More often is more than an eye can read.
const REDRAW_INTERVAL: Duration = Duration::from_millis(250);

/// How long the transfers have to clean up when the client ends. They are awake at
/// once; only a disk, or a server that is just being connected to, keeps one longer.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(2);

/// All transfers of this client.
pub struct TransferManager {
    /// What the workers have to say.
    pub events: Receiver<WorkerEvent>,
    /// When to draw the bar; never, while there is none.
    pub redraw: Receiver<Instant>,
    /// Those that wait for a ticket.
    pub tickets: TicketQueue,
    event_sender: Sender<WorkerEvent>,
    config: TransferConfig,
    screen: Screen,
    running: Vec<Transfer>,
    waiting: VecDeque<(u32, Task)>,
    /// The number of the last one.
    last_number: u32,
    /// Closed when all workers have ended.
    alive: (Sender<Infallible>, Receiver<Infallible>),
    /// How the last one ended, if it was no success.
    last_error: Option<TransferError>,
}

impl TransferManager {
    /// A desk with nothing on it.
    pub fn new(config: TransferConfig, screen: Screen) -> TransferManager {
        // Each worker says little, and no more than one thing before it is answered.
        let (event_sender, events) = unbounded();
        TransferManager {
            events,
            redraw: never(),
            tickets: TicketQueue::default(),
            event_sender,
            config,
            screen,
            running: Vec::new(),
            waiting: VecDeque::new(),
            last_number: 0,
            alive: bounded(0),
            last_error: None,
        }
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Does what was typed.
    pub fn run_command(&mut self, order: FileCommand) {
        match order {
            FileCommand::Send(typed) => self.add(Task::Send(path::existing(&typed))),
            FileCommand::Get { id, to } => {
                let to = to.map_or(Destination::Downloads, |to| {
                    Destination::Path(path::place(&to))
                });
                self.add(Task::Get(id, to));
            }
            FileCommand::List => self.list(),
            FileCommand::Cancel(number) => self.cancel(number),
            FileCommand::Usage(how) => self.screen.warn(how.to_string()),
        }
    }

    /// Begins a transfer, or has it wait for its turn.
    pub fn add(&mut self, task: Task) {
        if self.waiting.len() >= MAX_WAITING {
            return self
                .screen
                .warn(format!("{MAX_WAITING} transfers wait already"));
        }
        self.last_number += 1;
        self.waiting.push_back((self.last_number, task));
        self.start_waiting();
    }

    /// Begins as many as may go at once.
    fn start_waiting(&mut self) {
        while self.running.len() < MAX_RUNNING
            && let Some((number, task)) = self.waiting.pop_front()
        {
            match Transfer::start(
                number,
                &task,
                &self.config,
                &self.event_sender,
                &self.alive.0,
            ) {
                Ok(transfer) => self.running.push(transfer),
                Err(why) => {
                    self.report_end(&task, &Progress::default(), Err(TransferError::Failed(why)))
                }
            }
        }
        if !self.running.is_empty() {
            self.redraw = tick(REDRAW_INTERVAL);
            return;
        }
        self.redraw = never();
        self.screen.show(ScreenUpdate::Progress(Vec::new()));
    }

    /// A worker tells that its transfer is over.
    pub fn on_end(&mut self, number: u32, ended: TransferResult) {
        let found = self.running.iter().position(|it| it.number == number);
        if let Some(found) = found {
            let transfer = self.running.remove(found);
            self.report_end(&transfer.task, &transfer.progress, ended);
        }
        self.start_waiting();
    }

    /// A worker tells that it goes on after a break.
    pub fn on_retry(&self, number: u32, why: &str) {
        if let Some(transfer) = self.running.iter().find(|it| it.number == number) {
            let what = title(&transfer.task, &transfer.progress);
            self.screen.warn(clean(&format!("{what}: {why}")));
        }
    }

    fn report_end(&mut self, task: &Task, meter: &Progress, ended: TransferResult) {
        match ended {
            Ok(done) => self.screen.info(clean(&success(task, meter, &done))),
            Err(fault) => {
                let what = title(task, meter);
                let mut line = format!("{what}: {}", fault.reason());
                if matches!(fault, TransferError::Broken(_)) {
                    line += &format!(". To try again, type {}", retry_command(task));
                }
                self.screen.warn(clean(&line));
                self.last_error = Some(fault);
            }
        }
    }

    /// Looks how far all are: the beat of the clock.
    pub fn show_progress(&mut self) {
        let now = Instant::now();
        for transfer in &mut self.running {
            let done = transfer.progress.done();
            transfer.rate = transfer.rate_estimator.update(now, done);
            let status = transfer.status();
            let tenths = status.percent() / 10;
            // The end is told when it is sure.
            if tenths > transfer.shown_tenths && tenths < 10 {
                transfer.shown_tenths = tenths;
                self.screen
                    .show(ScreenUpdate::ProgressLine(clean(&status.line())));
            }
        }
        let bars = self.total().map_or(Vec::new(), |all| all.bars());
        self.screen.show(ScreenUpdate::Progress(bars));
    }

    /// All transfers as one.
    fn total(&self) -> Option<Status> {
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
            self.screen.info(clean(&line));
        }
        for (number, task) in &self.waiting {
            let what = title(task, &Progress::default());
            self.screen
                .info(clean(&format!("{number} {what} waits for its turn")));
        }
        if self.is_idle() {
            self.screen.info("no transfer is under way".to_string());
        }
    }

    fn cancel(&mut self, number: u32) {
        if let Some(transfer) = self.running.iter_mut().find(|it| it.number == number) {
            // It tells by itself that it has ended.
            transfer.cancel_token = None;
        } else if let Some(at) = self.waiting.iter().position(|it| it.0 == number) {
            if let Some((_, task)) = self.waiting.remove(at) {
                self.report_end(&task, &Progress::default(), Err(TransferError::Cancelled));
            }
        } else {
            let told = format!("there is no transfer {number}; /transfers lists them");
            self.screen.warn(told);
        }
    }

    /// Ends all of them, and gives them a moment to take half files away. What was
    /// not finished is a fault.
    pub fn close(&mut self) {
        let mut given_up = self.waiting.len() + self.running.len();
        self.waiting.clear();
        self.running.clear();
        self.alive.0 = bounded(0).0;
        let _ = self.alive.1.recv_timeout(CLEANUP_TIMEOUT);
        // Some may have ended while nobody listened.
        let events: Vec<WorkerEvent> = self.events.try_iter().collect();
        given_up -= events
            .iter()
            .filter(|it| matches!(it, WorkerEvent::Ended(_, Ok(_))))
            .count();
        if given_up > 0 {
            self.last_error
                .get_or_insert(TransferError::Failed("it was not finished".to_string()));
            self.screen.warn(format!(
                "given up because we leave: {given_up} of the transfers"
            ));
        }
    }

    /// What the fault means for a client that was started for one transfer.
    pub fn exit(&self) -> Option<Exit> {
        Some(Exit::TransferFailed(match self.last_error.as_ref()? {
            TransferError::Refused(_) => REMOVED,
            TransferError::Broken(_) => LOST,
            TransferError::Failed(_) | TransferError::Cancelled => FAILURE,
        }))
    }
}
