//! Turns what is known of a transfer into the words that stand on the screen.

use common::text;
use common::transfer::{Direction, format_size};

use super::progress::{Progress, format_time, verb};
use super::worker::Done;
use super::{Destination, Task};

fn direction(task: &Task) -> Direction {
    match task {
        Task::Send(_) => Direction::Put,
        Task::Get(..) => Direction::Get,
    }
}

/// What a transfer is called in all lines about it: `get notes.pdf`.
pub(super) fn title(task: &Task, meter: &Progress) -> String {
    let verb = verb(direction(task));
    match (task, meter.file.get()) {
        (_, Some((name, _))) => format!("{verb} {name}"),
        (Task::Send(path), None) => format!("{verb} {}", path.display()),
        (Task::Get(id, _), None) => format!("{verb} {id}"),
    }
}

/// How one asks for it again.
pub(super) fn retry_command(task: &Task) -> String {
    match task {
        Task::Send(path) => format!("/send {}", path.display()),
        Task::Get(id, Destination::Path(to)) => format!("/get {id} {}", to.display()),
        Task::Get(id, _) => format!("/get {id}"),
    }
}

/// What, how large, where, and how long it took.
pub(super) fn success(task: &Task, meter: &Progress, done: &Done) -> String {
    let (name, bytes) = meter.file.get().cloned().unwrap_or_default();
    let has = match direction(task) {
        Direction::Put => "sent",
        Direction::Get => "got",
    };
    let took = match done.took.as_secs() {
        0..10 => format!("{:.1} s", done.took.as_secs_f32()),
        seconds => format_time(seconds),
    };
    let place = done
        .path
        .as_ref()
        .map(|path| format!(": {}", path.display()));
    format!(
        "{has} {name}, {}, in {took}{}",
        format_size(bytes),
        place.unwrap_or_default()
    )
}

/// A path holds what the system lets it hold.
pub(super) fn clean(line: &str) -> String {
    text::sanitize(line).into_owned()
}
