//! A chat room: one thread for each client, one broadcaster, no unsafe code.
//!
//! The modules stand in the order in which a message passes them. The README
//! beside them has the drawing.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

// What the server is started with:
pub mod options;
// how much it may hold,
pub mod capacity;
pub mod limits;
// from where its operator speaks,
pub mod keyboard;
// what it says first, and what ends it.
pub mod greeting;
pub mod hangup;
pub mod stop;

// It listens at its addresses,
pub mod listeners;
// starts its threads,
mod server;
// accepts connections
mod acceptor;
// however often that fails,
mod setback;
// and peers that have no connection,
mod udp;
// for some of whom lines are too long,
mod fold;
// and takes them in
mod entrance;
// if there is room for them;
mod door;
// each is one socket in three parts,
mod link;
// and one thread that listens,
mod session;
// until it leaves, or is shown out.
mod usher;
// Who is here has a name,
mod registry;
// and keeps to the operator's rules;
mod rules;
// what files they share,
pub mod files;
// what they say is posted,
mod post;
// taken by the one who speaks,
mod broadcaster;
// to one room of many,
mod room;
// which keeps it for those who come later,
mod history;
// and written to all at once.
mod batch;

// Beside the way of a message: the operator's keyboard,
pub mod console;
// what is noted,
mod tap;
// what is logged,
mod log;
// and kept in a file,
pub mod transcript;
// with which time,
mod time;
// what nobody can guess,
mod secret;
// why a connection ends,
mod reason;
// and mistakes on purpose.
mod fault;

pub use log::LogScope as LogScope;
pub use server::{ServerConfig, run};
