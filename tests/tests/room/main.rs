//! Room: end-to-end tests with real sockets and threads. The server runs in the test's
//! own process, at a port of its own for each test.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs
)]

mod files;
mod test_server;

mod capabilities;
mod commands;
mod conversation;
mod cuts;
mod golden;
mod netcat;
mod numbering;
mod order;
mod presence;
mod resume;
mod tags;
mod unframed;
