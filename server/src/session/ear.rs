//! Turns what comes in over one connection into lines, and knows when it ends.

use std::io::ErrorKind;
use std::time::Duration;

use common::{LineSplitter, MAX_LINE, NextLine};

use crate::link::{Inlet, Link};
use crate::reason::{Ending, Reason};

/// The listening side of a session.
pub struct Ear {
    inlet: Inlet,
    lines: LineSplitter,
    framing: Framing,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// A newline.
    Lines,
    /// Not known yet: a newline, unless the first bytes hold none and nothing
    /// follows for so long.
    Unknown(Duration),
    /// Whatever comes at once is a line, or several.
    Chunks,
}

/// What became of waiting for bytes.
pub enum Filled {
    /// There may be a line now, or the end.
    Bytes,
    /// The same, and it is known now that the peer ends no lines.
    Unframed,
    /// A datagram that is too long; it is gone.
    TooLong,
    /// Nothing came in time.
    Nothing,
}

impl Ear {
    /// Listens to what `inlet` brings. If nothing follows the first bytes for as
    /// long as `quiet`, they need no newline to be a line.
    pub fn new(inlet: Inlet, quiet: Option<Duration>) -> Ear {
        Ear {
            inlet,
            lines: LineSplitter::new(MAX_LINE),
            framing: quiet.map_or(Framing::Lines, Framing::Unknown),
        }
    }

    /// Whether its peer ends no lines.
    pub fn is_unframed(&self) -> bool {
        self.framing == Framing::Chunks
    }

    /// The next line of what has come so far.
    pub fn next(&mut self) -> NextLine<'_> {
        if matches!(self.framing, Framing::Unknown(_)) && self.held().contains(&b'\n') {
            self.framing = Framing::Lines;
        }
        self.lines.next()
    }

    /// What has come and is no line yet.
    pub fn held(&self) -> &[u8] {
        self.lines.pending()
    }

    /// Waits for more bytes on `link`, for as long as `patience` says; `None`
    /// is for ever.
    ///
    /// # Errors
    ///
    /// The ending of a connection that broke or was cut.
    pub fn fill(&mut self, link: &Link, patience: Option<Duration>) -> Result<Filled, Ending> {
        let broken = |_| Ending::from(Reason::Reset);
        let quiet = match self.framing {
            Framing::Unknown(quiet) if self.lines.is_inside_line() => Some(quiet),
            _ => None,
        };
        let sooner = quiet.filter(|&quiet| patience.is_none_or(|patience| quiet < patience));
        let patience = sooner.or(patience);
        self.inlet.set_patience(patience).map_err(broken)?;
        link.rest();
        still_going(link)?;
        let filled = self.lines.fill(&mut self.inlet);
        link.resume();
        if matches!(filled, Ok(1..)) {
            link.hear();
        }
        // What comes after the conversation was ended from outside is no part
        // of it, and half a line is nobody's last word.
        still_going(link)?;
        match filled {
            Ok(_) => {
                if self.is_unframed() {
                    self.lines.end_line();
                }
                Ok(Filled::Bytes)
            }
            Err(error) if error.kind() == ErrorKind::TimedOut && sooner.is_some() => {
                self.framing = Framing::Chunks;
                self.lines.end_line();
                Ok(Filled::Unframed)
            }
            Err(error) if error.kind() == ErrorKind::FileTooLarge => Ok(Filled::TooLong),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(Filled::Nothing),
            Err(_broken) => Err(Reason::Reset.into()),
        }
    }

    /// What it listens to, for the time after the conversation.
    pub fn inlet(&mut self) -> &mut Inlet {
        &mut self.inlet
    }
}

fn still_going(link: &Link) -> Result<(), Ending> {
    link.ending().map_or(Ok(()), |ending| Err(ending.clone()))
}

/// The ending of a client that sent a line without an end.
pub fn line_without_end() -> Ending {
    Ending::told(Reason::Line, "That line has no end.")
}
