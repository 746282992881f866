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

/// Serves the chat at `listeners` until the shutdown is triggered. Then it notifies
/// every member and returns, after at most
/// [`SHUTDOWN_TIMEOUT`](crate::limits::SHUTDOWN_TIMEOUT) and a second for the log.
/// `handle` is for the console's own `/stop`.
///
/// # Errors
///
/// When a listener is broken, or the machine has no thread left.
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
