//! Starter: takes accepted streams from a queue and starts their sessions, so that the
//! acceptors only accept.
//!
//! The kernel keeps at most 128 connections that are not accepted yet (std's backlog).
//! A thread takes longer to start than a connection to accept. Without this queue,
//! peers that come all at once would be dropped, and would try again after a second.
//!
//! Thread: `starter`.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::spawn::SessionSpawner;

/// A stream and the address that `accept` gave.
pub type Accepted = (TcpStream, SocketAddr);

/// Makes a queue in which at most `max_waiting` streams wait, each with an open file.
pub fn new(max_waiting: usize) -> (Sender<Accepted>, Receiver<Accepted>) {
    bounded(max_waiting)
}

/// Starts the thread that starts the sessions of accepted streams. It ends with the last
/// sender.
///
/// # Errors
///
/// When the machine has no thread left.
pub fn start(
    spawner: Arc<SessionSpawner>,
    queue: Receiver<Accepted>,
) -> io::Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name("starter".to_string());
    thread.spawn(move || {
        for (stream, address) in queue {
            // An error is a peer that is gone already, or one for which no thread was
            // left.
            let _ = spawner.spawn_tcp(stream, address);
        }
    })
}
