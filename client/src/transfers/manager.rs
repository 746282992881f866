//! The transfer manager: from commands to transfers, and from their events to lines
//! and a bar.
//!
//! It belongs to the sender, which forwards the workers' events and the redraw ticks.
//!
//! Invariant: it writes to no socket and moves no byte.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use common::text;
use crossbeam_channel::{Receiver, Sender, bounded, never, select, tick, unbounded};

use super::command::FileCommand;
use super::error::TransferError;
use super::event::{TransferResult, WorkerEvent};
use super::messages::{retry_command, success, title};
use super::path;
use super::progress::{Progress, Status};
use super::task::{Destination, Task, TransferConfig};
use super::ticket_queue::{TicketQueue, TicketRequest};
use super::transfer::Transfer;
use crate::exit::{Exit, FAILURE, LOST, REMOVED};
use crate::screen::{Screen, ScreenUpdate};

/// The number of transfers that run at once: as many as the server permits a member.
const MAX_RUNNING: usize = 4;

/// The number of transfers that may wait: more than a person types.
const MAX_WAITING: usize = 1000;

/// The time between two redraws of the bar. An eye cannot read it more often.
const REDRAW_INTERVAL: Duration = Duration::from_millis(250);

/// The time that transfers have to clean up when the client ends. A cancelled worker
/// ends at once, unless a disk or a connection attempt blocks it.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(2);

/// The same after a signal, which leaves a second for everything.
const INTERRUPTED_CLEANUP_TIMEOUT: Duration = Duration::from_millis(150);

/// The manager of all transfers of this client.
pub struct TransferManager {
    /// The workers' events.
    pub events: Receiver<WorkerEvent>,
    /// The ticks for the bar; none without a running transfer.
    pub redraw: Receiver<Instant>,
    /// The requests that wait for a ticket.
    pub tickets: TicketQueue,
    event_sender: Sender<WorkerEvent>,
    config: TransferConfig,
    screen: Screen,
    /// Closed by a signal.
    interrupted: Receiver<Infallible>,
    running: Vec<Transfer>,
    waiting: VecDeque<(u32, Task)>,
    /// The number of the newest transfer.
    last_number: u32,
    /// Closed when all workers have ended.
    alive: (Sender<Infallible>, Receiver<Infallible>),
    /// The last failure.
    last_error: Option<TransferError>,
}

impl TransferManager {
    /// Makes a manager without transfers.
    pub fn new(
        config: TransferConfig,
        screen: Screen,
        interrupted: Receiver<Infallible>,
    ) -> TransferManager {
        // Unbounded, because each worker sends at most one event before it is answered.
        let (event_sender, events) = unbounded();
        TransferManager {
            events,
            redraw: never(),
            tickets: TicketQueue::default(),
            event_sender,
            config,
            screen,
            interrupted,
            running: Vec::new(),
            waiting: VecDeque::new(),
            last_number: 0,
            alive: bounded(0),
            last_error: None,
        }
    }

    /// Returns `true` if no transfer runs or waits.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Runs a typed command.
    pub fn run_command(&mut self, command: FileCommand) {
        match command {
            FileCommand::Send(typed) => self.add(Task::Send(path::existing(&typed))),
            FileCommand::Get { id, to } => {
                let to = to.map_or(Destination::Downloads, |to| {
                    Destination::Path(path::new(&to))
                });
                self.add(Task::Get(id, to));
            }
            FileCommand::List => self.list(),
            FileCommand::Cancel(number) => self.cancel(number),
            FileCommand::Usage(usage) => self.screen.warn(usage.to_string()),
        }
    }

    /// Starts a transfer, now or when others have ended.
    pub fn add(&mut self, task: Task) {
        if self.waiting.len() >= MAX_WAITING {
            return self
                .screen
                .warn(format!("{MAX_WAITING} transfers are waiting already"));
        }
        self.last_number += 1;
        self.waiting.push_back((self.last_number, task));
        self.start_waiting();
    }

