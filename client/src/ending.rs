//! Turns the reason why the program ends into an exit code and a sentence.
//!
//! The codes are promised to scripts by `--help`; each is given in one place,
//! here. It knows nothing of how things came about.

use std::io::{self, ErrorKind};

use crate::connection::words;
use crate::incoming::Gone;
use crate::receiver::{LastWord, Over};

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
pub enum Ending {
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
    Undone(u8),
    /// The connection broke without a word.
    Lost(String),
}

impl Ending {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Ending::Left | Ending::Interrupted => 0,
            Ending::Failed(_) => FAILURE,
            Ending::Unreachable(_) => 3,
            Ending::NameRefused(_) => 4,
            Ending::Removed(_) | Ending::Stopped => REMOVED,
            Ending::Lost(_) => LOST,
            Ending::Undone(code) => *code,
        }
    }

    /// What to tell the person, if it is not what they asked for.
    pub fn told(&self) -> Option<String> {
        match self {
            Ending::Left | Ending::Interrupted | Ending::Undone(_) => None,
            Ending::Failed(why) | Ending::Unreachable(why) => Some(why.clone()),
            Ending::NameRefused(why) => Some(format!("no name was accepted: {why}")),
            Ending::Removed(None) => Some("The server has ended the conversation.".to_string()),
            Ending::Removed(Some(why)) => {
                Some(format!("The server has ended the conversation: {why}"))
            }
            Ending::Stopped => Some("The server has stopped.".to_string()),
            Ending::Lost(why) => Some(format!("connection lost: {why}")),
        }
    }
}

impl From<Over> for Ending {
    /// For an end that nobody here has asked for.
    fn from(over: Over) -> Ending {
        match over {
            Over::Quit(LastWord::Stopping) | Over::Gone(_, LastWord::Stopping) => Ending::Stopped,
            Over::Quit(LastWord::Refusal(why)) => Ending::Removed(Some(why)),
            Over::Quit(LastWord::None) => Ending::Removed(None),
            Over::Gone(gone, _) => gone.into(),
            Over::Silent(time) => {
                let seconds = time.as_secs_f32();
                Ending::Lost(format!("nothing was heard for {seconds:.0} s"))
            }
        }
    }
}

impl From<Gone> for Ending {
    fn from(gone: Gone) -> Ending {
        Ending::Lost(match gone {
            Gone::Closed => "the server has closed it".to_string(),
            Gone::Endless => "the server sends a line that does not end".to_string(),
            Gone::Refused => "connection refused".to_string(),
            Gone::Broken(why) => why,
        })
    }
}

/// What asks to leave and is not typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Ctrl-C, or the signal of a closed terminal or a stopping machine.
    Signal,
    /// Nobody reads what we print any more.
    Unread,
    /// What we print cannot be written, for this reason.
    Unwritable(String),
}

impl From<io::Error> for Leave {
    /// For an error of standard output.
    fn from(error: io::Error) -> Leave {
        /// `EIO`, "input/output error": what Unix says when the terminal has
        /// been closed. There is no [`ErrorKind`] for it.
        const CLOSED_TERMINAL: Option<i32> = Some(5);
        let closed = error.kind() == ErrorKind::BrokenPipe;
        if closed || (cfg!(unix) && error.raw_os_error() == CLOSED_TERMINAL) {
            return Leave::Unread;
        }
        Leave::Unwritable(format!(
            "cannot write to standard output: {}",
            words(&error)
        ))
    }
}

impl From<Leave> for Ending {
    fn from(leave: Leave) -> Ending {
        match leave {
            Leave::Signal => Ending::Interrupted,
            // Whoever reads us has seen enough, as in `chat-client | head -1`.
            Leave::Unread => Ending::Left,
            Leave::Unwritable(why) => Ending::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[track_caller]
    fn check(ending: impl Into<Ending>, code: u8, told: Option<&str>) {
        let ending = ending.into();
        assert_eq!(ending.code(), code, "{ending:?}");
        assert_eq!(ending.told().as_deref(), told, "{ending:?}");
    }

    #[test]
    fn the_server_decides_between_removed_and_lost() {
        let closed = || Gone::Closed;
        let stopping = || LastWord::Stopping;
        let stopped = Some("The server has stopped.");
        check(Over::Quit(stopping()), 5, stopped);
        check(Over::Gone(closed(), stopping()), 5, stopped);
        let kicked = LastWord::Refusal("too loud".to_string());
        let removed = Some("The server has ended the conversation: too loud");
        check(Over::Quit(kicked), 5, removed);
        let ended = Some("The server has ended the conversation.");
        check(Over::Quit(LastWord::None), 5, ended);
        let lost = Some("connection lost: the server has closed it");
        check(Over::Gone(closed(), LastWord::None), 6, lost);
        let silent = Some("connection lost: nothing was heard for 90 s");
        check(Over::Silent(Duration::from_secs(90)), 6, silent);
    }

    #[test]
    fn a_reader_who_has_seen_enough_is_no_failure_and_a_full_disk_is() {
        check(Leave::Signal, 0, None);
        check(Leave::from(io::Error::from_raw_os_error(5)), 0, None);
        check(Leave::from(io::Error::from(ErrorKind::BrokenPipe)), 0, None);
        let full = Some("cannot write to standard output: no space left on device");
        check(Leave::from(io::Error::from_raw_os_error(28)), 1, full);
    }
}
