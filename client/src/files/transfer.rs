//! Turns a task into a transfer that is under way, with a thread of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::brake::{self, Brake};
use super::progress::{Meter, Speed, Status};
use super::told::what;
use super::worker::{Event, Link};
use super::{Place, Task};
use crate::connection::words;

/// A transfer that has begun, as the desk knows it.
pub(super) struct Transfer {
    pub number: u32,
    pub task: Task,
    pub meter: Arc<Meter>,
    /// None when it was pulled; then the transfer tells by itself that it has ended.
    pub brake: Option<Brake>,
    pub speed: Speed,
    /// In bytes per second, when somebody looked last.
    pub rate: u64,
    /// How many tenths have been told.
    pub tenths: u64,
}

impl Transfer {
    /// Begins one. Its thread holds `alive` until it ends.
    pub fn begin(
        number: u32,
        task: &Task,
        place: &Place,
        desk: &Sender<Event>,
        alive: &Sender<Infallible>,
    ) -> Result<Transfer, String> {
        let (brake, braked) = brake::new();
        let meter = Arc::new(Meter::default());
        let link = Link {
            number,
            server: place.server.ok_or("there is no server for files here")?,
            downloads: place.downloads.clone(),
            desk: desk.clone(),
            braked,
            meter: Arc::clone(&meter),
        };
        let (alive, theirs) = (alive.clone(), task.clone());
        thread::Builder::new()
            .name(format!("transfer {number}"))
            .spawn(move || {
                let _alive = alive;
                link.run(&theirs);
            })
            .map_err(|error| format!("cannot start a thread: {}", words(&error)))?;
        Ok(Transfer {
            number,
            task: task.clone(),
            meter,
            brake: Some(brake),
            speed: Speed::from(Instant::now()),
            rate: 0,
            tenths: 0,
        })
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        Status {
            what: what(&self.task, &self.meter),
            done: self.meter.done(),
            size: self.meter.file.get().map(|(_, size)| *size),
            rate: self.rate,
        }
    }
}
