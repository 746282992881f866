//! Input: from standard input to what the user asks for.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: the stdin thread, in reads from standard input.

pub mod action;
pub mod stdin;
