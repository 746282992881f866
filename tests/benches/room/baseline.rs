//! Baseline: the minimal chat server that the measured one is compared with.
//!
//! It copies each line, with the sender's name before it, to all other members of the
//! room. It has no limits, checks no names, and sends no notice when a member leaves.
//!
//! Thread: one, with epoll. A readable socket is read once, its complete lines become
//! one buffer, and one write sends that buffer to each other member of the room. Bytes
//! that a write does not accept wait in the member's backlog until epoll reports free
//! space. Sockets are registered once, edge-triggered, so the loop calls nothing but
//! `epoll_wait`, `read` and `write` while it copies.

use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// The size of a read, enough for 1,000 windows of 64 lines.
const READ_BYTES: usize = 64 * 1024;

/// The maximum backlog: twice the windows of 1,000 senders. Only a member that does not
/// read reaches it, and is disconnected.
const BACKLOG_BYTES: usize = 8 * 1024 * 1024;

/// The time without events after which the loop ends, so that it does not outlive a
/// bench that was killed before it connected.
const IDLE: Duration = Duration::from_secs(120);

/// The command that moves a member to a room.
const JOIN: &[u8] = b"/join ";

const LISTENER: Token = Token(usize::MAX);

/// A connection, which is a member once it has a name.
struct Peer {
    stream: TcpStream,
    /// `NAME: `, empty before the name.
    prefix: Vec<u8>,
    /// The index of its room, once it has a name.
    room: usize,
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    /// The bytes that the socket did not accept.
    backlog: VecDeque<u8>,
    /// The position of the first of this turn's notices that came after its own.
    notices_from: usize,
}

#[derive(Default)]
struct Room {
    name: Vec<u8>,
    /// The slots of the members. A member that has left keeps an empty slot.
    members: Vec<usize>,
}

struct Loop {
    poll: Poll,
    listener: TcpListener,
    /// A slot is not reused, so that an old event never meets a new peer.
    peers: Vec<Option<Peer>>,
    /// Every member starts in the first room, which has no name.
    rooms: Vec<Room>,
    /// The slots whose last read filled the buffer. Edge-triggered epoll reports them
    /// only once.
    again: Vec<usize>,
    buffer: Vec<u8>,
    outgoing: Vec<u8>,
    /// The notices of joining in this turn. They are sent at its end in one write,
    /// because single writes would be 49 million for 9,900 members.
    notices: Vec<u8>,
}

/// Listens at a free port, prints the address, and copies until the last member has
/// left.
///
/// # Errors
///
/// When it cannot listen, poll or accept.
pub fn run() -> io::Result<()> {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    println!("The copying loop is listening at {address}");
    let poll = Poll::new()?;
    Loop {
        poll,
        listener,
        peers: Vec::new(),
        rooms: vec![Room::default()],
        again: Vec::new(),
        buffer: vec![0; READ_BYTES],
        outgoing: Vec::new(),
        notices: Vec::new(),
    }
    .run()
}

