//! Connection: one socket, in three parts that say who may do what with it.
//!
//! ```text
//!              +-- ReadHalf    moved into the session, which alone reads
//! Transport ---+-- WriteHalf   moved into the broadcaster, which alone writes
//!              +-- Connection  shared by all: address, close cause, activity
//! ```
//!
//! Writes: the owner of the [`WriteHalf`]; while a member lags, a writer thread;
//! for unframed members, the paced writer; for a file, the [`BlockingWriter`].
//! Locks: the backlogs of lagging members and their turns, the admission, the mailboxes of
//! UDP.
//! Blocks: reads, writer threads and the blocking writer; the write half never.
//!
//! The transport is a TCP stream, or one peer's share of a UDP socket. All three
//! parts share it through an `Arc`. `&TcpStream` reads and writes, so a `try_clone`,
//! which would cost one more open file, is not needed. Code outside this folder
//! cannot reach the stream itself.

mod activity;
pub mod admission;
mod backlog;
mod blocking_writer;
pub mod close;
mod fold;
pub mod host;
mod lifecycle;
pub mod open;
mod reader;
mod transport;
pub mod udp;
mod unframed;
mod writer;
mod writer_threads;

use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

pub use blocking_writer::BlockingWriter;
pub use reader::ReadHalf;
pub use writer::WriteHalf;
pub use writer_threads::WriterThreads;

use activity::Activity;
use close::CloseReason;
use lifecycle::Lifecycle;
use transport::Transport;

use crate::limits;

/// The number of a connection. Numbers grow with time and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The number of a member: that of the connection with which it joined. A member that
/// resumes keeps it on its new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u64);

impl MemberId {
    /// Returns the number of the member that first uses `connection`, unless the peer
    /// resumes an earlier member there. The broadcaster and the rooms know a peer without
    /// a name by the number that it would have as a member, which is this one.
    pub fn first_of(connection: ConnectionId) -> MemberId {
        MemberId(connection.0)
    }
}

/// The shared part of one connection, grouped by who writes each field.
pub struct Connection {
    /// The number of the connection.
    pub id: ConnectionId,
    /// The address that `accept` gave. A peer that is gone by then has no
    /// `peer_addr()` any more.
    pub address: SocketAddr,
    /// Set by the session, when it claims its first name or resumes an earlier member.
    member: OnceLock<MemberId>,
    transport: Transport,
    /// Written by the session, and by sessions that want the member's name.
    pub activity: Activity,
    /// Written by the thread that closes the connection, and by the session.
    pub lifecycle: Lifecycle,
    /// Written by the session, for an unframed peer.
    pub replies: ReplyState,
    /// Written by the session and by the operator.
    pub flags: MemberFlags,
    /// Written by the owner of the write half.
    outbound: OutboundState,
}

/// The way in which an unframed peer reads: all the time, or one reply to each request.
#[derive(Default)]
pub struct ReplyState {
    half_duplex: AtomicBool,
    has_request: AtomicBool,
}

/// The choices of a member, and the decisions of the operator about it.
#[derive(Default)]
pub struct MemberFlags {
    answers_probes: AtomicBool,
    muted: AtomicBool,
    may_resume: AtomicBool,
}

/// The state of the bytes for the peer.
#[derive(Default)]
struct OutboundState {
    lagging: AtomicBool,
    /// The bytes that the paced writer still keeps for the peer.
    queued_bytes: AtomicUsize,
    /// The session writes as well, and may be blocked on that.
    has_blocking_writer: AtomicBool,
}

impl Connection {
    fn new(id: ConnectionId, address: SocketAddr, transport: Transport) -> Arc<Connection> {
        Arc::new(Connection {
            id,
            address,
            member: OnceLock::new(),
            transport,
            activity: Activity::new(),
            lifecycle: Lifecycle::default(),
            replies: ReplyState::default(),
            flags: MemberFlags::default(),
            outbound: OutboundState::default(),
        })
    }

    /// Returns a stand-in for this broken connection: its socket can close while the
    /// member keeps its name. No session reads from it.
    pub fn stand_in(&self) -> Arc<Connection> {
        Arc::new(Connection {
            id: self.id,
            address: self.address,
            member: self.member.clone(),
            transport: Transport::Closed,
            activity: self.activity.snapshot(),
            lifecycle: Lifecycle::default(),
            replies: ReplyState::default(),
            flags: MemberFlags::default(),
            outbound: OutboundState::default(),
        })
    }

    /// Returns `true` if the connection is broken, and its member may come back.
    pub fn is_detached(&self) -> bool {
        matches!(self.transport, Transport::Closed)
    }

