//! Input: from standard input to what the user asks for.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: the stdin thread, in reads from standard input; discarding, for at most 500 ms.

pub mod action;
pub mod discard;
pub mod stdin;
