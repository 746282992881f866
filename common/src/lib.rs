//! Common: the protocol of the chat room, shared by the server and the client.
//!
//! Everything here is a value. This crate uses no socket, thread, clock or screen,
//! so each rule can be read, and tested, on its own. A client's bytes pass these
//! steps:
//!
//! ```text
//! bytes -> line -> sanitized text -> request -> (the server) -> event -> bytes
//! ```
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: only in [`LineSplitter::fill`], if the reader that it is given blocks.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod address;
pub mod capability;
pub mod command;
pub mod event;
pub mod line;
pub mod name;
pub mod notice;
pub mod numbering;
pub mod options;
pub mod request;
pub mod resume;
pub mod tags;
pub mod text;
pub mod timestamp;
pub mod token;
pub mod transfer;
pub mod udp;

use std::time::Duration;

pub use address::Address;
pub use capability::{CapReply, Capabilities, Capability};
pub use command::Command;
pub use event::Event;
pub use line::{LineSplitter, NextLine};
pub use name::{Name, NameError};
pub use request::Request;
pub use resume::ResumeRequest;
pub use tags::{LineId, Tags};
pub use timestamp::Timestamp;
pub use token::Token;
pub use udp::cookie::Cookie;

/// The line that ends a connection, in both directions.
pub const QUIT: &str = "q:quit";

/// The default port.
pub const DEFAULT_PORT: u16 = 4000;

/// The maximum length of a line from a client, in bytes, newline included.
///
/// The line editor of a Linux terminal has the same limit, so every line that a
/// person can type can be sent.
pub const MAX_LINE: usize = 4096;

/// The maximum length of a line from the server, in bytes, newline included.
///
/// The server puts a prefix before a message, such as the sender's name. Twice
/// [`MAX_LINE`] leaves space for every prefix.
pub const MAX_EVENT: usize = 2 * MAX_LINE;

/// The maximum length of a datagram, in bytes, newline and numbers included. It
/// fits every IPv6 path, with a tunnel's headers (RFC 9000, 14.1).
pub const MAX_DATAGRAM: usize = 1200;

/// The interval of the blank lines that a client with a heartbeat sends.
pub const HEARTBEAT: Duration = Duration::from_secs(30);

/// A blank line by which a program declares that it sends heartbeats, and that it
/// answers an empty line with one. A person does not type it by chance.
///
/// A server that does not know it takes it for an ordinary heartbeat.
pub const HEARTBEAT_OPT_IN: &str = " \t ";

/// The name of the room in which every member starts.
pub const LOBBY: &str = "lobby";

/// The number of consecutive missing heartbeats after which a peer counts as gone.
/// A short interruption of a Wi-Fi network costs one or two.
pub const MAX_MISSED_HEARTBEATS: u32 = 3;
