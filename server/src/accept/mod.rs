//! Accept: listening sockets in, session threads out.
//!
//! Writes: short replies to UDP addresses that have not proved themselves.
//! Locks: nothing of its own.
//! Blocks: the acceptors on `accept` and on the full queue of their streams, the UDP receivers on `recv_from`; never on
//! one peer.

mod backoff;
mod cookie;
pub mod listeners;
pub mod queue;
pub mod spawn;
pub mod tcp;
pub mod udp;
