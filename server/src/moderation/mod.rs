//! Moderation: the operator's decisions. `rules` keeps bans and mutes; `reaper` ends the
//! connection that a kick or a ban closes.
//!
//! Writes: nothing to a socket; the caller of the reaper posts the last lines.
//! Locks: the lists of bans and mutes.
//! Blocks: the reaper's own thread, and its caller on the broadcaster's full queue.

pub mod reaper;
pub mod rules;
