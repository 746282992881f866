//! Name resolution: from a host's name to its addresses, within a deadline.
//!
//! Thread: `resolver`, because the system's resolver has no time limit. A dead name
//! server keeps it busy for half a minute. Then the thread is left behind, and ends
//! by itself or with the process.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Instant;

use common::Address;

use super::error::describe;
use crate::background;

/// The reason why a name that was found leads nowhere.
pub(super) const NO_ADDRESS: &str = "the name has no address";

/// Returns the addresses of `address`.
///
/// # Errors
///
/// The reason why there is no address.
pub(super) fn resolve(address: &Address, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    let host = (address.host.clone(), address.port);
    let resolver = format!("resolver {address}");
    let found = background::run(&resolver, move || host.to_socket_addrs())
        .map_err(|error| describe(&error))?;
    match found.recv_deadline(deadline) {
        Ok(Ok(candidates)) => Ok(candidates.collect()),
        Ok(Err(error)) => Err(describe(&error)),
        Err(_) => Err("the name could not be looked up in time".to_string()),
    }
}
