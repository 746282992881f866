//! Spawn: an accepted connection becomes a session's thread, if it is admitted.
//!
//! Every listener leads here. No function in this file waits for a peer, so no
//! peer can hold up those behind it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::broadcaster::post::{ConnectionPost, Post};
use crate::connection::admission::{self, AdmissionControl};
use crate::connection::open::{ConnectionFactory, ConnectionParts};
use crate::connection::udp::{Mailbox, UdpTransport};
use crate::connection::{ConnectionId, ReadHalf};
use crate::limits;
use crate::session;
use crate::session::context::ServerContext;
use crate::session::linger::linger;

/// The way from a new connection to its session.
pub struct SessionSpawner {
    /// Decides which connections are admitted.
    admission: Arc<AdmissionControl>,
    /// Shared by all sessions.
    context: ServerContext,
    factory: ConnectionFactory,
    /// Each refused connection that is still read from holds a copy.
    lingering_refusals: Arc<()>,
    /// The number of connections so far.
    opened: AtomicU64,
}

impl SessionSpawner {
    /// Makes a spawner of sessions that share `context`.
    pub fn new(
        admission: Arc<AdmissionControl>,
        context: ServerContext,
        factory: ConnectionFactory,
    ) -> SessionSpawner {
        SessionSpawner {
            admission,
            context,
            factory,
            lingering_refusals: Arc::new(()),
            opened: AtomicU64::new(0),
        }
    }

    /// Starts the session of a stream that was just accepted from `address`.
    ///
    /// # Errors
    ///
    /// When its peer is gone already.
    pub fn spawn_tcp(&self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let parts = self.factory.open_tcp(self.next_id(), stream, address)?;
        self.spawn(parts)
    }

    /// Starts the session of a peer that has proved its address. The first line of
    /// the peer is in its mailbox already.
    pub fn spawn_udp(&self, udp: UdpTransport, mailbox: Mailbox) {
        let parts = self.factory.open_udp(self.next_id(), udp, mailbox);
        // An error means that no thread is left, which the peer has received.
        let _refused = self.spawn(parts);
    }

    /// Returns the number of the next connection.
    fn next_id(&self) -> ConnectionId {
        ConnectionId(self.opened.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn spawn(&self, parts: ConnectionParts) -> io::Result<()> {
        let ConnectionParts {
            connection,
            read_half,
            write_half,
        } = parts;
        let address = connection.address;
        let posts = &self.context.posts;
        posts.send(Post::Connection(ConnectionPost::Open(write_half)));
        let allowed = self.context.moderation.admit_address(address.ip());
        let permit = match allowed.and_then(|()| self.admission.admit(&connection)) {
            Ok(permit) => permit,
            Err(close) => {
                session::reject(&connection, posts, close);
                return self.linger_refused(read_half, address);
            }
        };
        let (shared, context) = (Arc::clone(&connection), self.context.clone());
        let body = move || session::run(read_half, shared, permit, context);
        if spawn_unjoined("session", address, body).is_err() {
            session::reject(&connection, posts, admission::server_full());
        }
        Ok(())
    }

    /// Reads on for a moment from a refused connection, so that it receives the
    /// reason. If too many of these are under way, the peer just has to be quick.
    fn linger_refused(&self, mut read_half: ReadHalf, address: SocketAddr) -> io::Result<()> {
        let slot = Arc::clone(&self.lingering_refusals);
        if Arc::strong_count(&slot) > limits::MAX_LINGERING_REFUSALS + 1 {
            return Ok(());
        }
        spawn_unjoined("refusal", address, move || {
            linger(&mut read_half, limits::SHUTDOWN_TIMEOUT);
            drop(slot);
        })
    }
}

/// Starts a thread that is not joined: an ended thread that waits to be joined
/// keeps its stack, and there may be many. The permits tell when all have ended.
fn spawn_unjoined(
    role: &str,
    address: SocketAddr,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    thread::Builder::new()
        .name(format!("{role} {address}"))
        .stack_size(limits::SESSION_STACK)
        .spawn(body)
        .map(drop)
}
