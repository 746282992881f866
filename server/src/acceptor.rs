//! Turns what waits at a listener into connections.
//!
//! It accepts and hands over. It never reads, writes or resolves anything, so
//! nothing that a peer does or leaves undone can hold it up.

use std::net::TcpListener;
use std::sync::Arc;

use crate::entrance::Entrance;
use crate::log::Log;
use crate::setback::Setback;
use crate::stop::Stop;

/// Accepts connections until the server ends.
pub struct Acceptor {
    /// Where they go in.
    pub entrance: Arc<Entrance>,
    /// Ends this thread.
    pub stop: Stop,
    /// Tells of failing accepts.
    pub log: Log,
}

impl Acceptor {
    /// The thread's life: until the stop signal is raised, and then the next
    /// connection.
    pub fn run(self, listener: &TcpListener) {
        let mut setback = Setback::default();
        loop {
            let accepted = listener.accept();
            if self.stop.is_raised() {
                return;
            }
            match accepted {
                Ok((stream, address)) => {
                    setback.is_over();
                    // An error here is a peer that is gone again already, or one
                    // that was told that there is no thread left for it.
                    let _ = self.entrance.take_in(stream, address);
                }
                Err(error) => {
                    let what = format!("cannot accept: {error}");
                    setback.suffer(&what, &self.log, &self.stop);
                }
            }
        }
    }
}