    /// Returns `true` if the member is about to leave: its connection is closing, and not
    /// by a break after which it may resume.
    pub fn is_leaving(&self) -> bool {
        let close = self.lifecycle.close_cause();
        close.is_some_and(|close| !(close.reason.is_break() && self.flags.may_resume()))
    }

    /// Returns the number of the member that uses the connection.
    pub fn member_id(&self) -> MemberId {
        let bound = self.member.get().copied();
        bound.unwrap_or_else(|| MemberId::first_of(self.id))
    }

    /// Makes this the connection of a member: of an earlier one that resumes, or of a new
    /// one with its first name. Returns `false` if it is bound to another member already.
    #[must_use]
    pub fn bind_member(&self, member: MemberId) -> bool {
        *self.member.get_or_init(|| member) == member
    }

    /// Returns `true` if the peer uses UDP, which does not report its leaving.
    pub fn is_udp(&self) -> bool {
        matches!(self.transport, Transport::Udp(_))
    }

    /// Returns the most bytes of lines in a long answer.
    pub fn max_answer(&self) -> usize {
        if self.is_udp() {
            limits::MAX_UDP_ANSWER
        } else {
            usize::MAX
        }
    }

    /// Returns the time at which the last bytes came, even if the session has not read
    /// them yet.
    pub fn last_received(&self) -> Instant {
        match &self.transport {
            Transport::Udp(udp) => udp.peer.last_received(),
            Transport::Tcp(_) | Transport::Closed => self.activity.last_received(),
        }
    }

    /// Ends the session's wait for bytes, which only a shutdown of the reading side
    /// can do. It is the last resort: from then on the kernel answers what the peer
    /// sends with a reset, and discards what the peer had not read yet.
    pub fn interrupt_read(&self) {
        let how = if self.outbound.has_blocking_writer.load(Ordering::Relaxed) {
            Shutdown::Both
        } else {
            Shutdown::Read
        };
        // An error means that the peer is gone already, so no read blocks.
        let _ = self.transport.shutdown(how);
    }

    /// Closes the connection of a member whose writes are stuck. The shutdown of
    /// both directions also wakes a writer thread that is blocked on it.
    fn abort(&self, reason: CloseReason) {
        self.lifecycle.set_close(reason);
        let _ = self.transport.shutdown(Shutdown::Both);
    }

    /// Returns `true` if bytes for the member wait in its backlog.
    pub fn is_lagging(&self) -> bool {
        self.outbound.lagging.load(Ordering::Relaxed)
    }
}

impl ReplyState {
    /// Records that the peer has sent something, and reads only now.
    pub fn mark_request(&self) {
        self.half_duplex.store(true, Ordering::Relaxed);
        self.has_request.store(true, Ordering::Relaxed);
    }

    /// Records that the peer reads all the time.
    pub fn set_full_duplex(&self) {
        self.half_duplex.store(false, Ordering::Relaxed);
    }

    fn is_half_duplex(&self) -> bool {
        self.half_duplex.load(Ordering::Relaxed)
    }

    fn has_request(&self) -> bool {
        self.is_half_duplex() && self.has_request.load(Ordering::Relaxed)
    }

    /// Returns `true` if a request came since the last call, which is answered now.
    fn take_request(&self) -> bool {
        self.has_request.swap(false, Ordering::Relaxed)
    }
}

impl MemberFlags {
    /// Records that the peer has opted in to answer an empty line with one.
    pub fn set_answers_probes(&self) {
        self.answers_probes.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if the peer answers an empty line with one.
    pub fn answers_probes(&self) -> bool {
        self.answers_probes.load(Ordering::Relaxed)
    }

    /// Records that the member has a token.
    pub fn set_may_resume(&self) {
        self.may_resume.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if the member has a token.
    pub fn may_resume(&self) -> bool {
        self.may_resume.load(Ordering::Relaxed)
    }

    /// Mutes the member, or lets it speak again. Returns `true` if it was muted before.
    /// The registry sets it for the present connection of a member.
    pub fn set_muted(&self, muted: bool) -> bool {
        self.muted.swap(muted, Ordering::Relaxed)
    }

    /// Returns `true` if the member may not speak.
    pub fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_bound_to_one_member_for_good() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let [earlier, own] = [1, 2].map(|id| MemberId::first_of(ConnectionId(id)));
        let connection = Connection::new(ConnectionId(2), address, Transport::Closed);
        assert_eq!(connection.member_id(), own);
        assert!(connection.bind_member(earlier) && connection.bind_member(earlier));
        assert!(!connection.bind_member(own));
        assert_eq!(connection.member_id(), earlier);
        assert_eq!(connection.stand_in().member_id(), earlier);
    }
}
