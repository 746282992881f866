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

pub use inlet::Inlet;
pub use outlet::Outlet;
pub use pipe::Pipe;
use wire::Wire;
pub use writers::Writers;

use crate::limits::Limits;
use crate::reason::{Ending, Reason};
use crate::udp::{Mailbox, Peer};

/// Tells connections apart for as long as the server runs; grows with time.
pub type Id = u64;

/// What everybody may know of one connection, and do to it.
pub struct Link {
    /// Its number.
    pub id: Id,
    /// Where it comes from, as `accept` said: a peer that is gone by then has
    /// no `peer_addr()` any more.
    pub address: SocketAddr,
    wire: Wire,
    opened: Instant,
    /// When its member last spoke, in nanoseconds after `opened`.
    spoke: AtomicU64,
    /// When anything last came from it, in the same measure.
    heard: AtomicU64,
    /// Whether it has promised to answer an empty line.
    promised: AtomicBool,
    /// Whether the operator does not let it speak.
    muted: AtomicBool,
    lagging: AtomicBool,
    /// What waits for it at the pacer, roughly, in bytes.
    paced: AtomicUsize,
    /// Whether its peer reads only after it has said something.
    awaits_answers: AtomicBool,
    /// Whether it has said something since it was last written to.
    asked: AtomicBool,
    /// Whether its session writes to it as well, and may be blocked on that.
    piped: AtomicBool,
    /// Whether its session waits for bytes, or has ended: nothing is on its way
    /// from there to the broadcaster.
    resting: AtomicBool,
    /// Whether its session has left, and only waits for the peer to close.
    left: AtomicBool,
    /// When a write first found that the peer is gone.
    deaf: OnceLock<Instant>,
    /// Set once, by whoever first finds a reason; later ones change nothing.
    ending: OnceLock<Ending>,
}

/// The three parts of a connection.
pub type Parts = (Arc<Link>, Inlet, Outlet);

/// Makes the three parts of a connection that was just accepted.
///
/// # Errors
///
/// When the socket is already broken.
pub fn open(
    id: Id,
    stream: TcpStream,
    address: SocketAddr,
    limits: &Limits,
    writers: &Arc<Writers>,
) -> io::Result<Parts> {
    // A batch is written at once, so waiting for more to send gains nothing.
    stream.set_nodelay(true)?;
    let link = Link::new(id, address, Wire::Stream(stream));
    let inlet = Inlet::of_stream(Arc::clone(&link));
    let outlet = Outlet::new(Arc::clone(&link), limits, Arc::clone(writers));
    Ok((link, inlet, outlet))
}

/// Makes the three parts of a connection over UDP.
pub fn open_datagrams(
    id: Id,
    peer: Arc<Peer>,
    mailbox: Mailbox,
    limits: &Limits,
    writers: &Arc<Writers>,
) -> Parts {
    let link = Link::new(id, peer.address, Wire::Datagrams(peer));
    let inlet = Inlet::of_datagrams(Arc::clone(&link), mailbox);
    let outlet = Outlet::new(Arc::clone(&link), limits, Arc::clone(writers));
    (link, inlet, outlet)
}

impl Link {
    fn new(id: Id, address: SocketAddr, wire: Wire) -> Arc<Link> {
        Arc::new(Link {
            id,
            address,
            wire,
            opened: Instant::now(),
            spoke: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            promised: AtomicBool::new(false),
            muted: AtomicBool::new(false),
            lagging: AtomicBool::new(false),
            paced: AtomicUsize::new(0),
            awaits_answers: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            piped: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            left: AtomicBool::new(false),
            deaf: OnceLock::new(),
            ending: OnceLock::new(),
        })
    }

    /// Whether it comes over UDP, which does not tell when a peer is gone.
    pub fn is_datagrams(&self) -> bool {
        matches!(self.wire, Wire::Datagrams(_))
    }

    /// Settles why the connection ends, and says whether nobody else had yet.
    /// A session that is busy sees it soon; one that waits for bytes does not
    /// before some come.
    pub fn conclude(&self, ending: impl Into<Ending>) -> bool {
        self.ending.set(ending.into()).is_ok()
    }

    /// Gets the session out of its waiting, which only shutting the reading
    /// side can do. It is the last resort: from then on the kernel answers what
    /// the peer sends with a reset, and throws away what it had not read yet.
    pub fn wake(&self) {
        let how = match self.piped.load(Ordering::Relaxed) {
            true => Shutdown::Both,
            false => Shutdown::Read,
        };
        // An error means that the peer is gone already, which is as good.
        let _ = self.wire.shutdown(how);
    }

    /// Notes that the session has nothing to post and is about to wait.
    pub fn rest(&self) {
        self.resting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Notes that the session goes on; it has to look at [`Link::ending`] next.
    ///
    /// Both sides first write and then look, with a fence between: either the
    /// session sees the ending, or whoever concluded sees it at work.
    pub fn resume(&self) {
        self.resting.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Notes that the session has posted its last.
    pub fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
        self.rest();
    }

    /// Whether it has.
    pub fn has_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// Whether, once it is concluded, nothing more will be posted.
    pub fn is_resting(&self) -> bool {
        fence(Ordering::SeqCst);
        self.resting.load(Ordering::Relaxed)
    }

    /// For how long the peer is known to hear nothing any more.
    pub fn deaf_for(&self) -> Duration {
        self.deaf.get().map(Instant::elapsed).unwrap_or_default()
    }

    /// Notes that a write has found the peer gone.
    fn deafen(&self) {
        let _first_time = self.deaf.set(Instant::now());
    }

    /// Ends the connection of a member whose outlet is stuck. Both ways, as
    /// that also wakes a writer that is blocked on it.
    fn give_up(&self, reason: Reason) {
        self.conclude(reason);
        let _ = self.wire.shutdown(Shutdown::Both);
    }

    /// Why it ends, if it does.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.get()
    }

    /// Notes that the member spoke just now.
    pub fn touch(&self) {
        self.spoke.store(self.age(), Ordering::Relaxed);
    }

    /// Notes that something came just now.
    pub fn hear(&self) {
        self.heard.store(self.age(), Ordering::Relaxed);
    }

    /// When something last came.
    pub fn heard(&self) -> Instant {
        if let Wire::Datagrams(peer) = &self.wire {
            return peer.heard();
        }
        self.opened + Duration::from_nanos(self.heard.load(Ordering::Relaxed))
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// For how long it is open, in nanoseconds: two reads are never the same.
    fn age(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that an unframed peer has said something, and will read only now.
    pub fn ask(&self) {
        self.awaits_answers.store(true, Ordering::Relaxed);
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Notes that an unframed peer reads all the time.
    pub fn listen(&self) {
        self.awaits_answers.store(false, Ordering::Relaxed);
    }

    fn awaits_answers(&self) -> bool {
        self.awaits_answers.load(Ordering::Relaxed)
    }

    fn was_asked(&self) -> bool {
        self.awaits_answers() && self.asked.load(Ordering::Relaxed)
    }

    /// Whether it has asked since the last time; it is answered now.
    fn take_question(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// Notes that the peer has promised to answer an empty line.
    pub fn promise(&self) {
        self.promised.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub fn has_promised(&self) -> bool {
        self.promised.load(Ordering::Relaxed)
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
    pub fn idle(&self) -> Duration {
        let spoke = Duration::from_nanos(self.spoke.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(spoke)
    }

    /// Whether what the member is sent has to wait in a backlog.
    pub fn is_lagging(&self) -> bool {
        self.lagging.load(Ordering::Relaxed)
    }
}
