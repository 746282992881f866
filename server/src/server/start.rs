//! Starts every thread, each with the ends of the channels that it needs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::Setup;
use crate::acceptor::Acceptor;
use crate::broadcaster::{Broadcaster, Keep};
use crate::console::Console;
use crate::door::Door;
use crate::entrance::Entrance;
use crate::files::Files;
use crate::limits;
use crate::link::Writers;
use crate::listeners::Listeners;
use crate::log::{self, Log};
use crate::post::{self, Posts};
use crate::registry::Registry;
use crate::rules::Rules;
use crate::session::Shared;
use crate::stop::{self, Stop, Stopper};
use crate::tap::Tap;
use crate::transcript::Transcript;
use crate::udp::{self, Outgoing};
use crate::usher::Usher;

/// The threads at which peers arrive, each with the address at which it can be
/// woken.
#[derive(Default)]
pub(super) struct Arrivals {
    pub(super) acceptors: Vec<(SocketAddr, JoinHandle<()>)>,
    pub(super) receivers: Vec<(SocketAddr, JoinHandle<()>)>,
    /// What is still to be sent over UDP.
    pub(super) outgoing: Vec<Outgoing>,
}

/// A server's threads, and what is needed to end them.
pub(super) struct Server {
    pub(super) arrivals: Arrivals,
    /// Removes files that are too old; none where no files are shared.
    pub(super) janitor: Option<JoinHandle<()>>,
    pub(super) door: Arc<Door>,
    /// Disconnects when the door is closed and no session is left.
    pub(super) sessions_ended: Receiver<Infallible>,
    /// Ends what sessions wait for; not before everybody was told why.
    pub(super) session_stopper: Stopper,
    pub(super) posts: Posts,
    pub(super) broadcaster: JoinHandle<()>,
    /// Disconnects when no outlet and no writer is left.
    pub(super) writers_ended: Receiver<Infallible>,
    pub(super) transcript: Option<Transcript>,
    pub(super) transcriber: Option<JoinHandle<()>>,
    pub(super) log: Log,
    pub(super) logger: JoinHandle<()>,
}

impl Server {
    pub(super) fn start(
        listeners: Listeners,
        setup: Setup,
        stopper: Stopper,
        stop: Stop,
    ) -> io::Result<Server> {
        let limits = Arc::new(setup.limits);
        let (writers, writers_ended) =
            Writers::start(limits::writers(limits.clients), limits.stall)?;
        let (door, sessions_ended) = Door::new(&limits);
        let (posts, incoming) = post::channel();
        let (log, logger) = log::new(setup.scope, setup.output, setup.log_file);
        log.line(setup.greeting);

        let logger = spawn("logger", move || logger.run())?;
        let keep = Keep {
            history: limits.history,
            crowd: limits.crowd,
        };
        let (transcript, transcriber) = match setup.transcript {
            Some(settings) => {
                let (transcript, thread) = Transcript::start(settings, log.clone())?;
                (Some(transcript), Some(thread))
            }
            None => (None, None),
        };
        let tap = Tap {
            log: log.clone(),
            transcript: transcript.clone(),
        };
        let broadcaster = Broadcaster::new(keep, tap);
        let broadcaster = spawn("broadcaster", move || broadcaster.run(&incoming))?;
        let registry = Arc::new(Registry::new(limits.rooms));
        let rules = Arc::new(Rules::new(setup.motd));
        let usher = Usher::start(posts.clone())?;
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
                rules: Arc::clone(&rules),
                files: files.clone(),
                usher: usher.clone(),
                stopper,
                log: log.clone(),
            };
            // Not joined: nothing wakes a thread that waits for a keyboard.
            let _detached = spawn("console", move || console.run(input))?;
        }
        let (session_stopper, session_stop) = stop::signal();
        let shared = Shared {
            posts: posts.clone(),
            registry,
            rules,
            files,
            started: Instant::now(),
            limits,
            stop: session_stop,
        };
        let alive = writers.alive();
        let entrance = Entrance::new(Arc::clone(&door), usher, shared, writers);
        let entrance = Arc::new(entrance);
        let arrivals = Arrivals::start(listeners, &entrance, &alive, &stop, &log)?;
        Ok(Server {
            arrivals,
            janitor,
            door,
            sessions_ended,
            session_stopper,
            posts,
            broadcaster,
            writers_ended,
            transcript,
            transcriber,
            log,
            logger,
        })
    }
}

impl Arrivals {
    /// Starts a thread for each listener, and one that sends for each UDP socket.
    fn start(
        listeners: Listeners,
        entrance: &Arc<Entrance>,
        alive: &Sender<Infallible>,
        stop: &Stop,
        log: &Log,
    ) -> io::Result<Arrivals> {
        let addresses = listeners.addresses()?;
        let mut arrivals = Arrivals::default();
        for (listener, address) in listeners.tcp.into_iter().zip(addresses.tcp) {
            let acceptor = Acceptor {
                entrance: Arc::clone(entrance),
                stop: stop.clone(),
                log: log.clone(),
            };
            let thread = spawn("acceptor", move || acceptor.run(&listener))?;
            arrivals.acceptors.push((address, thread));
        }
        for (socket, address) in listeners.udp.into_iter().zip(addresses.udp) {
            let socket = Arc::new(socket);
            let outgoing = Outgoing::start(Arc::clone(&socket), alive.clone())?;
            arrivals.outgoing.push(outgoing.clone());
            let receiver = udp::Receiver {
                outgoing,
                socket,
                entrance: Arc::clone(entrance),
                stop: stop.clone(),
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
const SWEEPING: Duration = Duration::from_secs(6);

/// Starts the thread that removes files, and what is left of broken uploads.
fn janitor(files: Arc<Files>, stop: Stop) -> io::Result<JoinHandle<()>> {
    spawn("janitor", move || {
        while !stop.sleep(SWEEPING) {
            files.sweep();
        }
    })
}
