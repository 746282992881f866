//! Moderation: the operator's decisions, and the end of a connection from outside.
//!
//! Writes: nothing to a socket; the reaper posts the last lines.
//! Locks: the lists of bans and mutes.
//! Blocks: only the reaper's own thread.

pub mod reaper;
pub mod rules;
