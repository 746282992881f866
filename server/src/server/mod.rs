//! Server: starts every thread, waits for the shutdown signal, and stops them in order.
//!
//! Writes: nothing to a socket.
//! Locks: nothing.
//! Blocks: the caller of [`run`], until the server has stopped.

pub mod config;
mod start;
mod stop;

use std::io;

use crate::accept::listeners::Listeners;
use crate::shutdown::{Shutdown, ShutdownHandle};
use config::ServerConfig;
use start::Server;

/// Serves the room at `listeners` until the stop signal is raised, then says
/// goodbye to everybody, which takes at most [`STOPPING`](crate::limits::STOPPING) and a second
/// for the log. `stopper` is for the console's own `/stop`.
///
/// # Errors
///
/// When a listener is broken, or the machine has no thread left to start with.
pub fn run(
    listeners: impl Into<Listeners>,
    config: ServerConfig,
    handle: ShutdownHandle,
    shutdown: Shutdown,
) -> io::Result<()> {
    let server = Server::start(listeners.into(), config, handle, &shutdown)?;
    shutdown.wait();
    server.stop();
    Ok(())
}
