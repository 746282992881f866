//! A running transfer: its thread, and what the manager knows of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::cancel::{self, CancelToken};
use super::context::TransferContext;
use super::event::WorkerEvent;
use super::messages::title;
use super::progress::{Progress, RateEstimator, Status};
use super::task::{Task, TransferConfig};
use super::worker;
use crate::connection::describe;

/// A running transfer.
pub(super) struct Transfer {
    pub number: u32,
    pub task: Task,
    pub progress: Arc<Progress>,
    /// `None` after a cancellation; then the worker sends the end by itself.
    pub cancel_token: Option<CancelToken>,
    pub rate_estimator: RateEstimator,
    /// In bytes per second, at the last update.
    pub rate: u64,
    /// The tenths that were shown already.
    pub shown_tenths: u64,
}

impl Transfer {
    /// Starts a transfer. Its thread holds `alive` until it ends.
    pub fn start(
        number: u32,
        task: &Task,
        config: &TransferConfig,
        events: &Sender<WorkerEvent>,
        alive: &Sender<Infallible>,
    ) -> Result<Transfer, String> {
        let (cancel_token, cancellation) = cancel::new();
        let progress = Arc::new(Progress::default());
        let context = TransferContext {
            number,
            server: config.server.ok_or("this server cannot share files")?,
            downloads: config.downloads.clone(),
            events: events.clone(),
            cancellation,
            progress: Arc::clone(&progress),
        };
        let (alive, worker_task) = (alive.clone(), task.clone());
        thread::Builder::new()
            .name(format!("transfer {number}"))
            .spawn(move || {
                let _alive = alive;
                worker::run(&context, &worker_task);
            })
            .map_err(|error| format!("cannot start a thread: {}", describe(&error)))?;
        Ok(Transfer {
            number,
            task: task.clone(),
            progress,
            cancel_token: Some(cancel_token),
            rate_estimator: RateEstimator::new(Instant::now()),
            rate: 0,
            shown_tenths: 0,
        })
    }

    /// Returns the current status.
    pub fn status(&self) -> Status {
        Status {
            what: title(&self.task, &self.progress),
            done: self.progress.done(),
            size: self.progress.file.get().map(|(_, size)| *size),
            rate: self.rate,
        }
    }
}
