//! Turns what waits at a listener into connections.
//!
//! It accepts and hands over. It never reads, writes or resolves anything, so
//! nothing that a peer does or leaves undone can hold it up.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::entrance::Entrance;
use crate::log::Log;
use crate::stop::Stop;

/// The first pause after a failed `accept`. Without one, a server that is out
/// of open files would try, and fail, three million times a second (measured).
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: so soon after files are free again, people get in.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often the log tells of failing accepts.
const REPEAT_FAULT: Duration = Duration::from_secs(10);

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
        let mut pause = SHORTEST_PAUSE;
        let mut reported: Option<Instant> = None;
        loop {
            let accepted = listener.accept();
            if self.stop.is_raised() {
                return;
            }
            match accepted {
                Ok((stream, address)) => {
                    pause = SHORTEST_PAUSE;
                    // An error here is a peer that is gone again already.
                    let _ = self.entrance.take_in(stream, address);
                }
                Err(error) => {
                    if reported.is_none_or(|at| at.elapsed() >= REPEAT_FAULT) {
                        reported = Some(Instant::now());
                        self.log.line(format!("[SERVER] cannot accept: {error}."));
                    }
                    self.stop.sleep(pause);
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }
}
