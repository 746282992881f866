//! Showing the server that we are here.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{HEARTBEAT, HEARTBEAT_OPT_IN};

use super::{Sender, Stop};

/// How often at most the server is told, when it asks, that we are here. It
/// waits two seconds for the answer.
const PROBE_ANSWER_INTERVAL: Duration = Duration::from_millis(200);

impl<W: Write> Sender<W> {
    /// The first heartbeat, which also promises that more will come and that we
    /// answer: should the connection be lost, our name is ours again at once.
    pub(super) fn send_first_heartbeat(&mut self) -> Result<(), Stop> {
        if self.heartbeat > HEARTBEAT {
            return self.send_heartbeat(); // it would be a promise we do not keep
        }
        self.write_line(HEARTBEAT_OPT_IN)?;
        self.window.record_heartbeat();
        Ok(())
    }

    /// The server asks whether we are here. One that asks all the time, to have
    /// us send for ever, is answered now and then.
    pub(super) fn answer_probe(&mut self) -> Result<(), Stop> {
        if self
            .last_probe_answer
            .is_some_and(|last| last.elapsed() < PROBE_ANSWER_INTERVAL)
        {
            return Ok(());
        }
        self.last_probe_answer = Some(Instant::now());
        self.send_heartbeat()
    }

    /// An empty line. It is also how the server knows that we are alive, and by
    /// its answer we know the same of the server.
    pub(super) fn send_heartbeat(&mut self) -> Result<(), Stop> {
        self.write_line("")?;
        self.window.record_heartbeat();
        Ok(())
    }
}
