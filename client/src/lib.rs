//! The chat client: four threads around one socket.
//!
//! ```text
//!  stdin -> KEYBOARD -> typed -> SENDER -> socket
//! socket -> RECEIVER -> SCREEN -> stdout
//! ```
//!
//! Files have a thread and a socket each, see `files`.
//!
//! The modules stand in reading order: first what a start needs, then the way
//! of a line that comes, then of one that goes, and at last how all is wired
//! together.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

// Words of the command line -> what the person wants.
pub mod options;

// Address -> the two halves of a connection, whatever lies below.
pub mod connection;

// Connection -> membership under a name.
pub mod handshake;

// The server's bytes -> clean lines.
pub mod incoming;

// Clean lines -> screen, and how it ended.
pub mod receiver;

// What there is to show -> writes to the terminal.
pub mod screen;

// Stdin -> typed lines.
pub mod keyboard;

// A typed line -> what it asks for.
pub mod typed;

// What was sent and answered -> may one more go?
pub mod pace;

// What one types about files -> files, there and here.
pub mod files;

// Typed lines -> socket.
pub mod sender;

// Ctrl-C -> the wish to leave.
pub mod signals;

// Why it ended -> exit code and sentence.
pub mod ending;

// Options -> a whole conversation.
pub mod session;
