//! The sender's state, and how it writes a line.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use common::{Capabilities, MAX_MISSED_HEARTBEATS, QUIT};
use crossbeam_channel::Receiver;

use super::window::SendWindow;
use crate::connection::{ConnectionInfo, describe, is_tick};
use crate::conversation::Conversation;
use crate::exit::Exit;
use crate::quit::QuitRequest;
use crate::receiver::{ServerUpdate, SessionEnd};

/// The time to wait for the server's `q:quit`. A pipe waits longer, see
/// [`Sender::wait_for_delivery`], because its lines must have arrived.
pub(super) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// The sender's side of a connection that has joined.
pub struct SenderConnection<W> {
    /// The write half.
    pub writer: W,
    /// The properties of the connection.
    pub info: ConnectionInfo,
    /// The capabilities that the server has granted.
    pub granted: Capabilities,
    /// The receiver's updates.
    pub updates: Receiver<ServerUpdate>,
}

/// The sending side of a session.
pub struct Sender<W> {
    pub(super) conversation: Conversation,
    pub(super) connection: SenderConnection<W>,
    pub(super) window: SendWindow,
    /// The line that leaves.
    pub(super) quit_line: String,
    /// The time of our last answer to a probe, or of the next if it is due.
    pub(super) last_probe_answer: Option<Instant>,
    /// Fires when the next answer may be sent, if a probe waits for one.
    pub(super) probe_answer_due: Option<Receiver<Instant>>,
    /// Fires when a heartbeat must ask for the confirmation of our lines, if there are any
    /// since the last heartbeat.
    pub(super) confirmation_due: Option<Receiver<Instant>>,
}

/// The way in which a connection ended for the sender.
#[derive(Debug, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// The user, or the end of the input, has ended it, with this exit.
    Left(Exit),
    /// The server or the network has ended it. This is the exit if nobody connects again.
    Ended(Exit),
}

impl ConnectionEnd {
    /// Returns the exit, if nobody connects again.
    pub fn exit(&self) -> &Exit {
        match self {
            ConnectionEnd::Left(exit) | ConnectionEnd::Ended(exit) => exit,
        }
    }
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
    /// Makes a sender that has sent nothing on this connection yet.
    pub fn new(connection: SenderConnection<W>, conversation: Conversation) -> Sender<W> {
        Sender {
            window: SendWindow::new(connection.info.transport),
            conversation,
            connection,
            quit_line: QUIT.to_string(),
            last_probe_answer: None,
            probe_answer_due: None,
            confirmation_due: None,
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
            match self.connection.writer.write(rest) {
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
        match self.conversation.quit_requests.try_recv() {
            Ok(request) => Err(SenderEnd::QuitRequested(request)),
            Err(_) => Ok(()),
        }
    }

    /// Returns the time for which the server may take nothing, or answer nothing:
    /// normally 90 s. At ten lines a second the server needs 3 s for the window between
    /// two heartbeats, so a short heartbeat interval does not set less than 5 s.
    pub(super) fn timeout(&self) -> Duration {
        GOODBYE_TIMEOUT.max(self.conversation.heartbeat * MAX_MISSED_HEARTBEATS)
    }
}
