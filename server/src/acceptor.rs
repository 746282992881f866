//! Turns connections into session threads.
//!
//! It accepts, asks the door and spawns. It never reads, writes or resolves
//! anything, so nothing that a peer does or leaves undone can hold it up.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::door::{self, Door};
use crate::limits;
use crate::link::{self, Id, Inlet, Writers};
use crate::log::Log;
use crate::post::Post;
use crate::reason::{Ending, Reason};
use crate::session::{self, Shared};
use crate::stop::Stop;
use crate::usher::Usher;

/// The first pause after a failed `accept`. Without one, a server that is out
/// of open files would try, and fail, three million times a second (measured).
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: so soon after files are free again, people get in.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often the log tells of failing accepts.
const REPEAT_FAULT: Duration = Duration::from_secs(10);

/// Accepts connections until the server ends.
pub struct Acceptor {
    /// Decides who comes in.
    pub door: Arc<Door>,
    /// Shows out who has to make room.
    pub usher: Usher,
    /// Given to each session.
    pub shared: Shared,
    /// Ends this thread.
    pub stop: Stop,
    /// For the outlets of lagging members.
    pub writers: Arc<Writers>,
    /// Tells of failing accepts.
    pub log: Log,
    /// A copy is held for each refused connection that is still read from.
    pub lingering: Arc<()>,
}

impl Acceptor {
    /// The thread's life: until the stop signal is raised, and then the next
    /// connection.
    pub fn run(self, listener: &TcpListener) {
        let mut pause = SHORTEST_PAUSE;
        let mut reported: Option<Instant> = None;
        let mut id = 0;
        loop {
            let accepted = listener.accept();
            if self.stop.is_raised() {
                return;
            }
            match accepted {
                Ok((stream, address)) => {
                    pause = SHORTEST_PAUSE;
                    id += 1;
                    // An error here is a peer that is gone again already.
                    let _ = self.take_in(id, stream, address);
                }
                Err(error) => {
                    if reported.is_none_or(|at| at.elapsed() >= REPEAT_FAULT) {
                        reported = Some(Instant::now());
                        self.log.line(format!("[SERVER] cannot accept: {error}."));
                    }
                    self.stop.sleep(pause);
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    fn take_in(&self, id: Id, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let (link, inlet, outlet) =
            link::open(id, stream, address, &self.shared.limits, &self.writers)?;
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
            session::linger(&mut inlet);
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
