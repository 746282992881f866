//! UDP: the share of one peer in the socket that all UDP peers use.
//!
//! TCP tells a session who sent the bytes and when that peer is gone. Here the
//! address tells the first, and a missing heartbeat the second.
//!
//! ```text
//! socket -> accept/udp -> the peer's mailbox, which is bounded -> its session
//! broadcaster -> write half -> sender -> one datagram for each line -> socket
//! ```
//!
//! UDP is best effort, and so is this: what meets a full queue is dropped.
//!
//! Writes: the sender's thread.
//! Locks: the table of peers, for a lookup.
//! Blocks: the session on its mailbox, the sender's thread on its queue.

mod mailbox;
mod peer;
mod sender;

pub use mailbox::{Mailbox, PeerTable};
pub use peer::{Datagram, UdpPeer};
pub use sender::{UdpSender, UdpTransport};
