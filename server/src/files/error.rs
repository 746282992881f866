//! Error: why a transfer is refused, or does not reach its end.

/// Why one does not run, or not to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The ticket is not good; nobody is told in which way.
    InvalidTicket,
    /// For this reason.
    Refused(String),
}

impl TransferError {
    /// The sentence for the peer.
    pub fn to_sentence(&self) -> &str {
        match self {
            TransferError::InvalidTicket => "That ticket is not good. Ask for one in the chat.",
            TransferError::Refused(why) => why,
        }
    }
}
