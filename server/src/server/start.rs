//! Start: every thread, each with the ends of the channels that it needs.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::config::ServerConfig;
use crate::accept::backoff::Backoff;
use crate::accept::listeners::Listeners;
use crate::accept::spawn::SessionSpawner;
use crate::accept::starter;
use crate::accept::tcp::{ACCEPTORS, TcpAcceptor};
use crate::accept::udp::UdpReceiver;
use crate::broadcaster::Broadcaster;
use crate::broadcaster::post::{self, PostSender};
use crate::broadcaster::room_set::RoomConfig;
use crate::connection::WriterThreads;
use crate::connection::admission::AdmissionControl;
use crate::connection::open::ConnectionFactory;
use crate::connection::udp::UdpSender;
use crate::console::Console;
use crate::files::Files;
use crate::files::config::FilesConfig;
use crate::limits::{self, Limits};
use crate::moderation::reaper::Reaper;
use crate::moderation::rules::Moderation;
use crate::record::Recorder;
use crate::record::log::{self, Log};
use crate::record::transcript::{Transcript, TranscriptConfig};
use crate::registry::Registry;
use crate::resume::{Departures, ResumeTable};
use crate::session::context::ServerContext;
use crate::shutdown::{self, Shutdown, ShutdownHandle};
use crate::sync::{WaitGroup, WaitGroupGuard};

/// How often the janitor looks for expired files: a tenth of the shortest time for
/// which anything is kept.
const JANITOR_INTERVAL: Duration = Duration::from_secs(6);

/// The threads at which peers arrive, each with an address that wakes it.
#[derive(Default)]
pub(super) struct ListenerThreads {
    pub(super) acceptors: Vec<(SocketAddr, JoinHandle<()>)>,
    /// Ends after the acceptors.
    pub(super) starter: Option<JoinHandle<()>>,
    pub(super) receivers: Vec<(SocketAddr, JoinHandle<()>)>,
    pub(super) udp_senders: Vec<UdpSender>,
}

/// A server's threads, and the handles that stop them.
pub(super) struct Server {
    pub(super) listeners: ListenerThreads,
    /// The janitor and the departures.
    pub(super) helpers: Vec<JoinHandle<()>>,
    pub(super) admission: Arc<AdmissionControl>,
    /// Done when the admission is closed and no session is left.
    pub(super) all_closed: WaitGroup,
    /// Ends the sleeps of sessions, after all members were notified of the shutdown.
    pub(super) session_shutdown: ShutdownHandle,
    pub(super) posts: PostSender,
    pub(super) broadcaster: JoinHandle<()>,
    /// Done when no write half and no thread that writes is left.
    pub(super) all_written: WaitGroup,
    pub(super) transcript: Option<(Transcript, JoinHandle<()>)>,
    pub(super) log: Log,
    pub(super) logger: JoinHandle<()>,
}

impl Server {
    pub(super) fn start(
        listeners: Listeners,
        config: ServerConfig,
        handle: ShutdownHandle,
        shutdown: &Shutdown,
    ) -> io::Result<Server> {
        let limits = Arc::new(config.limits);
        let max_waiting = limits.max_clients;
        let max_writers = limits::max_writers(limits.max_clients);
        let (writer_threads, all_written) =
            WriterThreads::start(max_writers, limits.stall_timeout)?;
        let (admission, all_closed) = AdmissionControl::new(&limits);
        let (log, logger) = log::new(config.log_scope, config.output, config.log_file);
        log.line(config.banner);
        let logger = spawn("logger", move || logger.run())?;
        let transcript = start_transcript(config.transcript, &log)?;
        let (posts, broadcaster) = start_broadcaster(&limits, &log, transcript.as_ref())?;
        let (files, janitor) = start_files(config.files, &log, shutdown)?.unzip();
        let (session_shutdown, for_sessions) = shutdown::channel();
        let core = (posts.clone(), Arc::clone(&limits));
        let reaper = Reaper::start(posts.clone())?;
        let context = context(core, reaper, config.motd, files, for_sessions);
        let departures = start_departures(&context, shutdown)?;
        start_console(config.console, console(&context, handle, &log))?;
        let done = writer_threads.done_on_drop();
        let writers = writer_threads;
        let factory = ConnectionFactory { limits, writers };
        let spawner = SessionSpawner::new(Arc::clone(&admission), context, factory);
        let starter = ListenerStarter {
            max_waiting,
            done,
            spawner: Arc::new(spawner),
            shutdown,
            log: &log,
        };
        Ok(Server {
            listeners: starter.start(listeners)?,
            helpers: janitor.into_iter().chain([departures]).collect(),
            admission,
            all_closed,
            session_shutdown,
            posts,
            broadcaster,
            all_written,
            transcript,
            log,
            logger,
        })
    }
}

/// Makes what all sessions share.
fn context(
    (posts, limits): (PostSender, Arc<Limits>),
    reaper: Reaper,
    motd: Vec<String>,
    files: Option<Arc<Files>>,
    shutdown: Shutdown,
) -> ServerContext {
    ServerContext {
        posts,
        registry: Arc::new(Registry::new(limits.max_rooms)),
        resume: Arc::new(ResumeTable::new()),
        allowances: Arc::default(),
        reaper,
        moderation: Arc::new(Moderation::new(motd)),
        files,
        started: Instant::now(),
        limits,
        shutdown,
    }
}

