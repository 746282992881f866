//! Turns a connection into a session's thread, if the door lets it in.
//!
//! Every way in leads here, from whatever listener it comes. Nothing in this
//! file waits for a peer, so none can hold up those behind it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::door::{self, Door};
use crate::limits;
use crate::link::{self, Id, Inlet, Link, Outlet, Writers};
use crate::post::Post;
use crate::reason::{Ending, Reason};
use crate::session::{self, Shared};
use crate::udp::{Mailbox, Peer};
use crate::usher::Usher;

/// Where connections come in.
pub struct Entrance {
    /// Decides who comes in.
    door: Arc<Door>,
    /// Shows out who has to make room.
    usher: Usher,
    /// Given to each session.
    shared: Shared,
    /// For the outlets of lagging members.
    writers: Arc<Writers>,
    /// A copy is held for each refused connection that is still read from.
    lingering: Arc<()>,
    /// How many have come.
    count: AtomicU64,
}

impl Entrance {
    /// An entrance to the room that `shared` tells of.
    pub fn new(door: Arc<Door>, usher: Usher, shared: Shared, writers: Arc<Writers>) -> Entrance {
        Entrance {
            door,
            usher,
            shared,
            writers,
            lingering: Arc::new(()),
            count: AtomicU64::new(0),
        }
    }

    /// Takes in a connection that was just accepted from `address`.
    ///
    /// # Errors
    ///
    /// When its peer is gone again already.
    pub fn take_in(&self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let limits = &self.shared.limits;
        let parts = link::open(self.next(), stream, address, limits, &self.writers)?;
        self.admit(parts)
    }

    /// Takes in a peer that has proved its address, and whose first line is in its
    /// mailbox already.
    pub fn take_in_peer(&self, peer: Arc<Peer>, mailbox: Mailbox) {
        let limits = &self.shared.limits;
        let parts = link::open_datagrams(self.next(), peer, mailbox, limits, &self.writers);
        // An error means that the machine has no thread left, which it was told.
        let _told = self.admit(parts);
    }

    /// The number of the next connection.
    fn next(&self) -> Id {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn admit(&self, (link, inlet, outlet): (Arc<Link>, Inlet, Outlet)) -> io::Result<()> {
        let address = link.address;
        self.shared.posts.send(Post::Open(outlet));
        let admitted = self.shared.rules.admit_address(address.ip());
        let pass = match admitted.and_then(|()| self.door.admit(&link)) {
            Ok((pass, crowded_out)) => {
                if let Some(oldest) = crowded_out {
                    self.usher.show_out(&oldest, door::crowded_out());
                }
                pass
            }
            Err(ending) => {
                session::turn_away(&link, &self.shared.posts, ending);
                return self.linger(inlet, address);
            }
        };
        let (visitor, shared) = (Arc::clone(&link), self.shared.clone());
        let life = move || session::run(inlet, visitor, pass, shared);
        if spawn("session", address, life).is_err() {
            let ending = Ending::told(Reason::Full, "The room is full.");
            session::turn_away(&link, &self.shared.posts, ending);
        }
        Ok(())
    }

    /// Reads on for a moment from a refused connection, so that it sees why; if
    /// too many of these are under way, it just has to be quick.
    fn linger(&self, mut inlet: Inlet, address: SocketAddr) -> io::Result<()> {
        let place = Arc::clone(&self.lingering);
        if Arc::strong_count(&place) > limits::LINGERING_REFUSALS + 1 {
            return Ok(());
        }
        spawn("refusal", address, move || {
            session::linger(&mut inlet, limits::STOPPING);
            drop(place);
        })
    }
}

/// Starts a thread that nobody joins: an ended thread that waits to be joined
/// keeps its stack, and there may be many. That all sessions have ended is seen
/// from the passes they hold.
fn spawn(job: &str, address: SocketAddr, life: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(format!("{job} {address}"))
        .stack_size(limits::STACK)
        .spawn(life)
        .map(drop)
}
