//! Turns a task into a transfer that is under way, with a thread of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::cancel::{self, CancelToken};
use super::messages::title;
use super::progress::{Progress, RateEstimator, Status};
use super::worker::{TransferContext, WorkerEvent};
use super::{Task, TransferConfig};
use crate::connection::describe;

/// A transfer that has begun, as the desk knows it.
pub(super) struct Transfer {
    pub number: u32,
    pub task: Task,
    pub progress: Arc<Progress>,
    /// None when it was pulled; then the transfer tells by itself that it has ended.
    pub cancel_token: Option<CancelToken>,
    pub rate_estimator: RateEstimator,
    /// In bytes per second, when somebody looked last.
    pub rate: u64,
    /// How many tenths have been told.
    pub shown_tenths: u64,
}

impl Transfer {
    /// Begins one. Its thread holds `alive` until it ends.
    pub fn start(
        number: u32,
        task: &Task,
        place: &TransferConfig,
        desk: &Sender<WorkerEvent>,
        alive: &Sender<Infallible>,
    ) -> Result<Transfer, String> {
        let (brake, braked) = cancel::new();
        let meter = Arc::new(Progress::default());
        let link = TransferContext {
            number,
            server: place.server.ok_or("there is no server for files here")?,
            downloads: place.downloads.clone(),
            events: desk.clone(),
            cancellation: braked,
            progress: Arc::clone(&meter),
        };
        let (alive, theirs) = (alive.clone(), task.clone());
        thread::Builder::new()
            .name(format!("transfer {number}"))
            .spawn(move || {
                let _alive = alive;
                link.run(&theirs);
            })
            .map_err(|error| format!("cannot start a thread: {}", describe(&error)))?;
        Ok(Transfer {
            number,
            task: task.clone(),
            progress: meter,
            cancel_token: Some(brake),
            rate_estimator: RateEstimator::new(Instant::now()),
            rate: 0,
            shown_tenths: 0,
        })
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        Status {
            what: title(&self.task, &self.progress),
            done: self.progress.done(),
            size: self.progress.file.get().map(|(_, size)| *size),
            rate: self.rate,
        }
    }
}
