//! TCP acceptor: accepts connections and hands them over.
//!
//! It never reads, writes or resolves anything, so no peer can hold it up.
//!
//! Thread: `acceptor`, one for each listener.

use std::net::TcpListener;

use crossbeam_channel::Sender;

use super::backoff::Backoff;
use super::queue::Accepted;
use crate::record::log::Log;
use crate::shutdown::Shutdown;

/// The thread that accepts connections until the server stops.
pub struct TcpAcceptor {
    /// Receives them.
    pub accepted: Sender<Accepted>,
    /// Ends this thread, at the next connection.
    pub shutdown: Shutdown,
    /// Reports failing accepts.
    pub log: Log,
}

impl TcpAcceptor {
    /// Runs until the shutdown is triggered and the next connection comes.
    pub fn run(self, listener: &TcpListener) {
        let mut backoff = Backoff::default();
        loop {
            let accepted = listener.accept();
            if self.shutdown.is_triggered() {
                return;
            }
            match accepted {
                Ok(accepted) => {
                    backoff.reset();
                    // The thread behind the queue ends after this one.
                    let _ = self.accepted.send(accepted);
                }
                Err(error) => {
                    let what = format!("cannot accept: {error}");
                    backoff.wait(&what, &self.log, &self.shutdown);
                }
            }
        }
    }
}
