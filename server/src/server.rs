//! Starts every thread, waits for the stop signal, and ends them in order.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{Event, notice};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::acceptor::Acceptor;
use crate::broadcaster::{Broadcaster, Keep};
use crate::console::Console;
use crate::door::Door;
use crate::limits::{self, Limits};
use crate::link::{Link, Writers};
use crate::log::{self, Log, Scope};
use crate::post::{self, Post, Posts};
use crate::reason::{Ending, Reason};
use crate::registry::Registry;
use crate::rules::Rules;
use crate::session::Shared;
use crate::stop::{self, Stop, Stopper};
use crate::tap::Tap;
use crate::transcript::{Settings, Transcript};
use crate::usher::Usher;

/// How long sessions that are woken at last may take to write their exits.
const LAST_EXITS: Duration = Duration::from_millis(200);

/// With what a server runs.
pub struct Setup {
    /// Its limits.
    pub limits: Limits,
    /// Where all that rooms hear is kept, if anywhere.
    pub transcript: Option<Settings>,
    /// What everybody is told who comes in, line by line.
    pub motd: Vec<String>,
    /// The lines for the operator at the start.
    pub greeting: String,
    /// What is logged.
    pub scope: Scope,
    /// Where the log goes.
    pub output: Box<dyn Write + Send>,
    /// Where it goes as well, with the time before each line.
    pub log_file: Option<Box<dyn Write + Send>>,
    /// What the operator types; none for a server without a console.
    pub console: Option<Box<dyn Read + Send>>,
}

impl Setup {
    /// A server within `limits` that has no operator: it logs to nowhere, keeps no
    /// file and reads no keyboard. A start for whoever needs some of that.
    pub fn alone(limits: Limits) -> Setup {
        Setup {
            limits,
            transcript: None,
            motd: Vec::new(),
            greeting: String::new(),
            scope: Scope::Everything,
            output: Box::new(io::sink()),
            log_file: None,
            console: None,
        }
    }
}

/// Serves the room at `listener` until the stop signal is raised, then says
/// goodbye to everybody, which takes at most [`limits::STOPPING`] and a second
/// for the log. `stopper` is for the console's own `/stop`.
///
/// # Errors
///
/// When the listener is broken, or the machine has no thread left to start with.
pub fn run(listener: TcpListener, setup: Setup, stopper: Stopper, stop: Stop) -> io::Result<()> {
    let server = Server::start(listener, setup, stopper, stop.clone())?;
    stop.wait();
    server.end();
    Ok(())
}

/// A server's threads, and what is needed to end them.
struct Server {
    address: SocketAddr,
    acceptor: JoinHandle<()>,
    door: Arc<Door>,
    /// Disconnects when the door is closed and no session is left.
    sessions_ended: Receiver<Infallible>,
    /// Ends what sessions wait for; not before everybody was told why.
    session_stopper: Stopper,
    posts: Posts,
    broadcaster: JoinHandle<()>,
    /// Disconnects when no outlet and no writer is left.
    writers_ended: Receiver<Infallible>,
    transcript: Option<Transcript>,
    transcriber: Option<JoinHandle<()>>,
    log: Log,
    logger: JoinHandle<()>,
}

impl Server {
    fn start(
        listener: TcpListener,
        setup: Setup,
        stopper: Stopper,
        stop: Stop,
    ) -> io::Result<Server> {
        let address = listener.local_addr()?;
        let limits = Arc::new(setup.limits);
        let (writers, writers_ended) = Writers::new(limits::writers(limits.clients));
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
        if let Some(input) = setup.console {
            let console = Console {
                posts: posts.clone(),
                registry: Arc::clone(&registry),
                rules: Arc::clone(&rules),
                usher: usher.clone(),
                stopper,
                log: log.clone(),
            };
            // Not joined: nothing wakes a thread that waits for a keyboard.
            let _detached = spawn("console", move || console.run(input))?;
        }
        let (session_stopper, session_stop) = stop::signal();
        let acceptor = Acceptor {
            door: Arc::clone(&door),
            usher,
            shared: Shared {
                posts: posts.clone(),
                registry,
                rules,
                started: Instant::now(),
                limits,
                stop: session_stop,
            },
            stop,
            writers,
            log: log.clone(),
            lingering: Arc::new(()),
        };
        let acceptor = spawn("acceptor", move || acceptor.run(&listener))?;
        Ok(Server {
            address,
            acceptor,
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

    /// Ends every thread, in the order in which a message passes them.
    fn end(self) {
        let deadline = Instant::now() + limits::STOPPING;
        wake(self.address, &self.acceptor, deadline);
        let line = Event::Notice(notice::STOPPING).to_line();
        self.posts.send(Post::Stopping(line));
        self.session_stopper.raise();
        let links = self.door.close();
        for link in &links {
            let _may_be_ending_already = link.conclude(Reason::Shutdown);
        }
        // Every session now waits for bytes that it will not use, or is about to
        // post its last: when none is at work any more, all has been posted.
        while !links.iter().all(|link| link.is_resting()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let farewell = Ending::from(Reason::Shutdown).farewell();
        self.posts.send(Post::Farewell(farewell));
        let parted = self.part(&links, deadline);
        self.posts.send(Post::End);
        join(self.broadcaster);
        if !parted || !ends(&self.writers_ended, deadline) {
            let told = "[SERVER] some members did not take in their last lines in time.";
            self.log.line(told);
        }
        let deadline = Instant::now() + limits::LAST_LOG;
        if let (Some(transcript), Some(thread)) = (self.transcript, self.transcriber) {
            transcript.end(deadline);
            finish(&thread, deadline);
        }
        self.log.line("[SERVER] stopped.");
        // A disk that holds up the transcript takes no time from the log.
        let deadline = Instant::now() + limits::LAST_LOG;
        self.log.end(deadline);
        finish(&self.logger, deadline);
    }

    /// Waits until all have fetched their last lines and closed their side, and
    /// says whether they have in time.
    fn part(&self, links: &[Arc<Link>], deadline: Instant) -> bool {
        if ends(&self.sessions_ended, Instant::now() + limits::LINGER) {
            return true;
        }
        // Who says nothing and does not close is not waited for, unless it lags;
        // a talking one has its session wait.
        let silent = |link: &&Arc<Link>| !link.is_lagging() && !link.has_left();
        links.iter().filter(silent).for_each(|link| link.wake());
        if ends(&self.sessions_ended, deadline - LAST_EXITS) {
            return true;
        }
        links.iter().for_each(|link| link.wake());
        ends(&self.sessions_ended, deadline);
        false
    }
}

/// Waits for the end that `alive` stands for, and says whether it has come.
fn ends(alive: &Receiver<Infallible>, deadline: Instant) -> bool {
    alive.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_string()).spawn(life)
}

/// A panic in the thread has been reported when it happened.
fn join(thread: JoinHandle<()>) {
    let _ = thread.join();
}

/// Gets the acceptor out of `accept`, which only a connection can do.
fn wake(address: SocketAddr, acceptor: &JoinHandle<()>, deadline: Instant) {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(host, address.port());
    // Again and again, as it can be in a pause, or its queue can be full.
    while !acceptor.is_finished() && Instant::now() < deadline {
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(100));
        thread::sleep(Duration::from_millis(1));
    }
}

/// Lets a thread write the rest; one whose output is stuck is left behind.
fn finish(thread: &JoinHandle<()>, deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}
