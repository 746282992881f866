//! Error: why a transfer is refused, or does not reach its end.

/// The reason why a transfer is refused or fails.
#[derive(Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The ticket is invalid. The peer does not learn in which way.
    InvalidTicket,
    /// Refused for this reason.
    Refused(String),
    /// The server's disk is full.
    DiskFull,
}

impl TransferError {
    /// Returns the sentence for the peer.
    pub fn to_sentence(&self) -> &str {
        match self {
            TransferError::InvalidTicket => "Invalid or expired ticket. Request one in the chat.",
            TransferError::Refused(why) => why,
            TransferError::DiskFull => "Upload failed, the server's disk is full.",
        }
    }
}
