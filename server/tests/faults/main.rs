//! What the room must survive, row by row of a catalogue of faults. Each test
//! starts the real `chat-server`, has two bystanders talk all along, brings one
//! fault about, and then makes the same four assertions; see [`fixture`].

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs
)]

mod fixture;

// Faults of one connection.
mod connections;
mod datagrams;
mod entry_points;
mod files;
mod lines;
mod moderation;
mod names;
mod texts;
mod transcripts;

// Faults of many at once, of the machine, and of the operator's side.
mod load;
mod outputs;
mod resources;
mod stopping;
