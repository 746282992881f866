//! Transfer errors: the reasons why a transfer failed.

/// An error that ended a transfer, or one attempt of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The connection broke; another attempt may help.
    Broken(String),
    /// The server refused it, for this reason.
    Refused(String),
    /// Something failed here, or the server violated the protocol.
    Failed(String),
    /// The user cancelled it.
    Cancelled,
}

impl TransferError {
    /// Returns the reason for the user.
    pub fn reason(&self) -> &str {
        match self {
            TransferError::Broken(why)
            | TransferError::Refused(why)
            | TransferError::Failed(why) => why,
            TransferError::Cancelled => "cancelled",
        }
    }
}
