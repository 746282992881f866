//! The worker: from a task to its result, in a thread of its own.

use std::time::Instant;

use super::context::TransferContext;
use super::error::TransferError;
use super::event::{Done, WorkerEvent};
use super::task::Task;
use super::{download, upload};

/// Does `task`, and sends the result to the manager.
pub fn run(context: &TransferContext, task: &Task) {
    let start = Instant::now();
    let done = match task {
        Task::Send(path) => upload::run(context, path).map(|()| None),
        Task::Get(id, to) => download::run(context, *id, to),
    };
    let result = match done {
        Err(_) if context.cancellation.is_cancelled() => Err(TransferError::Cancelled),
        Ok(path) => Ok(Done {
            path,
            took: start.elapsed(),
        }),
        Err(error) => Err(error),
    };
    let _ = context
        .events
        .send(WorkerEvent::Ended(context.number, result));
}