fn start_transcript(
    config: Option<TranscriptConfig>,
    log: &Log,
) -> io::Result<Option<(Transcript, JoinHandle<()>)>> {
    config
        .map(|config| Transcript::start(config, log.clone()))
        .transpose()
}

fn start_broadcaster(
    limits: &Limits,
    log: &Log,
    transcript: Option<&(Transcript, JoinHandle<()>)>,
) -> io::Result<(PostSender, JoinHandle<()>)> {
    let recorder = Recorder {
        log: log.clone(),
        transcript: transcript.map(|(transcript, _)| transcript.clone()),
    };
    let config = RoomConfig {
        history_lines: limits.history_lines,
        join_notice_limit: limits.join_notice_limit,
    };
    let (posts, queue) = post::channel();
    let broadcaster = Broadcaster::new(config, recorder);
    let thread = spawn("broadcaster", move || broadcaster.run(&queue))?;
    Ok((posts, thread))
}

/// Opens the files and starts the janitor, which removes what has expired.
fn start_files(
    config: Option<FilesConfig>,
    log: &Log,
    shutdown: &Shutdown,
) -> io::Result<Option<(Arc<Files>, JoinHandle<()>)>> {
    let Some(config) = config else {
        return Ok(None);
    };
    let files = Files::open(config, log.clone()).map_err(io::Error::other)?;
    let (shared, shutdown) = (Arc::clone(&files), shutdown.clone());
    let janitor = spawn("janitor", move || {
        while !shutdown.sleep(JANITOR_INTERVAL) {
            shared.remove_expired();
        }
    })?;
    Ok(Some((files, janitor)))
}

fn start_departures(context: &ServerContext, shutdown: &Shutdown) -> io::Result<JoinHandle<()>> {
    let departures = Departures {
        resume: Arc::clone(&context.resume),
        registry: Arc::clone(&context.registry),
        files: context.files.clone(),
        limits: Arc::clone(&context.limits),
        posts: context.posts.clone(),
        shutdown: shutdown.clone(),
    };
    spawn("departures", move || departures.run())
}

fn console(context: &ServerContext, handle: ShutdownHandle, log: &Log) -> Console {
    Console {
        posts: context.posts.clone(),
        resume: Arc::clone(&context.resume),
        registry: Arc::clone(&context.registry),
        moderation: Arc::clone(&context.moderation),
        files: context.files.clone(),
        reaper: context.reaper.clone(),
        shutdown: handle,
        log: log.clone(),
    }
}

/// Starts the console's thread, if there is an input for it.
fn start_console(input: Option<Box<dyn Read + Send>>, console: Console) -> io::Result<()> {
    if let Some(input) = input {
        // Not joined: nothing wakes a thread that waits for a keyboard.
        let _not_joined = spawn("console", move || console.run(input))?;
    }
    Ok(())
}

/// The starter of the threads at which peers arrive.
struct ListenerStarter<'a> {
    spawner: Arc<SessionSpawner>,
    /// The most streams that wait for a session: more would be refused anyway.
    max_waiting: usize,
    /// Held by every thread that sends over UDP.
    done: WaitGroupGuard,
    shutdown: &'a Shutdown,
    log: &'a Log,
}

impl ListenerStarter<'_> {
    /// Starts the threads of each listener, and one that sends for each UDP socket. The one
    /// that starts sessions is the last, so a member over TCP finds a complete server.
    fn start(&self, listeners: Listeners) -> io::Result<ListenerThreads> {
        let addresses = listeners.addresses()?;
        let mut threads = ListenerThreads::default();
        let (accepted, queue) = starter::new(self.max_waiting);
        for (listener, address) in listeners.tcp.into_iter().zip(addresses.tcp) {
            let (listener, backoff) = (Arc::new(listener), Backoff::default());
            for _ in 0..ACCEPTORS {
                let listener = Arc::clone(&listener);
                let acceptor = TcpAcceptor {
                    accepted: accepted.clone(),
                    backoff: backoff.clone(),
                    shutdown: self.shutdown.clone(),
                    log: self.log.clone(),
                };
                let thread = spawn("acceptor", move || acceptor.run(&listener))?;
                threads.acceptors.push((address, thread));
            }
        }
        for (socket, address) in listeners.udp.into_iter().zip(addresses.udp) {
            let socket = Arc::new(socket);
            let sender = UdpSender::start(Arc::clone(&socket), self.done.clone())?;
            threads.udp_senders.push(sender.clone());
            let receiver = UdpReceiver {
                socket,
                sender,
                spawner: Arc::clone(&self.spawner),
                shutdown: self.shutdown.clone(),
                log: self.log.clone(),
            };
            let thread = spawn("udp receiver", move || receiver.run())?;
            threads.receivers.push((address, thread));
        }
        threads.starter = Some(starter::start(Arc::clone(&self.spawner), queue)?);
        Ok(threads)
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_string()).spawn(body)
}
