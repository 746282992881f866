//! Why a connection ended: one word for the log, one line for the peer.

use std::fmt;

use common::Event;

/// The fixed set of words that the log's close lines end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The member asked to leave.
    Quit,
    /// The peer closed its side.
    Eof,
    /// The connection broke.
    Reset,
    /// The member did not take in what it was sent.
    Slow,
    /// Nothing came for too long.
    Timeout,
    /// No acceptable name in all tries.
    Name,
    /// A line that never ended.
    Line,
    /// No room: too many connections.
    Full,
    /// The operator's decision.
    Kicked,
    /// The server is ending.
    Shutdown,
    /// The peer speaks another protocol.
    Protocol,
    /// A mistake in the server itself.
    Panic,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Quit => "quit",
            Reason::Eof => "eof",
            Reason::Reset => "reset",
            Reason::Slow => "slow",
            Reason::Timeout => "timeout",
            Reason::Name => "name",
            Reason::Line => "line",
            Reason::Full => "full",
            Reason::Kicked => "kicked",
            Reason::Shutdown => "shutdown",
            Reason::Protocol => "protocol",
            Reason::Panic => "panic",
        })
    }
}

/// The end of one connection.
#[derive(Clone, Debug)]
pub struct Ending {
    /// For the log.
    pub reason: Reason,
    /// For the peer: a sentence without a `:`, or nothing where it knows.
    pub told: String,
    /// For a peer that does not know our protocol, the last bytes as they are.
    answer: Option<Vec<u8>>,
}

impl Ending {
    /// An ending that the peer is told about with `told`.
    pub fn told(reason: Reason, told: impl Into<String>) -> Ending {
        let told = told.into();
        let answer = None;
        Ending {
            reason,
            told,
            answer,
        }
    }

    /// An ending whose last bytes, `answer`, are in the peer's own protocol.
    pub fn answered(reason: Reason, answer: Vec<u8>) -> Ending {
        let answer = Some(answer);
        Ending {
            answer,
            ..Ending::from(reason)
        }
    }

    /// The last bytes for the peer.
    pub fn farewell(&self) -> Vec<u8> {
        if let Some(answer) = &self.answer {
            return answer.clone();
        }
        let mut lines = Vec::new();
        if !self.told.is_empty() {
            Event::Refusal(&self.told).encode(&mut lines);
        }
        Event::Quit.encode(&mut lines);
        lines
    }
}

impl From<Reason> for Ending {
    /// An ending that needs no words.
    fn from(reason: Reason) -> Ending {
        Ending::told(reason, "")
    }
}
