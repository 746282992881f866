//! The chat client: four threads around one connection.
//!
//! ```text
//!      stdin -> STDIN    -> input lines -> SENDER -> connection
//! connection -> RECEIVER -> lines       -> SCREEN -> stdout
//! ```
//!
//! Each file transfer has a thread and a connection of its own, see [`transfers`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod options;
pub mod session;
pub mod terminal;

pub mod connection;
pub mod handshake;

pub mod receiver;
pub mod screen;

pub mod conversation;
pub mod input;
pub mod reconnect;
pub mod sender;

pub mod transfers;

mod background;
mod lock;

pub mod exit;
pub mod quit;
pub mod signals;
