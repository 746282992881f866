//! Members over UDP. What TCP gives a session for nothing is made here: who a
//! datagram is from, whether that address is real, and when it is gone.
//!
//! ```text
//!          +-- a new address: hello -> COOKIE -> entrance -> a session like any other
//! socket --+
//!          +-- a known one: its session's mailbox, which is bounded
//!
//! broadcaster -> outlet -> sender -> one datagram for each line -> socket
//! ```
//!
//! UDP is best effort, and so is this: what finds a queue full is dropped.

mod cookie;
mod peer;
mod receiver;
mod sender;

pub use peer::{Mailbox, UdpPeer};
pub use receiver::UdpReceiver;
pub use sender::UdpSender;
