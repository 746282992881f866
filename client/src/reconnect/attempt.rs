//! One attempt to join again, in a thread of its own.
//!
//! Thread: `reconnect`. A connection attempt blocks for seconds, and meanwhile the user
//! types, or leaves. Then the thread is left behind and ends with the process.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, bounded};

use crate::exit::Exit;
use crate::handshake::{Joined, Rejoin};

/// Starts an attempt. The channel carries its result, or closes if the thread fails.
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start(rejoin: Rejoin) -> io::Result<Receiver<Result<Joined, Exit>>> {
    let (sender, result) = bounded(1);
    thread::Builder::new()
        .name("reconnect".to_string())
        .spawn(move || {
            // The user may have left.
            let _ = sender.send(rejoin.run());
        })?;
    Ok(result)
}
