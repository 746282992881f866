//! Reconnecting: from a broken connection to the next one.
//!
//! ```text
//! broken -> pause -> attempt -> joined
//!             ^         |
//!             +- failed +-> refused: the end
//! ```
//!
//! Meanwhile the user types: what would be sent waits, and leaving leaves at once.
//!
//! Writes: nothing; each attempt writes to its own connection.
//! Locks: nothing.
//! Blocks: in `select!`, until there is a connection or the user leaves.

mod backoff;
mod offline;

use std::time::{Duration, Instant};

use common::{Address, Capabilities, ResumeRequest};
use crossbeam_channel::{Receiver, after, never, select};

use crate::background;
use crate::connection::Transport;
use crate::conversation::Conversation;
use crate::exit::Exit;
use crate::handshake::{Joined, Rejoin};
use crate::input::stdin::InputSource;
use crate::screen::ScreenUpdate;
use backoff::Backoff;

/// The age at which a connection counts as good, so that the next pause is short again. A
/// server that accepts everybody and breaks every connection must not be flooded.
const GOOD_AGE: Duration = backoff::LONGEST;

/// The way back to the server.
pub struct Reconnector {
    address: Address,
    transport: Transport,
    wanted: Capabilities,
    backoff: Backoff,
    /// The time at which the last connection joined.
    joined_at: Instant,
}

impl Reconnector {
    /// Makes the way back of a connection that has just joined.
    pub fn new(address: Address, transport: Transport, wanted: Capabilities) -> Reconnector {
        Reconnector {
            address,
            transport,
            wanted,
            backoff: Backoff::default(),
            joined_at: Instant::now(),
        }
    }

    /// Tries until the server takes us back. The reason of the break is `why`.
    ///
    /// # Errors
    ///
    /// The exit, if the user leaves or the server refuses us.
    pub fn reconnect(
        &mut self,
        conversation: &mut Conversation,
        mut why: Exit,
    ) -> Result<Joined, Exit> {
        if self.joined_at.elapsed() >= GOOD_AGE {
            self.backoff = Backoff::default();
        }
        conversation.screen.show(ScreenUpdate::Offline);
        let mut last_reported = None;
        loop {
            let is_longest = self.backoff.is_longest();
            let pause = self.backoff.next_pause();
            if last_reported.as_ref() != Some(&why) {
                conversation.screen.warn(report(&why, pause));
                last_reported = Some(why);
            } else if !is_longest {
                // A night without the server is not worth a thousand lines.
                conversation.screen.warn(next_attempt(pause));
            }
            self.wait(conversation, &after(pause))?;
            // It blocks for seconds, and meanwhile the user types, or leaves.
            let rejoin = self.plan(conversation);
            let attempt = background::run("reconnect", move || rejoin.run());
            let attempt = attempt.map_err(Exit::no_thread)?;
            match self.wait(conversation, &attempt)? {
                Ok(joined) => {
                    self.joined_at = Instant::now();
                    return Ok(joined);
                }
                Err(exit) if is_temporary(&exit) => why = exit,
                Err(exit) => return Err(exit),
            }
        }
    }

    fn plan(&self, conversation: &Conversation) -> Rejoin {
        let memory = &conversation.memory;
        let resume = memory.token.map(|token| {
            let last_shown = memory.seen.last();
            let token = Some(token);
            ResumeRequest { token, last_shown }.to_string()
        });
        Rejoin {
            address: self.address.clone(),
            transport: self.transport,
            wanted: self.wanted,
            name: conversation.name.clone(),
            resume,
            screen: conversation.screen.clone(),
        }
    }

    /// Handles what happens until `ready` carries something, and returns that.
    fn wait<T>(&self, conversation: &mut Conversation, ready: &Receiver<T>) -> Result<T, Exit> {
        loop {
            // The lines of a pipe wait in the pipe.
            let (no_input, no_timer) = (never(), never());
            let retry = conversation.screen.retry();
            let input = match conversation.source {
                InputSource::Terminal if retry.is_none() => &conversation.input,
                _ => &no_input,
            };
            select! {
                recv(ready) -> result => {
                    let failed = |_| Exit::Failed("the reconnect thread has failed".to_string());
                    return result.map_err(failed);
                }
                recv(input) -> line => match line {
                    Ok(line) => offline::handle_input(conversation, line, self.transport)?,
                    Err(_) => return Err(Exit::Left),
                },
                recv(retry.as_ref().unwrap_or(&no_timer)) -> _ => {}
                recv(conversation.quit_requests) -> request => {
                    return Err(request.map_or(Exit::Left, Exit::from));
                }
                recv(conversation.transfers.events) -> event => {
                    if let Ok(event) = event
                        && let Some(request) = conversation.transfers.handle_event(event)
                    {
                        conversation.transfers.tickets.hold(request);
                    }
                }
                recv(conversation.transfers.redraw) -> _ => conversation.transfers.show_progress(),
            }
        }
    }
}

/// Returns `true` if trying again may help. It does not if the server has decided against
/// us, for example by a kick or because it is full.
pub fn is_temporary(exit: &Exit) -> bool {
    match exit {
        Exit::Lost(_) | Exit::Stopped | Exit::Unreachable(_) => true,
        Exit::Left
        | Exit::Interrupted
        | Exit::Failed(_)
        | Exit::NameRefused(_)
        | Exit::Removed(_)
        | Exit::Unexplained(_) => false,
    }
}

/// Returns the line about the break and the next attempt.
fn report(why: &Exit, pause: Duration) -> String {
    let why = why.message().unwrap_or_default();
    let end = if why.ends_with(['.', '?']) { "" } else { "." };
    format!("{why}{end} {}", next_attempt(pause))
}

fn next_attempt(pause: Duration) -> String {
    let seconds = pause.as_secs_f64().round().max(1.0);
    format!("Trying again in {seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_one_sentence_after_the_other() {
        let pause = Duration::from_millis(1900);
        let check = |exit: Exit, expected: &str| assert_eq!(report(&exit, pause), expected);
        let lost = Exit::Lost("the server has closed it".to_string());
        check(
            lost,
            "connection lost: the server has closed it. Trying again in 2 s",
        );
        check(Exit::Stopped, "The server has stopped. Trying again in 2 s");
    }
}
