//! Turns a connection into a session's thread, if the door lets it in.
//!
//! Every way in leads here, from whatever listener it comes. Nothing in this
//! file waits for a peer, so none can hold up those behind it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::door::{self, ConnectionLimiter};
use crate::limits;
use crate::link::{self, ConnectionId, ReadHalf, Connection, WriteHalf, WriterThreads};
use crate::post::Post;
use crate::reason::{Close, CloseReason};
use crate::session::{self, ServerContext};
use crate::udp::{Mailbox, UdpPeer};
use crate::usher::Reaper;

/// Where connections come in.
pub struct SessionSpawner {
    /// Decides who comes in.
    limiter: Arc<ConnectionLimiter>,
    /// Shows out who has to make room.
    reaper: Reaper,
    /// Given to each session.
    context: ServerContext,
    /// For the outlets of lagging members.
    writers: Arc<WriterThreads>,
    /// A copy is held for each refused connection that is still read from.
    lingering_refusals: Arc<()>,
    /// How many have come.
    opened: AtomicU64,
}

impl SessionSpawner {
    /// An entrance to the room that `shared` tells of.
    pub fn new(limiter: Arc<ConnectionLimiter>, reaper: Reaper, context: ServerContext, writers: Arc<WriterThreads>) -> SessionSpawner {
        SessionSpawner {
            limiter,
            reaper,
            context,
            writers,
            lingering_refusals: Arc::new(()),
            opened: AtomicU64::new(0),
        }
    }

    /// Takes in a connection that was just accepted from `address`.
    ///
    /// # Errors
    ///
    /// When its peer is gone again already.
    pub fn spawn_tcp(&self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let limits = &self.context.limits;
        let parts = link::open_tcp(self.next_id(), stream, address, limits, &self.writers)?;
        self.admit(parts)
    }

    /// Takes in a peer that has proved its address, and whose first line is in its
    /// mailbox already.
    pub fn spawn_udp(&self, peer: Arc<UdpPeer>, mailbox: Mailbox) {
        let limits = &self.context.limits;
        let parts = link::open_udp(self.next_id(), peer, mailbox, limits, &self.writers);
        // An error means that the machine has no thread left, which it was told.
        let _told = self.admit(parts);
    }

    /// The number of the next connection.
    fn next_id(&self) -> ConnectionId {
        self.opened.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn admit(&self, (link, inlet, outlet): (Arc<Connection>, ReadHalf, WriteHalf)) -> io::Result<()> {
        let address = link.address;
        self.context.posts.send(Post::Open(outlet));
        let admitted = self.context.moderation.admit_address(address.ip());
        let pass = match admitted.and_then(|()| self.limiter.admit(&link)) {
            Ok((pass, crowded_out)) => {
                if let Some(oldest) = crowded_out {
                    self.reaper.disconnect(&oldest, door::evicted());
                }
                pass
            }
            Err(ending) => {
                session::reject(&link, &self.context.posts, ending);
                return self.linger_refused(inlet, address);
            }
        };
        let (visitor, shared) = (Arc::clone(&link), self.context.clone());
        let life = move || session::run(inlet, visitor, pass, shared);
        if spawn_detached("session", address, life).is_err() {
            let ending = Close::with_message(CloseReason::Full, "The room is full.");
            session::reject(&link, &self.context.posts, ending);
        }
        Ok(())
    }

    /// Reads on for a moment from a refused connection, so that it sees why; if
    /// too many of these are under way, it just has to be quick.
    fn linger_refused(&self, mut inlet: ReadHalf, address: SocketAddr) -> io::Result<()> {
        let place = Arc::clone(&self.lingering_refusals);
        if Arc::strong_count(&place) > limits::MAX_LINGERING_REFUSALS + 1 {
            return Ok(());
        }
        spawn_detached("refusal", address, move || {
            session::linger(&mut inlet, limits::SHUTDOWN_TIMEOUT);
            drop(place);
        })
    }
}

/// Starts a thread that nobody joins: an ended thread that waits to be joined
/// keeps its stack, and there may be many. That all sessions have ended is seen
/// from the passes they hold.
fn spawn_detached(job: &str, address: SocketAddr, life: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(format!("{job} {address}"))
        .stack_size(limits::SESSION_STACK)
        .spawn(life)
        .map(drop)
}
