//! Requests to quit that are not typed.

use std::io::{self, ErrorKind};

use crate::connection::describe;

/// What asks to leave and is not typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuitRequest {
    /// Ctrl-C, or the signal of a closed terminal or a stopping machine.
    Signal,
    /// Nobody reads what we print any more.
    OutputClosed,
    /// What we print cannot be written, for this reason.
    OutputFailed(String),
}

impl From<io::Error> for QuitRequest {
    /// For an error of standard output.
    fn from(error: io::Error) -> QuitRequest {
        /// `EIO`, "input/output error": what Unix says when the terminal has
        /// been closed. There is no [`ErrorKind`] for it.
        const CLOSED_TERMINAL: Option<i32> = Some(5);
        let closed = error.kind() == ErrorKind::BrokenPipe;
        if closed || (cfg!(unix) && error.raw_os_error() == CLOSED_TERMINAL) {
            return QuitRequest::OutputClosed;
        }
        QuitRequest::OutputFailed(format!(
            "cannot write to standard output: {}",
            describe(&error)
        ))
    }
}
