//! Leaving: the last lines, and the wait for the server's.

use std::io::Write;
use std::time::Duration;

use common::QUIT;
use crossbeam_channel::{Receiver, after, select};

use super::{GOODBYE_TIMEOUT, Sender, Stop};
use crate::exit::Exit;
use crate::input::stdin::InputSource;
use crate::quit::QuitRequest;
use crate::receiver::ServerUpdate;

/// How long to listen for the server's last words once writing has failed: the
/// failure says that it is over, only those say why.
pub(super) const LAST_MESSAGES_TIMEOUT: Duration = Duration::from_secs(1);

/// What a pipe is told whose farewell was not answered.
pub(super) const QUIT_UNANSWERED: &str =
    "the server has not answered q:quit; the last lines may be lost";

impl<W: Write> Sender<W> {
    /// Says `q:quit` and waits for the answer.
    pub(super) fn say_goodbye(mut self) -> Exit {
        let parting = std::mem::take(&mut self.quit_line);
        match self.write_line(&parting) {
            Err(Stop::QuitRequested(leave)) => return leave.into(),
            Err(Stop::WriteFailed(why)) => return self.await_last_messages(why),
            // It stops for no other reason.
            Ok(()) | Err(_) => {}
        }
        let stop = match self.source {
            InputSource::Terminal | InputSource::None => self.wait_for_end(&after(GOODBYE_TIMEOUT)),
            InputSource::Pipe => self.wait_for_delivery(),
        };
        match stop {
            Stop::Ended(over) if over.is_orderly() => Exit::Left,
            // All that was piped in must have arrived; only an orderly end
            // proves it. A person has seen what there was to see.
            Stop::Ended(over) if self.source == InputSource::Pipe => over.into(),
            Stop::WriteFailed(why) => Exit::Lost(why),
            Stop::QuitRequested(leave) => leave.into(),
            _ => Exit::Left,
        }
    }

    /// Says `q:quit`, if the server takes it, and gives it 5 s to answer.
    pub(super) fn quit_now(mut self, leave: QuitRequest) -> Exit {
        // One write, as a part of the line may be worse than nothing of it;
        // a socket that is full takes nothing.
        let _ = self.out.write(format!("{QUIT}\n").as_bytes());
        self.wait_for_end(&after(GOODBYE_TIMEOUT));
        leave.into()
    }

    /// Waits for what the server said last, since writing has failed.
    pub(super) fn await_last_messages(self, why: String) -> Exit {
        match self.wait_for_end(&after(LAST_MESSAGES_TIMEOUT)) {
            Stop::Ended(over) => over.into(),
            Stop::QuitRequested(leave) => leave.into(),
            _ => Exit::Lost(why),
        }
    }

    /// Waits until it is over, or something asks to leave, or `patience` ends.
    pub(super) fn wait_for_end<T>(&self, patience: &Receiver<T>) -> Stop {
        loop {
            if let Err(stop) = self.wait_for_answer(patience) {
                return stop;
            }
        }
    }

    /// Waits for the end while the server gets on with what is under way: each
    /// answer to one of our heartbeats starts the wait anew. What else is said
    /// does not, as it proves nothing about our lines. No heartbeat goes out any
    /// more, so there is one patience at most for each that was unanswered.
    pub(super) fn wait_for_delivery(&mut self) -> Stop {
        let mut patience = after(self.timeout());
        loop {
            match self.wait_for_answer(&patience) {
                Ok(()) if self.window.record_answer() => patience = after(self.timeout()),
                Ok(()) => {}
                Err(Stop::Done) => return Stop::WriteFailed(QUIT_UNANSWERED.to_string()),
                Err(stop) => return stop,
            }
        }
    }

    /// Waits until a heartbeat is answered; the rest as in `wait_for_end`.
    pub(super) fn wait_for_answer<T>(&self, patience: &Receiver<T>) -> Result<(), Stop> {
        loop {
            select! {
                recv(self.sources.updates) -> news => match news {
                    Ok(ServerUpdate::Heartbeat) => return Ok(()),
                    // They answer nothing, and who leaves needs no name and no file.
                    Ok(ServerUpdate::Renamed(_) | ServerUpdate::Ticket(_) | ServerUpdate::Refusal(_)) => {}
                    Ok(ServerUpdate::Ended(over)) => return Err(Stop::Ended(over)),
                    Err(_) => return Err(Stop::ReceiverGone),
                },
                recv(self.sources.quit_requests) -> leave => {
                    return Err(leave.map_or(Stop::Done, Stop::QuitRequested));
                }
                recv(patience) -> _ => return Err(Stop::Done),
            }
        }
    }
}
