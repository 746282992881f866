//! Turns the name of a host into its addresses, in time.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Instant;

use common::Address;
use crossbeam_channel::bounded;

use super::describe;

/// Looks the name up in a thread of its own: the system's resolver knows no
/// time limit, and a dead name server keeps it busy for half a minute. If so
/// the thread is left behind; it ends by itself, or with the process.
///
/// # Errors
///
/// Says why there is no address.
pub(super) fn resolve(address: &Address, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    let place = (address.host.clone(), address.port);
    let (sender, found) = bounded(1);
    let explain = |error: io::Error| describe(&error);
    thread::Builder::new()
        .name(format!("resolver {address}"))
        .spawn(move || sender.send(place.to_socket_addrs()))
        .map_err(explain)?;
    match found.recv_deadline(deadline) {
        Ok(Ok(candidates)) => Ok(candidates.collect()),
        Ok(Err(error)) => Err(explain(error)),
        Err(_) => Err("the name could not be looked up in time".to_string()),
    }
}

/// Why a name that was found leads nowhere.
pub(super) const NO_ADDRESS: &str = "the name has no address";
