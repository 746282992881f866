//! One connection, in three parts that say who may do what with its socket.
//!
//! ```text
//!              +-- Inlet   read by the session, moved into its thread
//! TcpStream ---+-- Outlet  written to by the broadcaster, which owns it
//!              +-- Link    seen by all: its address, its end, how it fares
//! ```
//!
//! All three share one socket through an `Arc`: `&TcpStream` reads and writes,
//! so a `try_clone`, which would cost one more open file, is not needed. Nobody
//! outside this folder can reach the stream itself.

mod backlog;
mod inlet;
mod outlet;
mod writers;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use inlet::Inlet;
pub use outlet::Outlet;
pub use writers::Writers;

use crate::limits::Limits;
use crate::reason::{Ending, Reason};

/// Tells connections apart for as long as the server runs; grows with time.
pub type Id = u64;

/// What everybody may know of one connection, and do to it.
pub struct Link {
    /// Its number.
    pub id: Id,
    /// Where it comes from, as `accept` said: a peer that is gone by then has
    /// no `peer_addr()` any more.
    pub address: SocketAddr,
    stream: TcpStream,
    opened: Instant,
    /// When its member last spoke, in milliseconds after `opened`.
    spoke: AtomicU64,
    lagging: AtomicBool,
    /// Set once, by whoever first finds a reason; later ones change nothing.
    ending: OnceLock<Ending>,
}

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
) -> io::Result<(Arc<Link>, Inlet, Outlet)> {
    // A batch is written at once, so waiting for more to send gains nothing.
    stream.set_nodelay(true)?;
    let link = Arc::new(Link {
        id,
        address,
        stream,
        opened: Instant::now(),
        spoke: AtomicU64::new(0),
        lagging: AtomicBool::new(false),
        ending: OnceLock::new(),
    });
    let inlet = Inlet::new(Arc::clone(&link));
    let outlet = Outlet::new(Arc::clone(&link), limits, Arc::clone(writers));
    Ok((link, inlet, outlet))
}

impl Link {
    /// Settles why the connection ends, said by its own session.
    pub fn conclude(&self, ending: impl Into<Ending>) {
        let _first_one_counts = self.ending.set(ending.into());
    }

    /// Ends the connection from outside: the session's read returns, and the
    /// session then takes its leave as it always does. Only the reading side is
    /// shut, so that the farewell can still be sent.
    pub fn cut(&self, ending: impl Into<Ending>) {
        self.conclude(ending);
        // An error means that the peer is gone already, which is as good.
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// Ends the connection of a member whose outlet is stuck. Both ways, as
    /// that also wakes a writer that is blocked on it.
    fn give_up(&self, reason: Reason) {
        self.conclude(reason);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Why it ends, if it does.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.get()
    }

    /// Notes that the member spoke just now.
    pub fn touch(&self) {
        let spoke = self.opened.elapsed().as_millis();
        let spoke = u64::try_from(spoke).unwrap_or(u64::MAX);
        self.spoke.store(spoke, Ordering::Relaxed);
    }

    /// How long the member has said nothing.
    pub fn idle(&self) -> Duration {
        let spoke = Duration::from_millis(self.spoke.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(spoke)
    }

    /// Whether what the member is sent has to wait in a backlog.
    pub fn is_lagging(&self) -> bool {
        self.lagging.load(Ordering::Relaxed)
    }
}
