//! Why a connection ended: one word for the log, one line for the peer.

use std::fmt;

use common::Event;

/// The fixed set of words that the log's close lines end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
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

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Quit => "quit",
            CloseReason::Eof => "eof",
            CloseReason::Reset => "reset",
            CloseReason::Slow => "slow",
            CloseReason::Timeout => "timeout",
            CloseReason::Name => "name",
            CloseReason::Line => "line",
            CloseReason::Full => "full",
            CloseReason::Kicked => "kicked",
            CloseReason::Shutdown => "shutdown",
            CloseReason::Protocol => "protocol",
            CloseReason::Panic => "panic",
        })
    }
}

/// The end of one connection.
#[derive(Clone, Debug)]
pub struct Close {
    /// For the log.
    pub reason: CloseReason,
    /// For the peer: a sentence without a `:`, or nothing where it knows.
    pub message: String,
    /// For a peer that does not know our protocol, the last bytes as they are.
    raw_reply: Option<Vec<u8>>,
}

impl Close {
    /// An ending that the peer is told about with `told`.
    pub fn with_message(reason: CloseReason, message: impl Into<String>) -> Close {
        let message = message.into();
        let raw_reply = None;
        Close {
            reason,
            message,
            raw_reply,
        }
    }

    /// An ending whose last bytes, `answer`, are in the peer's own protocol.
    pub fn with_raw_reply(reason: CloseReason, answer: Vec<u8>) -> Close {
        let raw_reply = Some(answer);
        Close {
            raw_reply,
            ..Close::from(reason)
        }
    }

    /// The last bytes for the peer.
    pub fn final_bytes(&self) -> Vec<u8> {
        if let Some(answer) = &self.raw_reply {
            return answer.clone();
        }
        let mut lines = Vec::new();
        if !self.message.is_empty() {
            Event::Refusal(&self.message).encode(&mut lines);
        }
        Event::Quit.encode(&mut lines);
        lines
    }
}

impl From<CloseReason> for Close {
    /// An ending that needs no words.
    fn from(reason: CloseReason) -> Close {
        Close::with_message(reason, "")
    }
}
