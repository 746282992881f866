//! One connection, in three parts that say who may do what with its socket.
//!
//! ```text
//!         +-- Inlet   read by the session, moved into its thread
//! Wire ---+-- Outlet  written to by the broadcaster, which owns it
//!         +-- Link    seen by all: its address, its end, how it fares
//! ```
//!
//! The wire is a TCP stream, or one peer's share of a UDP socket. All three parts
//! share it through an `Arc`: `&TcpStream` reads and writes, so a `try_clone`, which
//! would cost one more open file, is not needed. Nobody outside this folder can
//! reach the stream itself.

mod backlog;
mod inlet;
mod outlet;
mod pacer;
mod pipe;
mod wire;
mod writers;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use inlet::ReadHalf;
pub use outlet::WriteHalf;
pub use pipe::BlockingWriter;
use wire::Transport;
pub use writers::WriterThreads;

use crate::limits::Limits;
use crate::reason::{Close, CloseReason};
use crate::udp::{Mailbox, UdpPeer};

/// Tells connections apart for as long as the server runs; grows with time.
pub type ConnectionId = u64;

/// What everybody may know of one connection, and do to it.
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// Where it comes from, as `accept` said: a peer that is gone by then has
    /// no `peer_addr()` any more.
    pub address: SocketAddr,
    transport: Transport,
    opened: Instant,
    /// When its member last spoke, in nanoseconds after `opened`.
    last_message: AtomicU64,
    /// When anything last came from it, in the same measure.
    last_received: AtomicU64,
    /// Whether it has promised to answer an empty line.
    answers_probes: AtomicBool,
    /// Whether the operator does not let it speak.
    muted: AtomicBool,
    lagging: AtomicBool,
    /// What waits for it at the pacer, roughly, in bytes.
    queued_bytes: AtomicUsize,
    /// Whether its peer reads only after it has said something.
    half_duplex: AtomicBool,
    /// Whether it has said something since it was last written to.
    has_request: AtomicBool,
    /// Whether its session writes to it as well, and may be blocked on that.
    has_blocking_writer: AtomicBool,
    /// Whether its session waits for bytes, or has ended: nothing is on its way
    /// from there to the broadcaster.
    waiting: AtomicBool,
    /// Whether its session has left, and only waits for the peer to close.
    done: AtomicBool,
    /// When a write first found that the peer is gone.
    peer_gone: OnceLock<Instant>,
    /// Set once, by whoever first finds a reason; later ones change nothing.
    close: OnceLock<Close>,
}

/// The three parts of a connection.
pub type Parts = (Arc<Connection>, ReadHalf, WriteHalf);

/// Makes the three parts of a connection that was just accepted.
///
/// # Errors
///
/// When the socket is already broken.
pub fn open_tcp(
    id: ConnectionId,
    stream: TcpStream,
    address: SocketAddr,
    limits: &Limits,
    writers: &Arc<WriterThreads>,
) -> io::Result<Parts> {
    // A batch is written at once, so waiting for more to send gains nothing.
    stream.set_nodelay(true)?;
    let link = Connection::new(id, address, Transport::Tcp(stream));
    let inlet = ReadHalf::of_tcp(Arc::clone(&link));
    let outlet = WriteHalf::new(Arc::clone(&link), limits, Arc::clone(writers));
    Ok((link, inlet, outlet))
}

/// Makes the three parts of a connection over UDP.
pub fn open_udp(
    id: ConnectionId,
    peer: Arc<UdpPeer>,
    mailbox: Mailbox,
    limits: &Limits,
    writers: &Arc<WriterThreads>,
) -> Parts {
    let link = Connection::new(id, peer.address, Transport::Udp(peer));
    let inlet = ReadHalf::of_udp(Arc::clone(&link), mailbox);
    let outlet = WriteHalf::new(Arc::clone(&link), limits, Arc::clone(writers));
    (link, inlet, outlet)
}

impl Connection {
    fn new(id: ConnectionId, address: SocketAddr, wire: Transport) -> Arc<Connection> {
        Arc::new(Connection {
            id,
            address,
            transport: wire,
            opened: Instant::now(),
            last_message: AtomicU64::new(0),
            last_received: AtomicU64::new(0),
            answers_probes: AtomicBool::new(false),
            muted: AtomicBool::new(false),
            lagging: AtomicBool::new(false),
            queued_bytes: AtomicUsize::new(0),
            half_duplex: AtomicBool::new(false),
            has_request: AtomicBool::new(false),
            has_blocking_writer: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            done: AtomicBool::new(false),
            peer_gone: OnceLock::new(),
            close: OnceLock::new(),
        })
    }

