//! The protocol of the chat room: what a line may hold and what it means.
//!
//! Everything here is a value. This crate knows no socket, thread, clock or
//! screen, so each rule can be read, and tested, on its own. The modules stand
//! in the order in which a client's bytes pass them:
//!
//! ```text
//! bytes -> LINE -> clean text -> REQUEST -> (the server) -> EVENT -> bytes
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod address;
pub mod command;
pub mod event;
pub mod line;
pub mod name;
pub mod notice;
pub mod request;
pub mod text;
pub mod token;
pub mod transfer;
pub mod udp;

use std::time::Duration;

pub use address::Address;
pub use command::Command;
pub use event::Event;
pub use line::{LineSplitter, NextLine};
pub use name::{Name, NameError};
pub use request::Request;
pub use token::Token;
pub use udp::cookie::Cookie;

/// The line that ends a conversation, in both directions.
pub const QUIT: &str = "q:quit";

/// The port the room is at when nobody says otherwise.
pub const DEFAULT_PORT: u16 = 4000;

/// The longest line a client may send, in bytes, its newline included.
///
/// As much as the line editor of a Linux terminal holds, so that whatever a person
/// can type in one line can be sent in one line.
pub const MAX_LINE: usize = 4096;

/// The longest line the server may send, in bytes, its newline included.
///
/// A message goes out with its sender's name before it, so it may be longer
/// than what was sent; twice as long leaves room for every prefix there is.
pub const MAX_EVENT: usize = 2 * MAX_LINE;

/// The most bytes in one datagram, newline and numbers included. So much passes
/// every path of IPv6 in one piece, with a tunnel's headers (RFC 9000, 14.1).
pub const MAX_DATAGRAM: usize = 1200;

/// How often a client that keeps a heartbeat sends one.
pub const HEARTBEAT: Duration = Duration::from_secs(30);

/// A blank line by which a program promises that it keeps a heartbeat, and that
/// it answers an empty line with one. A person's keys do not make it by chance.
///
/// To a server that does not know it, it is a heartbeat like any other.
pub const HEARTBEAT_OPT_IN: &str = " \t ";

/// The room in which everybody starts.
pub const LOBBY: &str = "lobby";

/// How many heartbeats in a row may be missing before either side takes the
/// other for gone: a hiccup of a Wi-Fi costs one or two.
pub const MAX_MISSED_HEARTBEATS: u32 = 3;
