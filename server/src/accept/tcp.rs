//! Turns what waits at a listener into connections.
//!
//! It accepts and hands over. It never reads, writes or resolves anything, so
//! nothing that a peer does or leaves undone can hold it up.

use std::net::TcpListener;
use std::sync::Arc;

use super::backoff::Backoff;
use super::spawn::SessionSpawner;
use crate::record::log::Log;
use crate::shutdown::Shutdown;

/// Accepts connections until the server ends.
pub struct TcpAcceptor {
    /// Where they go in.
    pub spawner: Arc<SessionSpawner>,
    /// Ends this thread.
    pub shutdown: Shutdown,
    /// Tells of failing accepts.
    pub log: Log,
}

impl TcpAcceptor {
    /// The thread's life: until the stop signal is raised, and then the next
    /// connection.
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
                    // An error here is a peer that is gone again already, or one
                    // that was told that there is no thread left for it.
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
