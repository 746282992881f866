//! Starts every thread, each with the ends of the channels that it needs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::ServerConfig;
use crate::acceptor::TcpAcceptor;
use crate::broadcaster::{Broadcaster, RoomConfig};
use crate::console::Console;
use crate::door::ConnectionLimiter;
use crate::entrance::SessionSpawner;
use crate::files::Files;
use crate::limits;
use crate::link::WriterThreads;
use crate::listeners::Listeners;
use crate::log::{self, Log};
use crate::post::{self, PostSender};
use crate::registry::Registry;
use crate::rules::Moderation;
use crate::session::ServerContext;
use crate::stop::{self, Shutdown, ShutdownHandle};
use crate::tap::Recorder;
use crate::transcript::Transcript;
use crate::udp::{self, UdpSender};
use crate::usher::Reaper;

/// The threads at which peers arrive, each with the address at which it can be
/// woken.
#[derive(Default)]
pub(super) struct ListenerThreads {
    pub(super) acceptors: Vec<(SocketAddr, JoinHandle<()>)>,
    pub(super) receivers: Vec<(SocketAddr, JoinHandle<()>)>,
    /// What is still to be sent over UDP.
    pub(super) udp_senders: Vec<UdpSender>,
}

/// A server's threads, and what is needed to end them.
pub(super) struct Server {
    pub(super) listeners: ListenerThreads,
    /// Removes files that are too old; none where no files are shared.
    pub(super) janitor: Option<JoinHandle<()>>,
    pub(super) limiter: Arc<ConnectionLimiter>,
    /// Disconnects when the door is closed and no session is left.
    pub(super) sessions_ended: Receiver<Infallible>,
    /// Ends what sessions wait for; not before everybody was told why.
    pub(super) session_shutdown: ShutdownHandle,
    pub(super) posts: PostSender,
    pub(super) broadcaster: JoinHandle<()>,
    /// Disconnects when no outlet and no writer is left.
    pub(super) writers_ended: Receiver<Infallible>,
    pub(super) transcript: Option<Transcript>,
    pub(super) transcript_thread: Option<JoinHandle<()>>,
    pub(super) log: Log,
    pub(super) logger: JoinHandle<()>,
}

impl Server {
    pub(super) fn start(
        listeners: Listeners,
        setup: ServerConfig,
        stopper: ShutdownHandle,
        stop: Shutdown,
    ) -> io::Result<Server> {
        let limits = Arc::new(setup.limits);
        let (writers, writers_ended) =
            WriterThreads::start(limits::max_writers(limits.max_clients), limits.stall_timeout)?;
        let (door, sessions_ended) = ConnectionLimiter::new(&limits);
        let (posts, incoming) = post::channel();
        let (log, logger) = log::new(setup.log_scope, setup.output, setup.log_file);
        log.line(setup.banner);

        let logger = spawn("logger", move || logger.run())?;
        let keep = RoomConfig {
            history_lines: limits.history_lines,
            join_notice_limit: limits.join_notice_limit,
        };
        let (transcript, transcriber) = match setup.transcript {
            Some(settings) => {
                let (transcript, thread) = Transcript::start(settings, log.clone())?;
                (Some(transcript), Some(thread))
            }
            None => (None, None),
        };
        let tap = Recorder {
            log: log.clone(),
            transcript: transcript.clone(),
        };
        let broadcaster = Broadcaster::new(keep, tap);
        let broadcaster = spawn("broadcaster", move || broadcaster.run(&incoming))?;
        let registry = Arc::new(Registry::new(limits.max_rooms));
        let rules = Arc::new(Moderation::new(setup.motd));
        let usher = Reaper::start(posts.clone())?;
        let (files, janitor) = match setup.files {
            Some(settings) => {
                let files = Files::open(settings, log.clone()).map_err(io::Error::other)?;
                let janitor = janitor(Arc::clone(&files), stop.clone())?;
                (Some(files), Some(janitor))
            }
            None => (None, None),
        };
        if let Some(input) = setup.console {
            let console = Console {
                posts: posts.clone(),
                registry: Arc::clone(&registry),
                moderation: Arc::clone(&rules),
                files: files.clone(),
                reaper: usher.clone(),
                shutdown: stopper,
                log: log.clone(),
            };
            // Not joined: nothing wakes a thread that waits for a keyboard.
            let _detached = spawn("console", move || console.run(input))?;
        }
        let (session_stopper, session_stop) = stop::channel();
        let shared = ServerContext {
            posts: posts.clone(),
            registry,
            moderation: rules,
            files,
            started: Instant::now(),
            limits,
            shutdown: session_stop,
        };
        let alive = writers.alive();
        let entrance = SessionSpawner::new(Arc::clone(&door), usher, shared, writers);
        let entrance = Arc::new(entrance);
        let arrivals = ListenerThreads::start(listeners, &entrance, &alive, &stop, &log)?;
        Ok(Server {
            listeners: arrivals,
            janitor,
            limiter: door,
            sessions_ended,
            session_shutdown: session_stopper,
            posts,
            broadcaster,
            writers_ended,
            transcript,
            transcript_thread: transcriber,
            log,
            logger,
        })
    }
}

impl ListenerThreads {
    /// Starts a thread for each listener, and one that sends for each UDP socket.
    fn start(
        listeners: Listeners,
        entrance: &Arc<SessionSpawner>,
        alive: &Sender<Infallible>,
        stop: &Shutdown,
        log: &Log,
    ) -> io::Result<ListenerThreads> {
        let addresses = listeners.addresses()?;
        let mut arrivals = ListenerThreads::default();
        for (listener, address) in listeners.tcp.into_iter().zip(addresses.tcp) {
            let acceptor = TcpAcceptor {
                spawner: Arc::clone(entrance),
                shutdown: stop.clone(),
                log: log.clone(),
            };
            let thread = spawn("acceptor", move || acceptor.run(&listener))?;
            arrivals.acceptors.push((address, thread));
        }
        for (socket, address) in listeners.udp.into_iter().zip(addresses.udp) {
            let socket = Arc::new(socket);
            let outgoing = UdpSender::start(Arc::clone(&socket), alive.clone())?;
            arrivals.udp_senders.push(outgoing.clone());
            let receiver = udp::UdpReceiver {
                sender: outgoing,
                socket,
                spawner: Arc::clone(entrance),
                shutdown: stop.clone(),
                log: log.clone(),
            };
            let thread = spawn("udp receiver", move || receiver.run())?;
            arrivals.receivers.push((address, thread));
        }
        Ok(arrivals)
    }
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_string()).spawn(life)
}

/// How often the janitor looks for what is too old: a tenth of the shortest time
/// for which anything is kept.
const JANITOR_INTERVAL: Duration = Duration::from_secs(6);

/// Starts the thread that removes files, and what is left of broken uploads.
fn janitor(files: Arc<Files>, stop: Shutdown) -> io::Result<JoinHandle<()>> {
    spawn("janitor", move || {
        while !stop.sleep(JANITOR_INTERVAL) {
            files.remove_expired();
        }
    })
}
