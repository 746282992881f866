//! A chat room: one thread for each client, one broadcaster, no unsafe code.
//!
//! The modules stand in the order in which a message passes them. The README
//! beside them has the drawing.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

// What the server is started with.
mod capacity;
pub mod greeting;
pub mod hangup;
pub mod limits;
pub mod options;

// The way of a connection, and of a message.
mod acceptor;
mod batch;
mod broadcaster;
mod door;
mod link;
mod post;
mod registry;
mod session;

// Beside it.
mod console;
mod fault;
mod log;
mod reason;
mod server;
pub mod stop;
mod time;

pub use capacity::clients as capacity;
pub use log::What as LogWhat;
pub use server::{Setup, run};
