//! Line reader: the bytes of one connection become lines, until it closes.

use std::io::ErrorKind;
use std::time::Duration;

use common::numbering::MAX_NUMBER_BYTES;
use common::{LineSplitter, MAX_LINE, NextLine};

use crate::connection::close::{Close, CloseReason};
use crate::connection::{Connection, ReadHalf};

/// The reading side of a session.
pub struct LineReader {
    read_half: ReadHalf,
    splitter: LineSplitter,
    framing: Framing,
}

/// The way in which a peer ends its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// By a newline.
    Newline,
    /// By a newline, as far as is known. The peer is unframed if its first bytes contain
    /// none, and nothing follows for this time.
    Undecided(Duration),
    /// By nothing: what one read brings is a line, or several.
    Unframed,
}

/// The outcome of a wait for bytes.
pub enum FillOutcome {
    /// Bytes came, or the end.
    Received,
    /// No newline came in time, so what came is a line, and the peer is unframed.
    BecameUnframed,
    /// A datagram came that is too long; it was discarded.
    TooLong,
    /// Nothing came in time.
    TimedOut,
}

impl LineReader {
    /// Makes a reader of lines from `read_half`. If nothing follows the first bytes
    /// for `unframed_delay`, they are a line without a newline.
    pub fn new(read_half: ReadHalf, unframed_delay: Option<Duration>) -> LineReader {
        LineReader {
            read_half,
            splitter: LineSplitter::new(MAX_LINE),
            framing: unframed_delay.map_or(Framing::Newline, Framing::Undecided),
        }
    }

    /// Returns `true` if the peer ends no lines.
    pub fn is_unframed(&self) -> bool {
        self.framing == Framing::Unframed
    }

    /// Allows for the numbers before the lines of a client that numbers them.
    pub fn set_numbered(&mut self, is_numbered: bool) {
        let number = if is_numbered { MAX_NUMBER_BYTES } else { 0 };
        self.splitter.set_limit(MAX_LINE + number);
    }

    /// Returns the next line of what has come so far.
    pub fn next(&mut self) -> NextLine<'_> {
        self.splitter.next()
    }

    /// Returns the first bytes of the line that was refused last.
    pub fn last_beginning(&self) -> &[u8] {
        self.splitter.last_beginning()
    }

    /// Returns `true` if the input has ended, so that the next line has no newline.
    pub fn has_ended(&self) -> bool {
        self.splitter.has_ended()
    }

    /// Returns the bytes that have come and are not handed out.
    pub fn pending(&self) -> &[u8] {
        self.splitter.pending()
    }

    /// Waits for more bytes on `connection`, for at most `timeout`; `None` is forever.
    ///
    /// # Errors
    ///
    /// How the connection closes, if it broke or was closed from outside.
    pub fn fill(
        &mut self,
        connection: &Connection,
        timeout: Option<Duration>,
    ) -> Result<FillOutcome, Close> {
        let broken = |_| Close::from(CloseReason::Reset);
        let unframed_delay = match self.framing {
            Framing::Undecided(delay) if self.splitter.is_inside_line() => Some(delay),
            _ => None,
        };
        let sooner = unframed_delay.filter(|&delay| timeout.is_none_or(|timeout| delay < timeout));
        let timeout = sooner.or(timeout);
        self.read_half.set_timeout(timeout).map_err(broken)?;
        let waiting = connection.lifecycle.begin_wait();
        check_open(connection)?;
        let filled = self.splitter.fill(&mut self.read_half);
        drop(waiting);
        if matches!(filled, Ok(1..)) {
            connection.activity.record_received();
        }
        // Bytes that come after the close from outside do not count, and half a line
        // is not a message.
        check_open(connection)?;
        match filled {
            Ok(_) => {
                self.apply_framing();
                Ok(FillOutcome::Received)
            }
            Err(error) if error.kind() == ErrorKind::TimedOut && sooner.is_some() => {
                self.framing = Framing::Unframed;
                self.splitter.end_line();
                Ok(FillOutcome::BecameUnframed)
            }
            Err(error) if error.kind() == ErrorKind::FileTooLarge => Ok(FillOutcome::TooLong),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(FillOutcome::TimedOut),
            Err(_broken) => Err(CloseReason::Reset.into()),
        }
    }

    /// Ends the line of an unframed peer, and recognises a framed one by its first
    /// newline.
    fn apply_framing(&mut self) {
        match self.framing {
            Framing::Newline => {}
            Framing::Undecided(_) if self.pending().contains(&b'\n') => {
                self.framing = Framing::Newline;
            }
            Framing::Undecided(_) => {}
            Framing::Unframed => self.splitter.end_line(),
        }
    }

    /// Returns the read half, which is drained after the last line.
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

/// Returns the close of a connection whose line has no end.
pub fn unterminated_line() -> Close {
    Close::with_message(CloseReason::Line, "That line has no newline at its end.")
}