impl Loop {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.poll
            .registry()
            .register(&mut self.listener, LISTENER, Interest::READABLE)?;
        loop {
            let wait = if self.again.is_empty() {
                IDLE
            } else {
                Duration::ZERO
            };
            self.poll.poll(&mut events, Some(wait))?;
            let again = std::mem::take(&mut self.again);
            if events.is_empty() && again.is_empty() {
                return Ok(());
            }
            for slot in again {
                self.read(slot);
            }
            for event in &events {
                let Token(slot) = event.token();
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                if event.is_writable() {
                    self.flush(slot);
                }
                if event.is_readable() {
                    self.read(slot);
                }
            }
            self.send_notices();
            if !self.peers.is_empty() && self.peers.iter().all(Option::is_none) {
                return Ok(());
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.peers.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, token, interest)?;
            self.peers.push(Some(Peer {
                stream,
                prefix: Vec::new(),
                room: 0,
                line: Vec::new(),
                backlog: VecDeque::new(),
                notices_from: 0,
            }));
        }
    }

    /// Reads once, then writes once to each other member of the room. Lines in one read
    /// with a move go to the new room, which does not occur in the bench.
    fn read(&mut self, slot: usize) {
        // Without its slot the sender does not receive its own lines. A sender that has
        // left does not return to the slot.
        let Some(mut peer) = self.peers[slot].take() else {
            return;
        };
        let bytes = match peer.stream.read(&mut self.buffer) {
            Ok(0) => return,
            Ok(bytes) => bytes,
            Err(why) if is_temporary(&why) => 0,
            Err(_) => return,
        };
        if bytes == self.buffer.len() {
            self.again.push(slot);
        }
        let mut rest = &self.buffer[..bytes];
        self.outgoing.clear();
        while peer.take_line(&mut rest) {
            if peer.prefix.is_empty() {
                peer.join(&mut self.notices);
                self.rooms[0].members.push(slot);
            } else if let Some(name) = peer.line.strip_prefix(JOIN) {
                peer.move_to(slot, name.trim_ascii().to_vec(), &mut self.rooms);
            } else {
                self.outgoing.extend_from_slice(&peer.prefix);
                self.outgoing.extend_from_slice(&peer.line);
            }
            peer.line.clear();
        }
        if !self.outgoing.is_empty() {
            let room = &self.rooms[peer.room].members;
            send_to_all(&mut self.peers, room, |_| &self.outgoing);
        }
        self.peers[slot] = Some(peer);
    }

    fn flush(&mut self, slot: usize) {
        if let Some(peer) = &mut self.peers[slot]
            && peer.flush().is_err()
        {
            self.peers[slot] = None;
        }
    }

    fn send_notices(&mut self) {
        if self.notices.is_empty() {
            return;
        }
        // All are in the first room until the bench has joined all members.
        let room = &self.rooms[0].members;
        let bytes = |peer: &Peer| &self.notices[peer.notices_from..];
        send_to_all(&mut self.peers, room, bytes);
        for peer in self.peers.iter_mut().flatten() {
            peer.notices_from = 0;
        }
        self.notices.clear();
    }
}

/// Sends to all members of a room, and disconnects those that exceed their backlog.
fn send_to_all<'a>(peers: &mut [Option<Peer>], room: &[usize], bytes: impl Fn(&Peer) -> &'a [u8]) {
    for &member in room {
        if let Some(peer) = &mut peers[member]
            && peer.send(bytes(peer)).is_err()
        {
            peers[member] = None;
        }
    }
}

impl Peer {
    /// Takes the next line out of `rest`. Returns `false` if it is incomplete.
    fn take_line(&mut self, rest: &mut &[u8]) -> bool {
        // Reading from a slice cannot fail, and its search is fast.
        let _ = rest.read_until(b'\n', &mut self.line);
        self.line.ends_with(b"\n")
    }

    /// Joins under its first line, which is the name.
    fn join(&mut self, notices: &mut Vec<u8>) {
        let name = self.line.trim_ascii().to_vec();
        self.prefix = [&name, &b": "[..]].concat();
        let welcome = [b"Welcome, ", &name[..], b".\n"].concat();
        notices.extend_from_slice(&name);
        notices.extend_from_slice(b" has joined the chat room.\n");
        self.notices_from = notices.len();
        // An error is reported again by the next read.
        let _ = self.send(&welcome);
    }

    /// Moves to the room of this name, which is created if it does not exist.
    fn move_to(&mut self, slot: usize, name: Vec<u8>, rooms: &mut Vec<Room>) {
        let answer = [b"You are in ", &name[..], b" now. x\n"].concat();
        rooms[self.room].members.retain(|&member| member != slot);
        let known = rooms.iter().position(|room| room.name == name);
        self.room = known.unwrap_or_else(|| {
            let members = Vec::new();
            rooms.push(Room { name, members });
            rooms.len() - 1
        });
        rooms[self.room].members.push(slot);
        // An error is reported again by the next read.
        let _ = self.send(&answer);
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.backlog.is_empty() && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(taken) => bytes = &bytes[taken..],
                Err(why) if is_temporary(&why) => break,
                Err(why) => return Err(why),
            }
        }
        self.backlog.extend(bytes);
        if self.backlog.len() > BACKLOG_BYTES {
            return Err(ErrorKind::OutOfMemory.into());
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.backlog.is_empty() {
            match self.stream.write(self.backlog.as_slices().0) {
                Ok(taken) => drop(self.backlog.drain(..taken)),
                Err(why) if is_temporary(&why) => return Ok(()),
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

/// Returns `true` if the operation may succeed later. A signal cannot lose an edge
/// here, because this process survives none.
fn is_temporary(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
