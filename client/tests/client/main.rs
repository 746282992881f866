//! The real program against servers that the tests play themselves.
//!
//! Every wait has a deadline, and a failure shows what was said until then. A
//! module per behaviour; `support` is the language they are written in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod connecting;
mod entry_points;
mod exit;
mod files;
mod files_real_server;
mod heartbeat;
mod hostile;
mod lines;
mod manual;
mod naming;
mod output;
mod real_server;
mod support;
mod terminal;
mod udp;
mod unframed;
mod usage;
