//! Server: a chat room with one thread for each client and one broadcaster.
//!
//! The modules stand in the order of a connection, then of a message. The
//! README beside this folder has the drawing.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod limits;
mod random;
mod rate_limit;
mod recent;
mod report;
pub mod shutdown;
mod sync;

pub mod startup;

mod server;

pub mod accept;

mod connection;

mod session;

mod resume;

mod moderation;

mod registry;

mod broadcaster;

mod room;

pub mod record;

pub mod files;

pub mod console;

pub use record::log::LogScope;
pub use server::config::ServerConfig;
pub use server::run;
