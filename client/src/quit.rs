//! Quit requests: reasons to quit that were not typed.

use std::convert::Infallible;
use std::io::{self, ErrorKind};

use crossbeam_channel::Receiver;

use crate::connection::describe;

/// A request to quit that was not typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuitRequest {
    /// Ctrl-C, or the signal of a closed terminal or a stopping machine.
    Signal,
    /// The reader of standard output has gone.
    OutputClosed,
    /// Standard output cannot be written, for this reason.
    OutputFailed(String),
}

/// The ends of the channels that ask to quit.
pub struct QuitReceiver {
    /// The requests.
    pub requests: Receiver<QuitRequest>,
    /// Carries nothing; it is closed by the first signal. Then nothing may take longer than
    /// a moment.
    pub interrupted: Receiver<Infallible>,
}

impl From<io::Error> for QuitRequest {
    /// Classifies an error of standard output.
    fn from(error: io::Error) -> QuitRequest {
        /// `EIO`, "input/output error": Unix reports it for a terminal that was closed.
        /// There is no [`ErrorKind`] for it.
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
