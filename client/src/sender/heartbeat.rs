//! Heartbeats: empty lines that prove to the server, and by its answers to us, that the
//! other end is alive.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{HEARTBEAT, HEARTBEAT_OPT_IN};

use super::state::{Sender, SenderEnd};

/// The shortest time between two answers to the server's probes. The server waits two
/// seconds for an answer.
const PROBE_ANSWER_INTERVAL: Duration = Duration::from_millis(200);

impl<W: Write> Sender<W> {
    /// Sends the first heartbeat. It also promises regular heartbeats and answers to
    /// probes. So the server can free our name at once if the connection is lost.
    pub(super) fn send_first_heartbeat(&mut self) -> Result<(), SenderEnd> {
        if self.config.heartbeat > HEARTBEAT {
            return self.send_heartbeat(); // the promise would be false
        }
        self.write_line(HEARTBEAT_OPT_IN)?;
        self.window.record_heartbeat();
        Ok(())
    }

    /// Answers the server's probe. A server that probes all the time, to make us send
    /// forever, receives an answer only now and then.
    pub(super) fn answer_probe(&mut self) -> Result<(), SenderEnd> {
        let recent = |last: Instant| last.elapsed() < PROBE_ANSWER_INTERVAL;
        if self.last_probe_answer.is_some_and(recent) {
            return Ok(());
        }
        self.last_probe_answer = Some(Instant::now());
        self.send_heartbeat()
    }

    /// Sends a heartbeat.
    pub(super) fn send_heartbeat(&mut self) -> Result<(), SenderEnd> {
        self.write_line("")?;
        self.window.record_heartbeat();
        Ok(())
    }
}
