//! Bytes from one socket -> the same bytes, with the sender's name before each
//! line, to all the others in the room: the least that a chat server can do, as
//! the limit that ours is held against.
//!
//! One thread and epoll. A readable socket is read once, its complete lines
//! become one buffer, and each other member of its room gets that buffer with
//! one write. What a write does not take waits in the member's backlog until
//! epoll says that there is space again. Sockets are registered once,
//! edge-triggered, so that nothing but `epoll_wait`, `read` and `write` is
//! called while it copies.
//!
//! It knows no limits, checks no names, and tells nobody who has left.

use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// Holds what 1,000 windows of 64 lines bring, so a sender needs one read.
const READ_BYTES: usize = 64 * 1024;

/// Twice what 1,000 senders with full windows can put on one member's way.
/// Only a member that does not read gets there, and is dropped.
const BACKLOG_BYTES: usize = 8 * 1024 * 1024;

/// The loop ends when nobody has come or spoken for so long, so that it does
/// not outlive a bench that was killed before it connected.
const IDLE: Duration = Duration::from_secs(120);

/// What moves a member into the room that is named after it.
const JOIN: &[u8] = b"/join ";

const LISTENER: Token = Token(usize::MAX);

struct Peer {
    stream: TcpStream,
    /// `NAME: `, empty until the name has come.
    prefix: Vec<u8>,
    /// Where in the rooms it is, once it has a name.
    room: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// What the socket did not take.
    backlog: VecDeque<u8>,
    /// Where in this turn's notices those begin that are younger than itself.
    news_from: usize,
}

#[derive(Default)]
struct Room {
    name: Vec<u8>,
    /// Their slots. Those who have left stay in it, with empty slots.
    members: Vec<usize>,
}

struct Loop {
    poll: Poll,
    listener: TcpListener,
    /// A slot is not used again, so an old event never meets a new peer.
    peers: Vec<Option<Peer>>,
    /// All begin in the first one, which has no name.
    rooms: Vec<Room>,
    /// Those whose last read filled the buffer: an edge comes only once.
    again: Vec<usize>,
    buffer: Vec<u8>,
    outgoing: Vec<u8>,
    /// Who has joined in this turn. Told at its end in one write, because
    /// otherwise 9,900 joins would cost 49 million writes.
    notices: Vec<u8>,
}

/// Listens at a port of its own, prints the address, and copies until the last
/// member has left.
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
            self.announce();
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
                news_from: 0,
            }));
        }
    }

    /// One read, then one write per other member of the room. What is said in
    /// one read with a move goes to the new room: the bench does not do that.
    fn read(&mut self, slot: usize) {
        // Out of its slot the sender is not among those who get the lines, and
        // a sender that has left does not come back into it.
        let Some(mut peer) = self.peers[slot].take() else {
            return;
        };
        let bytes = match peer.stream.read(&mut self.buffer) {
            Ok(0) => return,
            Ok(bytes) => bytes,
            Err(why) if is_pause(&why) => 0,
            Err(_) => return,
        };
        if bytes == self.buffer.len() {
            self.again.push(slot);
        }
        let mut rest = &self.buffer[..bytes];
        self.outgoing.clear();
        while peer.take_line(&mut rest) {
            if peer.prefix.is_empty() {
                peer.enter(&mut self.notices);
                self.rooms[0].members.push(slot);
            } else if let Some(name) = peer.line.strip_prefix(JOIN) {
                peer.go(slot, name.trim_ascii().to_vec(), &mut self.rooms);
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

    fn announce(&mut self) {
        if self.notices.is_empty() {
            return;
        }
        // Who joins is in the first room until the bench has let all join.
        let room = &self.rooms[0].members;
        let news = |peer: &Peer| &self.notices[peer.news_from..];
        send_to_all(&mut self.peers, room, news);
        for peer in self.peers.iter_mut().flatten() {
            peer.news_from = 0;
        }
        self.notices.clear();
    }
}

/// Who cannot take it is dropped.
fn send_to_all<'a>(peers: &mut [Option<Peer>], room: &[usize], news: impl Fn(&Peer) -> &'a [u8]) {
    for &member in room {
        if let Some(peer) = &mut peers[member]
            && peer.send(news(peer)).is_err()
        {
            peers[member] = None;
        }
    }
}

impl Peer {
    /// Moves the next line out of `rest`; false when its end has not come.
    fn take_line(&mut self, rest: &mut &[u8]) -> bool {
        // A slice is read without an error, and its search is a fast one.
        let _ = rest.read_until(b'\n', &mut self.line);
        self.line.ends_with(b"\n")
    }

    /// Its first line is its name.
    fn enter(&mut self, notices: &mut Vec<u8>) {
        let name = self.line.trim_ascii().to_vec();
        self.prefix = [&name, &b": "[..]].concat();
        let welcome = [b"Welcome, ", &name[..], b".\n"].concat();
        notices.extend_from_slice(&name);
        notices.extend_from_slice(b" has joined the chat room.\n");
        self.news_from = notices.len();
        // A failure shows again at the next read.
        let _ = self.send(&welcome);
    }

    /// Moves to the room of this name, which is made if there is none.
    fn go(&mut self, slot: usize, name: Vec<u8>, rooms: &mut Vec<Room>) {
        let answer = [b"You are in ", &name[..], b" now. x\n"].concat();
        rooms[self.room].members.retain(|&member| member != slot);
        let known = rooms.iter().position(|room| room.name == name);
        self.room = known.unwrap_or_else(|| {
            let members = Vec::new();
            rooms.push(Room { name, members });
            rooms.len() - 1
        });
        rooms[self.room].members.push(slot);
        // A failure shows again at the next read.
        let _ = self.send(&answer);
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.backlog.is_empty() && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(taken) => bytes = &bytes[taken..],
                Err(why) if is_pause(&why) => break,
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
                Err(why) if is_pause(&why) => return Ok(()),
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

/// Nothing now, more later. A signal cannot lose an edge here: nobody sends
/// this process one that it survives.
fn is_pause(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
