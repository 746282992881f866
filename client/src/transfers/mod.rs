//! File transfers: from typed commands to files, here and at the server.
//!
//! A transfer has a connection and a thread of its own, so that the chat goes on. It
//! needs only a ticket from the chat, which the sender requests for it:
//!
//! ```text
//! input -> COMMAND -> MANAGER -> WORKER -> upload, download -> OPEN -> its connection
//!                      ^  |       |                |
//!               ticket |  |       | event          +-> TARGET -> PARTIAL FILE -> disk
//!                      |  v       v
//!                  TICKET QUEUE (the sender) -> /put, /get -> the chat's connection
//! ```
//!
//! The manager belongs to the sender. The workers send it events through one channel,
//! and store their progress in a counter.
//!
//! Thread: one `transfer N` for each running transfer.
//!
//! Writes: each worker to its own connection, never to the chat's.
//! Locks: the socket that a cancellation shuts down.
//! Blocks: the workers, in their sockets, in files and for tickets.

mod cancel;
pub mod command;
mod context;
mod download;
mod error;
pub mod event;
mod manager;
mod messages;
mod open;
mod partial_file;
mod path;
mod progress;
mod target;
mod task;
pub mod ticket_queue;
mod transfer;
mod upload;
mod worker;

pub use manager::TransferManager;
pub use task::{Destination, Task, TransferConfig};
