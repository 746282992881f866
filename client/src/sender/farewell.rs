//! Leaving: the last lines, and the wait for the server's.

use std::io::Write;
use std::time::Duration;

use common::QUIT;
use crossbeam_channel::{Receiver, after, select};

use super::{FAREWELL, Sender, Stop};
use crate::ending::{Ending, Leave};
use crate::keyboard::Input;
use crate::receiver::News;

/// How long to listen for the server's last words once writing has failed: the
/// failure says that it is over, only those say why.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a pipe is told whose farewell was not answered.
pub(super) const UNANSWERED: &str =
    "the server has not answered q:quit; the last lines may be lost";

impl<W: Write> Sender<W> {
    /// Says `q:quit` and waits for the answer.
    pub(super) fn leave(mut self) -> Ending {
        let parting = std::mem::take(&mut self.parting);
        match self.put(&parting) {
            Err(Stop::Leave(leave)) => return leave.into(),
            Err(Stop::Cut(why)) => return self.last_words(why),
            // It stops for no other reason.
            Ok(()) | Err(_) => {}
        }
        let stop = match self.input {
            Input::Terminal | Input::None => self.wait_for_end(&after(FAREWELL)),
            Input::Pipe => self.wait_for_arrival(),
        };
        match stop {
            Stop::Over(over) if over.is_orderly() => Ending::Left,
            // All that was piped in must have arrived; only an orderly end
            // proves it. A person has seen what there was to see.
            Stop::Over(over) if self.input == Input::Pipe => over.into(),
            Stop::Cut(why) => Ending::Lost(why),
            Stop::Leave(leave) => leave.into(),
            _ => Ending::Left,
        }
    }

    /// Says `q:quit`, if the server takes it, and gives it 5 s to answer.
    pub(super) fn hurry(mut self, leave: Leave) -> Ending {
        // One write, as a part of the line may be worse than nothing of it;
        // a socket that is full takes nothing.
        let _ = self.out.write(format!("{QUIT}\n").as_bytes());
        self.wait_for_end(&after(FAREWELL));
        leave.into()
    }

    /// Waits for what the server said last, since writing has failed.
    pub(super) fn last_words(self, why: String) -> Ending {
        match self.wait_for_end(&after(LAST_WORDS)) {
            Stop::Over(over) => over.into(),
            Stop::Leave(leave) => leave.into(),
            _ => Ending::Lost(why),
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
    pub(super) fn wait_for_arrival(&mut self) -> Stop {
        let mut patience = after(self.patience());
        loop {
            match self.wait_for_answer(&patience) {
                Ok(()) if self.pace.answered() => patience = after(self.patience()),
                Ok(()) => {}
                Err(Stop::Done) => return Stop::Cut(UNANSWERED.to_string()),
                Err(stop) => return stop,
            }
        }
    }

    /// Waits until a heartbeat is answered; the rest as in `wait_for_end`.
    pub(super) fn wait_for_answer<T>(&self, patience: &Receiver<T>) -> Result<(), Stop> {
        loop {
            select! {
                recv(self.sources.news) -> news => match news {
                    Ok(News::Answer) => return Ok(()),
                    // They answer nothing, and who leaves needs no name and no file.
                    Ok(News::Renamed(_) | News::Leave(_) | News::Refusal(_)) => {}
                    Ok(News::Over(over)) => return Err(Stop::Over(over)),
                    Err(_) => return Err(Stop::Alone),
                },
                recv(self.sources.leave) -> leave => {
                    return Err(leave.map_or(Stop::Done, Stop::Leave));
                }
                recv(patience) -> _ => return Err(Stop::Done),
            }
        }
    }
}
