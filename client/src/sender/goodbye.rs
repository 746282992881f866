//! The goodbye: the last line, and the wait for the server's.

use std::io::Write;
use std::time::Duration;

use common::QUIT;
use crossbeam_channel::{Receiver, after, select};

use super::state::{GOODBYE_TIMEOUT, Sender, SenderEnd};
use crate::connection::QUIT_UNANSWERED;
use crate::exit::Exit;
use crate::input::stdin::InputSource;
use crate::quit::QuitRequest;
use crate::receiver::{LastMessage, ServerUpdate, SessionEnd};

/// The time to wait for the server's last messages after a failed write. The failure
/// shows that the session is over; only the messages give the reason.
pub(super) const LAST_MESSAGES_TIMEOUT: Duration = Duration::from_secs(1);

/// The time for the whole goodbye after a signal. A write that is stuck when the signal
/// comes takes a tick before it, and the screen may take [`CLOSE_TIMEOUT`] after it: in all
/// a second.
///
/// [`CLOSE_TIMEOUT`]: crate::session::CLOSE_TIMEOUT
const INTERRUPTED_TIMEOUT: Duration = Duration::from_millis(450);

impl<W: Write> Sender<W> {
    /// Sends `q:quit` and waits for the answer.
    pub(super) fn say_goodbye(&mut self) -> Exit {
        let line = self.last_line();
        match self.write_line(&line) {
            Err(SenderEnd::QuitRequested(request)) => return request.into(),
            Err(SenderEnd::WriteFailed(why)) => return self.await_last_messages(why),
            // A write stops for no other reason.
            Ok(()) | Err(_) => {}
        }
        let source = self.conversation.source;
        let stop = match source {
            InputSource::Terminal | InputSource::None => self.wait_for_end(&after(GOODBYE_TIMEOUT)),
            InputSource::Pipe => self.wait_for_delivery(),
        };
        self.record_delivery(&stop);
        match stop {
            SenderEnd::Ended(end) if end.is_orderly() => Exit::Left,
            // All piped lines must have arrived, and only an orderly end proves it. A
            // person has seen what there was to see.
            SenderEnd::Ended(end) if source == InputSource::Pipe => end.into(),
            SenderEnd::WriteFailed(why) => Exit::Lost(why),
            SenderEnd::QuitRequested(request) => request.into(),
            _ => Exit::Left,
        }
    }

    /// Returns the line that leaves, as it must be written. Before lines that were never
    /// sent it cannot have a number.
    fn last_line(&mut self) -> String {
        let queue = &mut self.conversation.queue;
        if queue.has_unsent() {
            return QUIT.to_string();
        }
        queue.encode_last(&self.quit_line)
    }

    /// Sends `q:quit` if the socket has room, and waits for the answer, after a signal only
    /// for a moment. The answer comes after all that is not shown yet.
    pub(super) fn quit_now(&mut self, request: QuitRequest) -> Exit {
        let timeout = after(match request {
            QuitRequest::Signal => INTERRUPTED_TIMEOUT,
            QuitRequest::OutputClosed | QuitRequest::OutputFailed(_) => GOODBYE_TIMEOUT,
        });
        self.conversation.transfers.close();
        // A single write, because a part of the line may be worse than nothing. A full
        // socket takes nothing.
        let _ = self.connection.writer.write(format!("{QUIT}\n").as_bytes());
        let stop = self.wait_for_end(&timeout);
        self.record_delivery(&stop);
        request.into()
    }

    /// Confirms all lines if the server has answered `q:quit`, which came after them.
    fn record_delivery(&mut self, stop: &SenderEnd) {
        match stop {
            // It stops by itself, and may not have read them.
            SenderEnd::Ended(SessionEnd::Quit(LastMessage::Stopping)) => {}
            SenderEnd::Ended(SessionEnd::Quit(_)) => self.conversation.queue.confirm_sent(),
            _ => {}
        }
    }

    /// Waits for the server's last messages, because a write has failed.
    pub(super) fn await_last_messages(&mut self, why: String) -> Exit {
        match self.wait_for_end(&after(LAST_MESSAGES_TIMEOUT)) {
            SenderEnd::Ended(end) => end.into(),
            SenderEnd::QuitRequested(request) => request.into(),
            _ => Exit::Lost(why),
        }
    }

    /// Waits until the session ends, a quit request comes, or `timeout` ends.
    pub(super) fn wait_for_end<T>(&mut self, timeout: &Receiver<T>) -> SenderEnd {
        loop {
            if let Err(stop) = self.wait_for_answer(timeout) {
                return stop;
            }
        }
    }

    /// Waits for the end while the server makes progress with our lines: each answer to
    /// one of our heartbeats starts the timeout again. Other lines do not, because they
    /// prove nothing about ours. No new heartbeat is sent, so the wait has at most as
    /// many timeouts as there were unanswered heartbeats.
    pub(super) fn wait_for_delivery(&mut self) -> SenderEnd {
        let mut timeout = after(self.timeout());
        loop {
            match self.wait_for_answer(&timeout) {
                Ok(true) => timeout = after(self.timeout()),
                Ok(false) => {}
                Err(SenderEnd::Done) => return SenderEnd::WriteFailed(QUIT_UNANSWERED.to_string()),
                Err(stop) => return stop,
            }
        }
    }

    /// Waits for an empty line or a confirmation; all else as in `wait_for_end`. Returns
    /// `true` if it answers a heartbeat.
    pub(super) fn wait_for_answer<T>(&mut self, timeout: &Receiver<T>) -> Result<bool, SenderEnd> {
        loop {
            select! {
                recv(self.connection.updates) -> update => match update {
                    Ok(ServerUpdate::Ended(end)) => return Err(SenderEnd::Ended(end)),
                    Ok(update @ (ServerUpdate::Heartbeat | ServerUpdate::Ack(_))) => {
                        return Ok(self.answers_heartbeat(&update));
                    }
                    // They answer nothing, and names and files do not matter any more.
                    Ok(
                        ServerUpdate::Unread
                        | ServerUpdate::Renamed(_)
                        | ServerUpdate::Ticket(_)
                        | ServerUpdate::Refusal(_),
                    ) => {}
                    Err(_) => return Err(SenderEnd::ReceiverGone),
                },
                recv(self.conversation.quit_requests) -> request => {
                    return Err(request.map_or(SenderEnd::Done, SenderEnd::QuitRequested));
                }
                recv(timeout) -> _ => return Err(SenderEnd::Done),
            }
        }
    }
}
