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
//! UDP is best effort, and so is this: what meets a full queue is dropped. The peers take
//! [`turns`], and each has a [rate](send_rate).
//!
//! A source can be made up. A peer with a START believes only datagrams that know it,
//! and so does the server. A plain peer, such as `nc -u`, has none: anybody can speak
//! for it, so what it receives has an [`allowance`].
//!
//! Writes: the sender's thread.
//! Locks: the table of peers, for a lookup; a peer's allowance and rate, for a sum.
//! Blocks: the session on its mailbox, the sender's thread on its queue and until a tick.

mod allowance;
mod mailbox;
mod peer;
mod send_rate;
mod sender;
mod turns;

pub use mailbox::{Mailbox, PeerTable};
pub use sender::{UdpSender, UdpTransport};
