//! Turns what comes in over one connection into lines, and knows when it ends.

use std::io::ErrorKind;
use std::time::Duration;

use common::{LineSplitter, MAX_LINE, NextLine};

use crate::connection::close::{Close, CloseReason};
use crate::connection::{Connection, ReadHalf};

/// The listening side of a session.
pub struct LineReader {
    read_half: ReadHalf,
    lines: LineSplitter,
    framing: Framing,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// A newline.
    Newline,
    /// Not known yet: a newline, unless the first bytes hold none and nothing
    /// follows for so long.
    Undecided(Duration),
    /// Whatever comes at once is a line, or several.
    Unframed,
}

/// What became of waiting for bytes.
pub enum FillOutcome {
    /// There may be a line now, or the end.
    Received,
    /// The same, and it is known now that the peer ends no lines.
    BecameUnframed,
    /// A datagram that is too long; it is gone.
    TooLong,
    /// Nothing came in time.
    TimedOut,
}

impl LineReader {
    /// Listens to what `inlet` brings. If nothing follows the first bytes for as
    /// long as `quiet`, they need no newline to be a line.
    pub fn new(read_half: ReadHalf, quiet: Option<Duration>) -> LineReader {
        LineReader {
            read_half,
            lines: LineSplitter::new(MAX_LINE),
            framing: quiet.map_or(Framing::Newline, Framing::Undecided),
        }
    }

    /// Whether its peer ends no lines.
    pub fn is_unframed(&self) -> bool {
        self.framing == Framing::Unframed
    }

    /// The next line of what has come so far.
    pub fn next(&mut self) -> NextLine<'_> {
        if matches!(self.framing, Framing::Undecided(_)) && self.pending().contains(&b'\n') {
            self.framing = Framing::Newline;
        }
        self.lines.next()
    }

    /// What has come and is no line yet.
    pub fn pending(&self) -> &[u8] {
        self.lines.pending()
    }

    /// Waits for more bytes on `connection`, for as long as `patience` says; `None`
    /// is for ever.
    ///
    /// # Errors
    ///
    /// The ending of a connection that broke or was cut.
    pub fn fill(
        &mut self,
        connection: &Connection,
        timeout: Option<Duration>,
    ) -> Result<FillOutcome, Close> {
        let broken = |_| Close::from(CloseReason::Reset);
        let quiet = match self.framing {
            Framing::Undecided(quiet) if self.lines.is_inside_line() => Some(quiet),
            _ => None,
        };
        let sooner = quiet.filter(|&quiet| timeout.is_none_or(|timeout| quiet < timeout));
        let timeout = sooner.or(timeout);
        self.read_half.set_timeout(timeout).map_err(broken)?;
        let waiting = connection.lifecycle.begin_wait();
        check_open(connection)?;
        let filled = self.lines.fill(&mut self.read_half);
        drop(waiting);
        if matches!(filled, Ok(1..)) {
            connection.activity.record_received();
        }
        // What comes after the conversation was ended from outside is no part
        // of it, and half a line is nobody's last word.
        check_open(connection)?;
        match filled {
            Ok(_) => {
                if self.is_unframed() {
                    self.lines.end_line();
                }
                Ok(FillOutcome::Received)
            }
            Err(error) if error.kind() == ErrorKind::TimedOut && sooner.is_some() => {
                self.framing = Framing::Unframed;
                self.lines.end_line();
                Ok(FillOutcome::BecameUnframed)
            }
            Err(error) if error.kind() == ErrorKind::FileTooLarge => Ok(FillOutcome::TooLong),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(FillOutcome::TimedOut),
            Err(_broken) => Err(CloseReason::Reset.into()),
        }
    }

    /// What it listens to, for the time after the conversation.
    pub fn read_half(&mut self) -> &mut ReadHalf {
        &mut self.read_half
    }
}

fn check_open(connection: &Connection) -> Result<(), Close> {
    connection
        .lifecycle
        .close_cause()
        .map_or(Ok(()), |close| Err(close.clone()))
}

/// The ending of a client that sent a line without an end.
pub fn unterminated_line() -> Close {
    Close::with_message(CloseReason::Line, "That line has no end.")
}
