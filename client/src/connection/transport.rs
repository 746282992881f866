//! Transports: how lines reach the server, and the limits of each.

use std::time::Duration;

use common::udp::sequence::MAX_PREFIX;
use common::{MAX_DATAGRAM, MAX_LINE};

/// The time in which the server must be found and reached. After a longer wait a
/// person believes that the program hangs.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time that a read or write blocks, so that its caller checks the
/// clock a few times a second.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// The size of the longest unframed text in bytes: what a script of the textbook's
/// kind reads at once. It would take the rest for another message.
const MAX_TEXT: usize = 1024;

/// A way to carry lines to the server and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Lines over TCP, each with a newline.
    #[default]
    Tcp,
    /// Texts without newlines over TCP, for an unframed server.
    Unframed,
    /// Datagrams over UDP, each a line.
    Udp,
}

impl Transport {
    /// Returns the size of the longest line in bytes, without its newline.
    pub fn max_line(self) -> usize {
        match self {
            Transport::Tcp => MAX_LINE - 1,
            Transport::Unframed => MAX_TEXT,
            Transport::Udp => MAX_DATAGRAM - MAX_PREFIX - 1,
        }
    }
}
