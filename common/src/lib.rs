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

pub mod event;
pub mod line;
pub mod name;
pub mod notice;
pub mod request;
pub mod text;

pub use event::Event;
pub use line::{LineSplitter, Next};
pub use name::{Name, NameError};
pub use request::Request;

/// The line that ends a conversation, in both directions.
pub const QUIT: &str = "q:quit";

/// The port the room is at when nobody says otherwise.
pub const DEFAULT_PORT: u16 = 4000;

/// The longest line a client may send, in bytes, its newline included.
///
/// The same figure as a Unix terminal's line editor holds, so that whatever a
/// person can type in one line can be sent in one line.
pub const MAX_LINE: usize = 4096;

/// The longest line the server may send, in bytes, its newline included.
///
/// A message comes back with its sender's name before it, so it may be longer
/// than what was sent; twice as long leaves room for every prefix there is.
pub const MAX_EVENT: usize = 2 * MAX_LINE;
