//! The exit: from the reason of the end to an exit code and a sentence.
//!
//! `--help` and the manual document the codes; each is set in one place, here.

use std::io;

use crate::connection::describe;
use crate::quit::QuitRequest;
use crate::receiver::lines::Disconnect;
use crate::receiver::{LastMessage, SessionEnd};

/// The exit code for an invalid command line, which ends before there is an [`Exit`].
pub const USAGE: u8 = 2;

/// The exit code for a failure on this machine.
pub const FAILURE: u8 = 1;

/// The exit code when the server removes us, or refuses our file.
pub const REMOVED: u8 = 5;

/// The exit code when a connection was lost for good.
pub const LOST: u8 = 6;

/// The reason why the program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user, or the end of the input, asked for it.
    Left,
    /// A signal asked for it, so hurry.
    Interrupted,
    /// Something on this machine failed.
    Failed(String),
    /// The server was not reached, or does not answer.
    Unreachable(String),
    /// No name was accepted.
    NameRefused(String),
    /// The server ended the session, perhaps with this last message.
    Removed(Option<String>),
    /// The server reported that it stops.
    Stopped,
    /// The reason was shown already, or the terminal does not take it. This is its code.
    Unexplained(u8),
    /// The connection broke.
    Lost(String),
}

impl Exit {
    /// Returns the exit when the system cannot start a thread.
    pub fn no_thread(error: io::Error) -> Exit {
        Exit::Failed(format!("cannot start a thread: {}", describe(&error)))
    }

    /// Returns the exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Exit::Left | Exit::Interrupted => 0,
            Exit::Failed(_) => FAILURE,
            Exit::Unreachable(_) => 3,
            Exit::NameRefused(_) => 4,
            Exit::Removed(_) | Exit::Stopped => REMOVED,
            Exit::Lost(_) => LOST,
            Exit::Unexplained(code) => *code,
        }
    }

    /// Returns the exit with the same code and no sentence.
    pub fn unexplained(&self) -> Exit {
        Exit::Unexplained(self.code())
    }

    /// Returns the sentence for the user, unless the end was requested.
    pub fn message(&self) -> Option<String> {
        match self {
            Exit::Left | Exit::Interrupted | Exit::Unexplained(_) => None,
            Exit::Failed(why) | Exit::Unreachable(why) => Some(why.clone()),
            Exit::NameRefused(why) => Some(format!("no name was accepted: {why}")),
            Exit::Removed(None) => Some("The server has ended the session.".to_string()),
            Exit::Removed(Some(why)) => Some(format!("The server has ended the session: {why}")),
            Exit::Stopped => Some("The server has stopped.".to_string()),
            Exit::Lost(why) => Some(format!("connection lost: {why}")),
        }
    }
}

impl From<SessionEnd> for Exit {
    /// Classifies an end that nobody here has requested.
    fn from(end: SessionEnd) -> Exit {
        match end {
            SessionEnd::Quit(LastMessage::Stopping)
            | SessionEnd::Disconnected(_, LastMessage::Stopping) => Exit::Stopped,
            SessionEnd::Quit(LastMessage::Refusal(why)) => Exit::Removed(Some(why)),
            SessionEnd::Quit(LastMessage::None) => Exit::Removed(None),
            SessionEnd::Disconnected(how, _) => how.into(),
            SessionEnd::TimedOut(time) => {
                let seconds = time.as_secs_f32();
                Exit::Lost(format!("no line received for {seconds:.0} s"))
            }
        }
    }
}

impl From<Disconnect> for Exit {
    fn from(how: Disconnect) -> Exit {
        Exit::Lost(match how {
            Disconnect::Closed => "the server has closed it".to_string(),
            Disconnect::Overrun => "the server sends a line that does not end".to_string(),
            Disconnect::Refused => "connection refused".to_string(),
            Disconnect::Broken(why) => why,
        })
    }
}

impl From<QuitRequest> for Exit {
    fn from(request: QuitRequest) -> Exit {
        match request {
            QuitRequest::Signal => Exit::Interrupted,
            // The reader has seen enough, as in `chat-client | head -1`.
            QuitRequest::OutputClosed => Exit::Left,
            QuitRequest::OutputFailed(why) => Exit::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::time::Duration;

    #[track_caller]
    fn check(exit: impl Into<Exit>, code: u8, message: Option<&str>) {
        let exit = exit.into();
        assert_eq!(exit.code(), code, "{exit:?}");
        assert_eq!(exit.message().as_deref(), message, "{exit:?}");
    }

    #[test]
    fn the_server_decides_between_removed_and_lost() {
        let closed = || Disconnect::Closed;
        let stopping = || LastMessage::Stopping;
        let stopped = Some("The server has stopped.");
        check(SessionEnd::Quit(stopping()), 5, stopped);
        check(SessionEnd::Disconnected(closed(), stopping()), 5, stopped);
        let kicked = LastMessage::Refusal("too loud".to_string());
        let removed = Some("The server has ended the session: too loud");
        check(SessionEnd::Quit(kicked), 5, removed);
        let ended = Some("The server has ended the session.");
        check(SessionEnd::Quit(LastMessage::None), 5, ended);
        let lost = Some("connection lost: the server has closed it");
        check(
            SessionEnd::Disconnected(closed(), LastMessage::None),
            6,
            lost,
        );
        let silent = Some("connection lost: no line received for 90 s");
        check(SessionEnd::TimedOut(Duration::from_secs(90)), 6, silent);
    }

    #[test]
    fn a_closed_output_is_no_failure_and_a_full_disk_is() {
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
