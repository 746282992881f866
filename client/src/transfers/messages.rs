//! Messages: from a transfer to the words on the screen.

use common::transfer::{Direction, format_size};

use super::event::Done;
use super::progress::{Progress, format_time};
use super::task::{Destination, Task};

/// Returns the title of a transfer in all lines about it: `get notes.pdf`.
pub(super) fn title(task: &Task, progress: &Progress) -> String {
    let verb = match direction(task) {
        Direction::Put => "send",
        Direction::Get => "get",
    };
    match (task, progress.file.get()) {
        (_, Some((name, _))) => format!("{verb} {name}"),
        (Task::Send(path), None) => format!("{verb} {}", path.display()),
        (Task::Get(id, _), None) => format!("{verb} {id}"),
    }
}

/// Returns the command that starts the transfer again.
pub(super) fn retry_command(task: &Task) -> String {
    match task {
        Task::Send(path) => format!("/send {}", path.display()),
        Task::Get(id, Destination::Path(to)) => format!("/get {id} {}", to.display()),
        Task::Get(id, _) => format!("/get {id}"),
    }
}

/// Returns the line about a successful transfer: name, size, time and path.
pub(super) fn success(task: &Task, progress: &Progress, done: &Done) -> String {
    let (name, bytes) = progress.file.get().cloned().unwrap_or_default();
    let verb = match direction(task) {
        Direction::Put => "sent",
        Direction::Get => "got",
    };
    let took = match done.took.as_secs() {
        0..10 => format!("{:.1} s", done.took.as_secs_f32()),
        seconds => format_time(seconds),
    };
    let path = done
        .path
        .as_ref()
        .map(|path| format!(": {}", path.display()));
    format!(
        "{verb} {name}, {}, in {took}{}",
        format_size(bytes),
        path.unwrap_or_default()
    )
}

fn direction(task: &Task) -> Direction {
    match task {
        Task::Send(_) => Direction::Put,
        Task::Get(..) => Direction::Get,
    }
}
