//! Faults: a catalogue of faults that the room must survive. Each test starts the real
//! `chat-server`, lets two bystanders chat, causes one fault, and makes the same four
//! assertions; see [`fixture`]. The faults are numbered, and a test names its own.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs
)]

mod fixture;
mod sharing;

// Faults of one connection.
mod bans;
mod connections;
mod datagrams;
mod entry_points;
mod file_quotas;
mod files;
mod foreign_files;
mod forged_sources;
mod identity;
mod ignoring;
mod lines;
mod moderated_words;
mod moderation;
mod name_holders;
mod names;
mod rooms;
mod texts;
mod transcripts;

// Faults of many connections, of the machine, and of the operator's side.
mod load;
mod outputs;
mod resources;
mod soak;
mod stopped;
mod stopping;
