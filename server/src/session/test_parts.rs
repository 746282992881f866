//! Test parts: those of a server without its threads, so that a test takes each step of a
//! session itself.
//!
//! It exists only in the server's own unit tests.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use common::{Capabilities, Capability, Name, Token};
use crossbeam_channel::Receiver;

use super::context::ServerContext;
use super::guard::SessionGuard;
use crate::broadcaster::post::{self, Post};
use crate::connection::admission::{AdmissionControl, Permit};
use crate::connection::open::{ConnectionFactory, ConnectionParts};
use crate::connection::{ConnectionId, WriterThreads};
use crate::console::Console;
use crate::limits::Limits;
use crate::moderation::reaper::Reaper;
use crate::record::log::{self, LogScope};
use crate::registry::Registry;
use crate::resume::ResumeTable;
use crate::shutdown::{self, ShutdownHandle};

/// The address from which she joins first.
pub const HOME: &str = "10.0.0.7";

/// An open connection, with its permit and its peer.
pub type Open = (ConnectionParts, Permit, TcpStream);

/// The parts that sessions and the console share.
pub struct TestParts {
    pub context: ServerContext,
    /// The posts, which no broadcaster takes.
    pub queue: Receiver<Post>,
    shutdown: ShutdownHandle,
    listener: TcpListener,
    admission: Arc<AdmissionControl>,
    factory: ConnectionFactory,
    opened: Cell<u64>,
}

impl TestParts {
    /// Makes the parts, with the default limits.
    pub fn new() -> TestParts {
        let (posts, queue) = post::channel();
        let limits = Arc::new(Limits::default());
        let (handle, shutdown) = shutdown::channel();
        let context = ServerContext {
            registry: Arc::new(Registry::new(limits.max_rooms)),
            resume: Arc::new(ResumeTable::new()),
            allowances: Arc::default(),
            reaper: Reaper::start(posts.clone()).unwrap(),
            moderation: Arc::default(),
            files: None,
            started: Instant::now(),
            limits: Arc::clone(&limits),
            shutdown,
            posts,
        };
        let (admission, _all_closed) = AdmissionControl::new(&limits);
        let (writers, _threads) = WriterThreads::start(1, limits.stall_timeout).unwrap();
        TestParts {
            context,
            queue,
            shutdown: handle,
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            admission,
            factory: ConnectionFactory { limits, writers },
            opened: Cell::new(0),
        }
    }

    /// Opens a connection that counts as one from the address `from`. Returns its peer as
    /// well.
    pub fn connect(&self, from: &str) -> (ConnectionParts, Permit, TcpStream) {
        let peer = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        let (stream, _) = self.listener.accept().unwrap();
        self.opened.set(self.opened.get() + 1);
        let id = ConnectionId(self.opened.get());
        let address = SocketAddr::new(from.parse().unwrap(), 1);
        let parts = self.factory.open_tcp(id, stream, address).unwrap();
        let permit = self.admission.admit(&parts.connection).ok().unwrap();
        (parts, permit, peer)
    }

    /// Makes the guard of a connection's session.
    pub fn guard<'a>(&self, (parts, permit, _peer): &'a Open) -> SessionGuard<'a> {
        let context = self.context.clone();
        SessionGuard::new(Arc::clone(&parts.connection), context, permit)
    }

    /// Joins ann, who may resume.
    pub fn join_ann<'a>(&self, open: &'a Open) -> (SessionGuard<'a>, Token) {
        let mut guard = self.guard(open);
        guard.capabilities = Capabilities::of(&[Capability::Resume]);
        assert!(guard.join(&ann()).is_ok());
        let token = guard.token.unwrap();
        (guard, token)
    }

    /// Does what the operator types.
    pub fn type_line(&self, line: &str) {
        self.console().run(line.as_bytes());
    }

    /// Returns a console.
    pub fn console(&self) -> Console {
        let (log, _logger) = log::new(LogScope::Everything, Box::new(Vec::new()), None);
        Console {
            posts: self.context.posts.clone(),
            resume: Arc::clone(&self.context.resume),
            registry: Arc::clone(&self.context.registry),
            moderation: Arc::clone(&self.context.moderation),
            files: None,
            reaper: self.context.reaper.clone(),
            shutdown: self.shutdown.clone(),
            log,
        }
    }
}

/// Returns the name of the member that the tests are about.
pub fn ann() -> Name {
    Name::from_static("ann")
}
