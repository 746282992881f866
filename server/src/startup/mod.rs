//! Startup: the command line, the limits of the machine, and the first lines.
//!
//! Writes: nothing to a socket.
//! Locks: only the state of the terminal, in `hangup`.
//! Blocks: no; `hangup` has a thread of its own that sleeps.

pub mod banner;
pub mod capacity;
pub mod hangup;
pub mod options;