    /// Starts as many waiting transfers as may run.
    fn start_waiting(&mut self) {
        while self.running.len() < MAX_RUNNING
            && let Some((number, task)) = self.waiting.pop_front()
        {
            let (events, alive) = (&self.event_sender, &self.alive.0);
            match Transfer::start(number, &task, &self.config, events, alive) {
                Ok(transfer) => self.running.push(transfer),
                Err(why) => {
                    let error = TransferError::Failed(why);
                    self.report_end(&task, &Progress::default(), Err(error));
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

    /// Handles a worker's event. Returns a request for a ticket, which takes a connection.
    pub fn handle_event(&mut self, event: WorkerEvent) -> Option<TicketRequest> {
        match event {
            WorkerEvent::TicketNeeded(request) => return Some(request),
            WorkerEvent::Retrying(number, why) => self.on_retry(number, &why),
            WorkerEvent::Ended(number, result) => self.on_end(number, result),
        }
        None
    }

    /// Handles the end of a worker.
    fn on_end(&mut self, number: u32, result: TransferResult) {
        let found = self.running.iter().position(|it| it.number == number);
        if let Some(found) = found {
            let transfer = self.running.remove(found);
            self.report_end(&transfer.task, &transfer.progress, result);
        }
        self.start_waiting();
    }

    /// Reports a worker's new attempt.
    fn on_retry(&self, number: u32, why: &str) {
        if let Some(transfer) = self.running.iter().find(|it| it.number == number) {
            let title = title(&transfer.task, &transfer.progress);
            self.screen.warn(sanitized(&format!("{title}: {why}")));
        }
    }

    fn report_end(&mut self, task: &Task, progress: &Progress, result: TransferResult) {
        match result {
            Ok(done) => self.screen.info(sanitized(&success(task, progress, &done))),
            Err(error) => {
                let mut line = format!("{}: {}", title(task, progress), error.reason());
                if matches!(error, TransferError::Broken(_)) {
                    line += &format!(". To try again, type {}", retry_command(task));
                }
                self.screen.warn(sanitized(&line));
                self.last_error = Some(error);
            }
        }
    }

    /// Updates the rates, and shows the progress of all transfers.
    pub fn show_progress(&mut self) {
        let now = Instant::now();
        for transfer in &mut self.running {
            let done = transfer.progress.done();
            transfer.rate = transfer.rate_estimator.update(now, done);
            let status = transfer.status();
            let tenths = status.percent() / 10;
            // The last tenth is reported as success or failure.
            if tenths > transfer.shown_tenths && tenths < 10 {
                transfer.shown_tenths = tenths;
                let line = sanitized(&status.line());
                self.screen.show(ScreenUpdate::ProgressLine(line));
            }
        }
        // The next bar says more than this one.
        if self.screen.has_room() {
            let bars = self.total().map_or(Vec::new(), |total| total.bars());
            self.screen.show(ScreenUpdate::Progress(bars));
        }
    }

    /// Returns the status of all running transfers together.
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
            self.screen.info(sanitized(&line));
        }
        for (number, task) in &self.waiting {
            let title = title(task, &Progress::default());
            self.screen
                .info(sanitized(&format!("{number} {title} waits")));
        }
        if self.is_idle() {
            self.screen.info("no transfers".to_string());
        }
    }

    fn cancel(&mut self, number: u32) {
        if let Some(transfer) = self.running.iter_mut().find(|it| it.number == number) {
            // Its worker sends the end by itself.
            transfer.cancel_token = None;
        } else if let Some(at) = self.waiting.iter().position(|it| it.0 == number) {
            if let Some((_, task)) = self.waiting.remove(at) {
                let result = Err(TransferError::Cancelled);
                self.report_end(&task, &Progress::default(), result);
            }
        } else {
            let why = format!("no such transfer, {number}; /transfers lists them");
            self.screen.warn(why);
        }
    }

    /// Cancels all transfers, and gives them time to delete partial files. An unfinished
    /// transfer counts as a failure.
    pub fn close(&mut self) {
        let mut unfinished = self.waiting.len() + self.running.len();
        self.waiting.clear();
        self.running.clear();
        self.alive.0 = bounded(0).0;
        select! {
            recv(self.alive.1) -> _ => {}
            recv(self.interrupted) -> _ => {
                let _ = self.alive.1.recv_timeout(INTERRUPTED_CLEANUP_TIMEOUT);
            }
            default(CLEANUP_TIMEOUT) => {}
        }
        // Some transfers may have succeeded in the meantime.
        let events: Vec<WorkerEvent> = self.events.try_iter().collect();
        unfinished -= events
            .iter()
            .filter(|it| matches!(it, WorkerEvent::Ended(_, Ok(_))))
            .count();
        if unfinished > 0 {
            self.last_error
                .get_or_insert(TransferError::Failed("not finished".to_string()));
            self.screen
                .warn(format!("transfers not finished: {unfinished}"));
        }
    }

    /// Returns the exit for the last failure, for a client that was started for one
    /// transfer.
    pub fn exit(&self) -> Option<Exit> {
        Some(Exit::Unexplained(match self.last_error.as_ref()? {
            TransferError::Refused(_) => REMOVED,
            TransferError::Broken(_) => LOST,
            TransferError::Failed(_) | TransferError::Cancelled => FAILURE,
        }))
    }
}

/// Removes terminal commands, because paths and the server's words may contain them.
fn sanitized(line: &str) -> String {
    text::sanitize(line).into_owned()
}
