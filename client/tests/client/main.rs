//! Tests of the program against fake servers, and against the real one.
//!
//! There is a module for each behaviour; `support` has the fake servers. Every wait has
//! a deadline, and a failure shows the lines until then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod capabilities;
mod connecting;
mod cuts;
mod entry_points;
mod exit;
mod files;
mod files_real_server;
mod heartbeat;
mod hostile;
mod interrupt;
mod lines;
mod manual;
mod naming;
mod output;
mod real_server;
mod reconnecting;
mod support;
mod terminal;
mod times;
mod udp;
mod unframed;
mod usage;
