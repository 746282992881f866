//! Close: why a connection ends. One word for the log, one line for the peer.

use std::fmt;

use common::Event;

/// The reason of a close, from the fixed set of words in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The member sent a request to leave.
    Quit,
    /// The peer closed its side.
    Eof,
    /// The connection broke.
    Reset,
    /// The member did not read what it was sent.
    Slow,
    /// Nothing was received for too long.
    Timeout,
    /// No valid name in all tries.
    Name,
    /// A line had no end.
    Line,
    /// Too many connections.
    Full,
    /// The operator removed the member.
    Kicked,
    /// The server stops.
    Shutdown,
    /// The peer speaks another protocol.
    Protocol,
    /// The session panicked.
    Panic,
}

impl CloseReason {
    /// Returns `true` if the connection broke, so that its member may want to come back.
    pub fn is_break(self) -> bool {
        use CloseReason::{Eof, Line, Reset, Slow, Timeout};
        matches!(self, Eof | Line | Reset | Slow | Timeout)
    }
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

/// The way in which one connection closes.
#[derive(Clone, Debug)]
pub struct Close {
    /// The reason for the log.
    pub reason: CloseReason,
    /// The sentence for the peer, without a `:`; empty where it knows.
    pub message: String,
    /// The last bytes for a peer that speaks another protocol.
    raw_reply: Option<Vec<u8>>,
}

impl Close {
    /// Makes a close with a sentence for the peer.
    pub fn with_message(reason: CloseReason, message: impl Into<String>) -> Close {
        let message = message.into();
        let raw_reply = None;
        Close {
            reason,
            message,
            raw_reply,
        }
    }

    /// Makes a close whose last bytes are in the peer's own protocol.
    pub fn with_raw_reply(reason: CloseReason, reply: Vec<u8>) -> Close {
        let raw_reply = Some(reply);
        Close {
            raw_reply,
            ..Close::from(reason)
        }
    }

    /// Returns the last bytes for the peer.
    pub fn final_bytes(&self) -> Vec<u8> {
        if let Some(reply) = &self.raw_reply {
            return reply.clone();
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
    /// Makes a close without a sentence.
    fn from(reason: CloseReason) -> Close {
        Close::with_message(reason, "")
    }
}
