//! TCP acceptor: accepts connections and hands them over.
//!
//! It never reads, writes or resolves anything, so no peer can hold it up.
//!
//! Thread: `acceptor`, one for each listener.

use std::net::TcpListener;
use std::sync::Arc;

use super::backoff::Backoff;
use super::spawn::SessionSpawner;
use crate::record::log::Log;
use crate::shutdown::Shutdown;

/// The thread that accepts connections until the server stops.
pub struct TcpAcceptor {
    /// Starts their sessions.
    pub spawner: Arc<SessionSpawner>,
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
                Ok((stream, address)) => {
                    backoff.reset();
                    // An error is a peer that is gone already, or one for which no
                    // thread was left.
                    let _ = self.spawner.spawn_tcp(stream, address);
                }
                Err(error) => {
                    let what = format!("cannot accept: {error}");
                    backoff.wait(&what, &self.log, &self.shutdown);
                }
            }
        }
    }
}
