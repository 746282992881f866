//! TCP acceptor: accepts connections and hands them over.
//!
//! It never reads, writes or resolves anything, so no peer can hold it up.
//!
//! Thread: `acceptor`, a few for each listener.

use std::net::TcpListener;

use crossbeam_channel::Sender;

use super::backoff::Backoff;
use super::starter::Accepted;
use crate::record::log::Log;
use crate::shutdown::Shutdown;

/// The threads that accept at one listener. Beside thousands of sessions that start, one
/// thread runs too seldom to keep the kernel's short queue empty. Of 9,900 connections at
/// one moment the last was in after 4.4 s with one thread and 2.2 s with four (medians).
pub const ACCEPTORS: usize = 4;

/// The thread that accepts connections until the server stops.
pub struct TcpAcceptor {
    /// Receives them.
    pub accepted: Sender<Accepted>,
    /// The pauses between failing accepts.
    pub backoff: Backoff,
    /// Ends this thread, at the next connection.
    pub shutdown: Shutdown,
    /// Reports failing accepts.
    pub log: Log,
}

impl TcpAcceptor {
    /// Runs until the shutdown is triggered and the next connection comes.
    pub fn run(mut self, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.shutdown.is_triggered() {
                return;
            }
            match accepted {
                Ok(accepted) => {
                    self.backoff.reset();
                    // The thread behind the queue ends after this one.
                    let _ = self.accepted.send(accepted);
                }
                Err(error) => {
                    let what = format!("cannot accept: {error}");
                    self.backoff.wait(&what, &self.log, &self.shutdown);
                }
            }
        }
    }
}
