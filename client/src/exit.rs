//! Turns the reason why the program ends into an exit code and a sentence.
//!
//! The codes are promised to scripts by `--help`; each is given in one place,
//! here. It knows nothing of how things came about.

use crate::quit::QuitRequest;
use crate::receiver::lines::Disconnect;
use crate::receiver::{LastMessage, SessionEnd};

/// The exit code for a command line that makes no sense, which never gets as
/// far as an [`Ending`].
pub const USAGE: u8 = 2;

/// The exit code when something on this machine fails.
pub const FAILURE: u8 = 1;

/// The exit code when the server does not want us, or our file.
pub const REMOVED: u8 = 5;

/// The exit code when a connection was lost for good.
pub const LOST: u8 = 6;

/// Why the program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The person, or the end of the input, asked for it.
    Left,
    /// A signal asked for it: hurry.
    Interrupted,
    /// This machine did not let us go on.
    Failed(String),
    /// The server was not reached, or does not talk.
    Unreachable(String),
    /// No name was accepted.
    NameRefused(String),
    /// The server ended the conversation with this last word, if any.
    Removed(Option<String>),
    /// The server said that it stops.
    Stopped,
    /// The one file that this was all about has not arrived. Why was told already; it
    /// also decides the exit code.
    TransferFailed(u8),
    /// The connection broke without a word.
    Lost(String),
}

impl Exit {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Exit::Left | Exit::Interrupted => 0,
            Exit::Failed(_) => FAILURE,
            Exit::Unreachable(_) => 3,
            Exit::NameRefused(_) => 4,
            Exit::Removed(_) | Exit::Stopped => REMOVED,
            Exit::Lost(_) => LOST,
            Exit::TransferFailed(code) => *code,
        }
    }

    /// What to tell the person, if it is not what they asked for.
    pub fn message(&self) -> Option<String> {
        match self {
            Exit::Left | Exit::Interrupted | Exit::TransferFailed(_) => None,
            Exit::Failed(why) | Exit::Unreachable(why) => Some(why.clone()),
            Exit::NameRefused(why) => Some(format!("no name was accepted: {why}")),
            Exit::Removed(None) => Some("The server has ended the conversation.".to_string()),
            Exit::Removed(Some(why)) => {
                Some(format!("The server has ended the conversation: {why}"))
            }
            Exit::Stopped => Some("The server has stopped.".to_string()),
            Exit::Lost(why) => Some(format!("connection lost: {why}")),
        }
    }
}

impl From<SessionEnd> for Exit {
    /// For an end that nobody here has asked for.
    fn from(over: SessionEnd) -> Exit {
        match over {
            SessionEnd::Quit(LastMessage::Stopping)
            | SessionEnd::Disconnected(_, LastMessage::Stopping) => Exit::Stopped,
            SessionEnd::Quit(LastMessage::Refusal(why)) => Exit::Removed(Some(why)),
            SessionEnd::Quit(LastMessage::None) => Exit::Removed(None),
            SessionEnd::Disconnected(gone, _) => gone.into(),
            SessionEnd::TimedOut(time) => {
                let seconds = time.as_secs_f32();
                Exit::Lost(format!("nothing was heard for {seconds:.0} s"))
            }
        }
    }
}

impl From<Disconnect> for Exit {
    fn from(gone: Disconnect) -> Exit {
        Exit::Lost(match gone {
            Disconnect::Closed => "the server has closed it".to_string(),
            Disconnect::Overrun => "the server sends a line that does not end".to_string(),
            Disconnect::Refused => "connection refused".to_string(),
            Disconnect::Broken(why) => why,
        })
    }
}

impl From<QuitRequest> for Exit {
    fn from(leave: QuitRequest) -> Exit {
        match leave {
            QuitRequest::Signal => Exit::Interrupted,
            // Whoever reads us has seen enough, as in `chat-client | head -1`.
            QuitRequest::OutputClosed => Exit::Left,
            QuitRequest::OutputFailed(why) => Exit::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, ErrorKind};
    use std::time::Duration;

    #[track_caller]
    fn check(ending: impl Into<Exit>, code: u8, told: Option<&str>) {
        let ending = ending.into();
        assert_eq!(ending.code(), code, "{ending:?}");
        assert_eq!(ending.message().as_deref(), told, "{ending:?}");
    }

    #[test]
    fn the_server_decides_between_removed_and_lost() {
        let closed = || Disconnect::Closed;
        let stopping = || LastMessage::Stopping;
        let stopped = Some("The server has stopped.");
        check(SessionEnd::Quit(stopping()), 5, stopped);
        check(SessionEnd::Disconnected(closed(), stopping()), 5, stopped);
        let kicked = LastMessage::Refusal("too loud".to_string());
        let removed = Some("The server has ended the conversation: too loud");
        check(SessionEnd::Quit(kicked), 5, removed);
        let ended = Some("The server has ended the conversation.");
        check(SessionEnd::Quit(LastMessage::None), 5, ended);
        let lost = Some("connection lost: the server has closed it");
        check(
            SessionEnd::Disconnected(closed(), LastMessage::None),
            6,
            lost,
        );
        let silent = Some("connection lost: nothing was heard for 90 s");
        check(SessionEnd::TimedOut(Duration::from_secs(90)), 6, silent);
    }

    #[test]
    fn a_reader_who_has_seen_enough_is_no_failure_and_a_full_disk_is() {
        check(QuitRequest::Signal, 0, None);
        check(QuitRequest::from(io::Error::from_raw_os_error(5)), 0, None);
        check(
            QuitRequest::from(io::Error::from(ErrorKind::BrokenPipe)),
            0,
            None,
        );
        let full = Some("cannot write to standard output: no space left on device");
        check(QuitRequest::from(io::Error::from_raw_os_error(28)), 1, full);
    }
}
