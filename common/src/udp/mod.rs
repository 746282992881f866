//! UDP: the lines that only datagrams need.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no.

pub mod cookie;
pub mod sequence;
pub mod uncounted;