    /// Whether it comes over UDP, which does not tell when a peer is gone.
    pub fn is_udp(&self) -> bool {
        matches!(self.transport, Transport::Udp(_))
    }

    /// Settles why the connection ends, and says whether nobody else had yet.
    /// A session that is busy sees it soon; one that waits for bytes does not
    /// before some come.
    pub fn set_close(&self, ending: impl Into<Close>) -> bool {
        self.close.set(ending.into()).is_ok()
    }

    /// Gets the session out of its waiting, which only shutting the reading
    /// side can do. It is the last resort: from then on the kernel answers what
    /// the peer sends with a reset, and throws away what it had not read yet.
    pub fn interrupt_read(&self) {
        let how = match self.has_blocking_writer.load(Ordering::Relaxed) {
            true => Shutdown::Both,
            false => Shutdown::Read,
        };
        // An error means that the peer is gone already, which is as good.
        let _ = self.transport.shutdown(how);
    }

    /// Notes that the session has nothing to post and is about to wait.
    pub fn begin_wait(&self) {
        self.waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Notes that the session goes on; it has to look at [`Link::ending`] next.
    ///
    /// Both sides first write and then look, with a fence between: either the
    /// session sees the ending, or whoever concluded sees it at work.
    pub fn end_wait(&self) {
        self.waiting.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Notes that the session has posted its last.
    pub fn mark_done(&self) {
        self.done.store(true, Ordering::Relaxed);
        self.begin_wait();
    }

    /// Whether it has.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether, once it is concluded, nothing more will be posted.
    pub fn is_waiting(&self) -> bool {
        fence(Ordering::SeqCst);
        self.waiting.load(Ordering::Relaxed)
    }

    /// For how long the peer is known to hear nothing any more.
    pub fn peer_gone_for(&self) -> Duration {
        self.peer_gone.get().map(Instant::elapsed).unwrap_or_default()
    }

    /// Notes that a write has found the peer gone.
    fn record_peer_gone(&self) {
        let _first_time = self.peer_gone.set(Instant::now());
    }

    /// Ends the connection of a member whose outlet is stuck. Both ways, as
    /// that also wakes a writer that is blocked on it.
    fn abort(&self, reason: CloseReason) {
        self.set_close(reason);
        let _ = self.transport.shutdown(Shutdown::Both);
    }

    /// Why it ends, if it does.
    pub fn close_cause(&self) -> Option<&Close> {
        self.close.get()
    }

    /// Notes that the member spoke just now.
    pub fn record_message(&self) {
        self.last_message.store(self.nanos_since_open(), Ordering::Relaxed);
    }

    /// Notes that something came just now.
    pub fn record_received(&self) {
        self.last_received.store(self.nanos_since_open(), Ordering::Relaxed);
    }

    /// When something last came.
    pub fn last_received(&self) -> Instant {
        if let Transport::Udp(peer) = &self.transport {
            return peer.last_received();
        }
        self.opened + Duration::from_nanos(self.last_received.load(Ordering::Relaxed))
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// For how long it is open, in nanoseconds: two reads are never the same.
    fn nanos_since_open(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that an unframed peer has said something, and will read only now.
    pub fn mark_request(&self) {
        self.half_duplex.store(true, Ordering::Relaxed);
        self.has_request.store(true, Ordering::Relaxed);
    }

    /// Notes that an unframed peer reads all the time.
    pub fn set_full_duplex(&self) {
        self.half_duplex.store(false, Ordering::Relaxed);
    }

    fn is_half_duplex(&self) -> bool {
        self.half_duplex.load(Ordering::Relaxed)
    }

    fn has_request(&self) -> bool {
        self.is_half_duplex() && self.has_request.load(Ordering::Relaxed)
    }

    /// Whether it has asked since the last time; it is answered now.
    fn take_request(&self) -> bool {
        self.has_request.swap(false, Ordering::Relaxed)
    }

    /// Notes that the peer has promised to answer an empty line.
    pub fn set_answers_probes(&self) {
        self.answers_probes.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub fn answers_probes(&self) -> bool {
        self.answers_probes.load(Ordering::Relaxed)
    }

    /// Lets its member speak or not.
    pub fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    /// Whether its member may not speak.
    pub fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }

    /// How long the member has said nothing.
    pub fn idle_time(&self) -> Duration {
        let spoke = Duration::from_nanos(self.last_message.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(spoke)
    }

    /// Whether what the member is sent has to wait in a backlog.
    pub fn is_lagging(&self) -> bool {
        self.lagging.load(Ordering::Relaxed)
    }
}
