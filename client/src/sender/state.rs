//! The sender's state, and how it writes a line.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use common::{MAX_MISSED_HEARTBEATS, Name, QUIT};
use crossbeam_channel::Receiver;

use super::window::SendWindow;
use crate::connection::{ConnectionInfo, describe, is_tick};
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::receiver::{ServerUpdate, SessionEnd};
use crate::screen::Screen;
use crate::transfers::TransferManager;

/// The time to wait for the server's `q:quit`. A pipe waits longer, see
/// [`Sender::wait_for_delivery`], because its lines must have arrived.
pub(super) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// The channels that the sender waits for.
pub struct Sources {
    /// Lines from stdin; closed at the end of the input.
    pub input: Receiver<InputLine>,
    /// Requests to quit that were not typed.
    pub quit_requests: Receiver<QuitRequest>,
    /// The receiver's updates.
    pub updates: Receiver<ServerUpdate>,
    /// The file transfers and their events.
    pub transfers: TransferManager,
}

/// The settings of a new sender.
pub struct SenderConfig<W> {
    /// The write half of the connection.
    pub writer: W,
    /// Our name.
    pub name: Name,
    /// The kind of standard input.
    pub source: InputSource,
    /// The time from one heartbeat to the next.
    pub heartbeat: Duration,
    /// The properties of the connection.
    pub info: ConnectionInfo,
    /// The screen.
    pub screen: Screen,
}

/// The sending side of a session.
pub struct Sender<W> {
    pub(super) config: SenderConfig<W>,
    pub(super) sources: Sources,
    pub(super) window: SendWindow,
    /// The line that leaves.
    pub(super) quit_line: String,
    /// The time of our last answer to a probe.
    pub(super) last_probe_answer: Option<Instant>,
    /// `true` if the input has ended.
    pub(super) input_ended: bool,
}

/// The reason why the sender's loop has ended.
pub(super) enum SenderEnd {
    /// The user typed it, or the input ended.
    Done,
    /// A quit request asked for it.
    QuitRequested(QuitRequest),
    /// The receiver reported the end of the session.
    Ended(SessionEnd),
    /// The connection takes no more lines, for this reason.
    WriteFailed(String),
    /// The receiver thread has panicked.
    ReceiverGone,
}

impl<W: Write> Sender<W> {
    /// Makes a sender that has sent nothing yet.
    pub fn new(config: SenderConfig<W>, sources: Sources) -> Sender<W> {
        Sender {
            window: SendWindow::new(config.info.transport),
            config,
            sources,
            quit_line: QUIT.to_string(),
            last_probe_answer: None,
            input_ended: false,
        }
    }

    /// Writes a line with its newline, in whatever pieces the connection takes it.
    ///
    /// It stops at a quit request or after a timeout, because a server that has stopped
    /// reading must not block the client.
    pub(super) fn write_line(&mut self, line: &str) -> Result<(), SenderEnd> {
        let bytes = format!("{line}\n").into_bytes();
        let mut rest = bytes.as_slice();
        let mut last_progress = Instant::now();
        while !rest.is_empty() {
            match self.config.writer.write(rest) {
                Ok(0) => return Err(SenderEnd::WriteFailed("it takes no more".to_string())),
                // A socket takes what it has room for, which may be half a line.
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    last_progress = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_tick(&error) && last_progress.elapsed() < self.timeout() => {
                    self.check_quit()?;
                }
                Err(error) if is_tick(&error) => {
                    return Err(SenderEnd::WriteFailed(
                        "the server has stopped reading".to_string(),
                    ));
                }
                Err(error) => return Err(SenderEnd::WriteFailed(describe(&error))),
            }
        }
        Ok(())
    }

    /// Checks for a quit request while the socket is full, when `select!` cannot.
    fn check_quit(&self) -> Result<(), SenderEnd> {
        match self.sources.quit_requests.try_recv() {
            Ok(request) => Err(SenderEnd::QuitRequested(request)),
            Err(_) => Ok(()),
        }
    }

    /// Returns the time for which the server may take nothing, or answer nothing:
    /// normally 90 s. At ten lines a second the server needs 3 s for the window between
    /// two heartbeats, so a short heartbeat interval does not set less than 5 s.
    pub(super) fn timeout(&self) -> Duration {
        GOODBYE_TIMEOUT.max(self.config.heartbeat * MAX_MISSED_HEARTBEATS)
    }
}
