//! Moderation: the operator's decisions. `rules` keeps bans and mutes; `reaper` ends the
//! connection that a kick or a ban closes.
//!
//! Writes: nothing to a socket; the reaper posts the last lines.
//! Locks: the lists of bans and mutes.
//! Blocks: only the reaper's own thread.

pub mod reaper;
pub mod rules;
