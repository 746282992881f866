//! Generator: joins members to a subject, and passes the bytes that they receive to
//! the measured case.
//!
//! Thread: one thread with epoll serves all members.
//! Invariant: no allocation per message, and no use of cases, subjects and times.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Connection};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The size of a read. More than the cache of a core would be slower.
const READ_BYTES: usize = 128 * 1024;

/// The number of members that connect at once: fewer than the queue of a listener
/// (128) and fewer than the unnamed connections that the server allows (256).
const GROUP: usize = 100;

/// The timeout for a connection. On the loopback it takes at most a second, after a
/// lost SYN.
const CONNECT: Duration = Duration::from_secs(5);

/// The timeout for all members to join. 9,900 take about 10 s.
const JOIN: Duration = Duration::from_secs(120);

/// The silence after which all lines count as delivered.
const SILENCE: Duration = Duration::from_millis(300);

/// Returns the capabilities that a member asks for before its name, such as `time`;
/// `None` if it asks for none.
pub type Requests = fn(usize) -> Option<&'static str>;

/// A set of members that have joined a subject.
pub struct Generator {
    poll: Poll,
    events: Events,
    members: Vec<TcpStream>,
    requests: Requests,
    /// The members whose last read filled the buffer. Edge-triggered epoll reports
    /// them only once.
    again: Vec<usize>,
    /// The members that are read in this turn.
    due: Vec<usize>,
    buffer: Vec<u8>,
    /// The bytes that all members have received, together.
    received: u64,
}

/// Returns the name of a member, which has a fixed width.
pub fn name(member: usize) -> String {
    format!("m{member:05}")
}

impl Generator {
    /// Returns a generator without members, whose members ask for no capabilities.
    ///
    /// # Errors
    ///
    /// When the system provides no epoll.
    pub fn new() -> io::Result<Generator> {
        Generator::with_requests(|_| None)
    }

    /// Returns a generator without members.
    ///
    /// # Errors
    ///
    /// When the system provides no epoll.
    pub fn with_requests(requests: Requests) -> io::Result<Generator> {
        Ok(Generator {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            members: Vec::new(),
            requests,
            again: Vec::new(),
            due: Vec::new(),
            buffer: vec![0; READ_BYTES],
            received: 0,
        })
    }

    /// Returns the number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns `true` if the lines for a member have tags.
    pub fn is_tagged(&self, member: usize) -> bool {
        (self.requests)(member).is_some_and(|request| request.contains("time"))
    }

    /// Returns the number of bytes that all members have received, together.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Joins `members` in groups, each group after the welcome of the previous one.
    ///
    /// # Errors
    ///
    /// When a member is refused, or joining takes more than two minutes.
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

    /// Joins `members` at one moment. They ask for no capabilities.
    ///
    /// # Errors
    ///
    /// When a member is refused, or joining takes more than two minutes.
    pub fn join_at_once(&mut self, address: SocketAddr, members: usize) -> io::Result<()> {
        let deadline = Instant::now() + JOIN;
        for member in 0..members {
            let mut stream = TcpStream::connect(address)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            registry.register(&mut stream, Token(member), interest)?;
            self.members.push(stream);
        }
        let mut unnamed = vec![true; members];
        let mut missing = members;
        while missing > 0 && Instant::now() < deadline {
            self.poll.poll(&mut self.events, Some(SILENCE))?;
            for event in &self.events {
                let Token(member) = event.token();
                if event.is_readable() {
                    self.again.push(member); // for the welcome
                }
                if event.is_writable() && std::mem::take(&mut unnamed[member]) {
                    missing -= 1;
                    let stream = &mut self.members[member];
                    stream.write_all(format!("{}\n", name(member)).as_bytes())?;
                }
            }
        }
        self.await_welcome(0, deadline)
    }

    fn connect(&mut self, address: SocketAddr) -> io::Result<()> {
        let member = self.members.len();
        let mut connection = Connection::connect_timeout(&address, CONNECT)?;
        connection.set_nodelay(true)?;
        if let Some(request) = (self.requests)(member) {
            ask(&mut connection, request)?;
        }
        connection.write_all(format!("{}\n", name(member)).as_bytes())?;
        connection.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(connection);
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(member), Interest::READABLE)?;
        self.members.push(stream);
        Ok(())
    }

    /// Waits until each member from `first` on has received a line. Discards the lines
    /// that the previous members receive.
    fn await_welcome(&mut self, first: usize, deadline: Instant) -> io::Result<()> {
        let mut welcomed = vec![false; self.members.len() - first];
        let mut missing = welcomed.len();
        while missing > 0 {
            if Instant::now() > deadline {
                let missing_name = name(first + welcomed.iter().position(|&is| !is).unwrap_or(0));
                return Err(Error::other(format!(
                    "{missing_name} and others receive no welcome"
                )));
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

    /// Discards bytes until none come, so that the next byte of every member belongs to
    /// the measured phase. Returns the time at which the last byte came.
    ///
    /// # Errors
    ///
    /// When the subject does not stop sending.
    pub fn settle(&mut self) -> io::Result<Instant> {
        let start = Instant::now();
        let mut last = start;
        while last.elapsed() < SILENCE {
            if start.elapsed() > JOIN {
                return Err(Error::other("the subject does not stop sending"));
            }
            self.turn(SILENCE, |_, _| {
                last = Instant::now();
                Ok(())
            })?;
        }
        Ok(last)
    }

    /// Waits for bytes, for at most `timeout` rounded up to a millisecond. Calls `take`
    /// with the bytes of one read of each readable member.
    ///
    /// # Errors
    ///
    /// Returns an error of `take`, or the name of a member whose connection has ended.
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

    /// Writes as many of `bytes` as the socket accepts, and returns their number.
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

    /// Stops reading from a member.
    ///
    /// # Errors
    ///
    /// When epoll cannot deregister it.
    pub fn stall(&mut self, member: usize) -> io::Result<()> {
        let stream = &mut self.members[member];
        self.poll.registry().deregister(stream)
    }

    /// Returns `true` if the subject has disconnected a stalled member. Reads all bytes
    /// that wait for it.
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

/// Asks for capabilities, and waits until all of them are granted.
fn ask(connection: &mut Connection, request: &str) -> io::Result<()> {
    let line = format!("/cap {request}\n");
    let mut answer = vec![0; line.len()];
    connection.set_read_timeout(Some(CONNECT))?;
    connection.write_all(line.as_bytes())?;
    let granted = connection.read_exact(&mut answer).map(|()| answer);
    match granted {
        Ok(answer) if answer == line.as_bytes() => Ok(()),
        _ => Err(Error::other(format!("not granted: {}", line.trim_end()))),
    }
}

fn ended(member: usize, why: &str) -> Error {
    Error::other(format!("the connection of {} ended: {why}", name(member)))
}
