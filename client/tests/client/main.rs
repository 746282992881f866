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
mod datagrams;
mod doors;
mod ending;
mod files;
mod files_real;
mod heartbeat;
mod hostile;
mod manual;
mod naming;
mod output;
mod real;
mod support;
mod talking;
mod terminal;
mod unframed;
mod usage;
