//! Heartbeats: empty lines that prove to the server, and by its answers to us, that the
//! other end is alive. Their answers also confirm our lines, if the server numbers them.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Capability, HEARTBEAT, HEARTBEAT_OPT_IN};
use crossbeam_channel::at;

use super::state::{Sender, SenderEnd};

/// The shortest time between two answers to the server's probes. The server waits two
/// seconds for an answer.
const PROBE_ANSWER_INTERVAL: Duration = Duration::from_millis(200);

/// The time from a line to the heartbeat that asks for its confirmation.
pub(super) const CONFIRMATION_DELAY: Duration = Duration::from_secs(1);

impl<W: Write> Sender<W> {
    /// Sends the first heartbeat. It also promises regular heartbeats and answers to
    /// probes, unless the server has granted that capability. So the server can free our
    /// name at once if the connection is lost.
    pub(super) fn send_first_heartbeat(&mut self) -> Result<(), SenderEnd> {
        let promised = self.connection.granted.contains(Capability::Heartbeat);
        // With fewer heartbeats the promise would be false.
        if promised || self.conversation.heartbeat > HEARTBEAT {
            return self.send_heartbeat();
        }
        self.write_line(HEARTBEAT_OPT_IN)?;
        self.window.record_heartbeat();
        Ok(())
    }

    /// Answers the server's probe, at once or a moment after the last answer, together with
    /// all probes until then. So a server that probes all the time cannot make us send
    /// forever, and an answer follows each probe.
    pub(super) fn answer_probe(&mut self) -> Result<(), SenderEnd> {
        if self.probe_answer_due.is_some() {
            return Ok(());
        }
        let now = Instant::now();
        let earliest = self
            .last_probe_answer
            .map(|last| last + PROBE_ANSWER_INTERVAL);
        let due = earliest.map_or(now, |earliest| earliest.max(now));
        self.last_probe_answer = Some(due);
        if due > now {
            self.probe_answer_due = Some(at(due));
            return Ok(());
        }
        self.send_heartbeat()
    }

    /// Sends a heartbeat, which also answers the probes until now.
    pub(super) fn send_heartbeat(&mut self) -> Result<(), SenderEnd> {
        self.write_line("")?;
        self.window.record_heartbeat();
        self.confirmation_due = None;
        self.probe_answer_due = None;
        Ok(())
    }
}
