//! Connection errors: from a system's error to a sentence.

use std::io::{self, ErrorKind};

use common::Address;

use super::transport::Transport;

/// The reason for exit code 6 when a script's `q:quit` was not answered.
pub const QUIT_UNANSWERED: &str = "the server has not answered q:quit; the last lines may be lost";

/// Returns the message for an `address` that was not reached.
pub(super) fn unreachable(address: &Address, why: &str) -> String {
    format!("cannot connect to {address}: {why}")
}

/// Returns the message for an `address` that refuses connections. UDP learns this
/// only when the first datagram comes back.
pub fn refused_message(address: &Address, transport: Transport) -> String {
    let error = ErrorKind::ConnectionRefused.into();
    unreachable(address, &explain(&error, transport))
}

/// Describes `error`, and suggests what to check.
pub(super) fn explain(error: &io::Error, transport: Transport) -> String {
    match (error.kind(), transport) {
        (ErrorKind::ConnectionRefused, Transport::Udp) => {
            "connection refused. Is the server running over UDP (chat-server --udp)?".into()
        }
        (ErrorKind::ConnectionRefused, _) => "connection refused. Is the server running?".into(),
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => {
            "no answer. Is the address right?".into()
        }
        _ => describe(error),
    }
}

/// Describes `error` without its number, which tells a person nothing.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

/// Returns `true` if `error` only says that the time limit of a read or write has
/// passed.
///
/// Unix calls it `WouldBlock`, Windows `TimedOut`.
pub fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_error_is_left_out() {
        assert_eq!(
            describe(&io::Error::from_raw_os_error(104)),
            "connection reset by peer"
        );
    }
}
