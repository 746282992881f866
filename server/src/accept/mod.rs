//! Accept: listening sockets in, session threads out.
//!
//! Writes: short replies to UDP addresses that have not proved themselves.
//! Locks: nothing of its own.
//! Blocks: the acceptors on `accept` and their full queue, the UDP receivers on
//! `recv_from`, the starter on its queue; the last two on the broadcaster's full queue.

pub mod backoff;
mod cookie;
pub mod listeners;
pub mod spawn;
pub mod starter;
pub mod tcp;
pub mod udp;
