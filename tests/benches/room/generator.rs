//! A subject's address -> members that have joined, and what each of them
//! receives, handed to the case that is measured.
//!
//! One thread with epoll serves all members. It allocates nothing per message
//! and knows nothing of cases, subjects and times.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Connection};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// What one read can take. More than a core's own cache would slow it down.
const READ_BYTES: usize = 128 * 1024;

/// So many connect at once: fewer than a listener keeps waiting (128), and
/// fewer than a room lets stand unnamed at its door (256).
const GROUP: usize = 100;

/// A connection of the loopback is made at once or after a lost SYN's second.
const CONNECT: Duration = Duration::from_secs(5);

/// 9,900 members take some 10 s to join; longer than this is a fault.
const JOIN: Duration = Duration::from_secs(120);

/// So long nothing must come before all are held to have been told all.
const SILENCE: Duration = Duration::from_millis(300);

pub struct Generator {
    poll: Poll,
    events: Events,
    members: Vec<TcpStream>,
    /// Those whose last read filled the buffer: an edge comes only once.
    again: Vec<usize>,
    /// Those who are read in this turn.
    due: Vec<usize>,
    buffer: Vec<u8>,
    /// Bytes, of all members together.
    received: u64,
}

/// The fixed-width name of a member.
pub fn name(member: usize) -> String {
    format!("m{member:05}")
}

impl Generator {
    /// A generator without members.
    ///
    /// # Errors
    ///
    /// When the system gives no epoll.
    pub fn new() -> io::Result<Generator> {
        Ok(Generator {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            members: Vec::new(),
            again: Vec::new(),
            due: Vec::new(),
            buffer: vec![0; READ_BYTES],
            received: 0,
        })
    }

    /// How many members have joined.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// How many bytes all members have received so far, together.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Lets `members` join, in groups, each after the welcome of the last.
    ///
    /// # Errors
    ///
    /// When one is refused, or all together take more than two minutes.
    pub fn join(&mut self, address: SocketAddr, members: usize) -> io::Result<()> {
        let deadline = Instant::now() + JOIN;
        while self.members.len() < members {
            let group = self.members.len()..members.min(self.members.len() + GROUP);
            for _ in group.clone() {
                self.connect(address)?;
            }
            self.await_welcome(group.start, deadline)?;
        }
        Ok(())
    }

    fn connect(&mut self, address: SocketAddr) -> io::Result<()> {
        let member = self.members.len();
        let mut connection = Connection::connect_timeout(&address, CONNECT)?;
        connection.set_nodelay(true)?;
        connection.write_all(format!("{}\n", name(member)).as_bytes())?;
        connection.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(connection);
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(member), Interest::READABLE)?;
        self.members.push(stream);
        Ok(())
    }

    /// Waits until each member from `first` on has received a line, and throws
    /// away what the members before it are told about the newcomers.
    fn await_welcome(&mut self, first: usize, deadline: Instant) -> io::Result<()> {
        let mut welcomed = vec![false; self.members.len() - first];
        let mut missing = welcomed.len();
        while missing > 0 {
            if Instant::now() > deadline {
                let who = name(first + welcomed.iter().position(|&is| !is).unwrap_or(0));
                return Err(Error::other(format!("{who} and others are not welcomed")));
            }
            self.turn(SILENCE, |member, bytes| {
                if member < first || welcomed[member - first] {
                    return Ok(());
                }
                if bytes.starts_with(b"!") {
                    let why = String::from_utf8_lossy(bytes);
                    return Err(Error::other(format!("{} is refused: {why}", name(member))));
                }
                if bytes.contains(&b'\n') {
                    welcomed[member - first] = true;
                    missing -= 1;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Throws away what comes until nothing comes any more, so that the next
    /// byte of every member begins the measured phase. Gives the time at which
    /// the last byte came.
    ///
    /// # Errors
    ///
    /// When the subject does not fall silent.
    pub fn settle(&mut self) -> io::Result<Instant> {
        let start = Instant::now();
        let mut last = start;
        while last.elapsed() < SILENCE {
            if start.elapsed() > JOIN {
                return Err(Error::other("the subject does not fall silent"));
            }
            self.turn(SILENCE, |_, _| {
                last = Instant::now();
                Ok(())
            })?;
        }
        Ok(last)
    }

    /// Waits for bytes, `timeout` at most and rounded up to a millisecond, and
    /// gives `take` what one read of each readable member brings.
    ///
    /// # Errors
    ///
    /// What `take` says, or the name of a member whose connection has ended.
    pub fn turn(
        &mut self,
        timeout: Duration,
        mut take: impl FnMut(usize, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        std::mem::swap(&mut self.due, &mut self.again);
        let wait = if self.due.is_empty() {
            timeout
        } else {
            Duration::ZERO
        };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            result => result?,
        }
        self.due.extend(self.events.iter().map(|it| it.token().0));
        for member in self.due.drain(..) {
            let bytes = match self.members[member].read(&mut self.buffer) {
                Ok(0) => return Err(ended(member, "closed")),
                Ok(bytes) => bytes,
                Err(why) if why.kind() == ErrorKind::WouldBlock => continue,
                Err(why) => return Err(ended(member, &why.to_string())),
            };
            if bytes == self.buffer.len() {
                self.again.push(member);
            }
            self.received += bytes as u64;
            take(member, &self.buffer[..bytes])?;
        }
        Ok(())
    }

    /// Writes what the socket takes of `bytes`, and says how many.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub fn send(&mut self, member: usize, bytes: &[u8]) -> io::Result<usize> {
        match self.members[member].write(bytes) {
            Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(why) => Err(ended(member, &why.to_string())),
            taken => taken,
        }
    }

    /// From now on this member reads nothing.
    ///
    /// # Errors
    ///
    /// When epoll does not let it go.
    pub fn stall(&mut self, member: usize) -> io::Result<()> {
        let stream = &mut self.members[member];
        self.poll.registry().deregister(stream)
    }

    /// Whether the subject has given up a stalled member. Reads all that waits
    /// for it on the way.
    pub fn is_dropped(&mut self, member: usize) -> bool {
        loop {
            match self.members[member].read(&mut self.buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(why) => return why.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}

fn ended(member: usize, why: &str) -> Error {
    Error::other(format!("the connection of {} ended: {why}", name(member)))
}
