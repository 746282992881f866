//! One address that has proved to be real, and the mailbox of its session.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::str;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Token;
use common::udp::sequence::{Numbered, ReceiveTracker};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::cookie::COOKIE_WINDOW;
use super::sender::UdpSender;

/// How many datagrams may wait for a session. It reads at once, unless its member
/// sends faster than the rate allows; what finds no place is lost, as on the way.
/// Our client has at most 50 lines under way, and a heartbeat for each 25.
const MAILBOX_CAPACITY: usize = 128;

/// How many bytes may wait to be sent to one peer: as much as a socket holds by
/// itself, so that one who gets much leaves room for the others.
const MAX_QUEUED_BYTES: usize = 256 * 1024;

/// How many tags of members who left are remembered at most: more than can come
/// and go in the time for which a tag is good.
const MAX_SPENT_TAGS: usize = 64 * 1024;

/// What comes into a mailbox.
pub enum Datagram {
    /// One line, or several.
    Lines(Vec<u8>),
    /// More bytes than a datagram may have.
    TooLong,
    /// Nothing: look why the conversation has ended.
    Interrupt,
}

/// One member's side of the socket that all share.
pub struct UdpPeer {
    /// Where it is.
    pub address: SocketAddr,
    mailbox: Sender<Datagram>,
    sender: UdpSender,
    /// Whether it numbers what it sends, and wants numbers in return.
    wants_numbers: AtomicBool,
    /// How many different numbered lines have come from it.
    received_count: AtomicU64,
    /// How many have been sent to it.
    sent_count: AtomicU64,
    /// How many bytes wait to be sent to it.
    queued_bytes: AtomicUsize,
    /// Whether its session is to look why it ends.
    interrupted: AtomicBool,
    opened: Instant,
    /// When something last came from it, in nanoseconds after `opened`.
    last_received: AtomicU64,
}

impl UdpPeer {
    /// Puts a datagram into the mailbox; it is lost if that is full.
    pub fn deliver(&self, datagram: Datagram) {
        let now = u64::try_from(self.opened.elapsed().as_nanos());
        self.last_received.store(now.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.enqueue(datagram);
    }

    fn enqueue(&self, datagram: Datagram) {
        let _best_effort = self.mailbox.try_send(datagram);
    }

    /// Has the session look why it ends, as the next thing it does.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        // If the mailbox is full, it does not wait and looks anyway.
        self.enqueue(Datagram::Interrupt);
    }

    /// When something last came from it, also if nobody has read it yet.
    pub fn last_received(&self) -> Instant {
        self.opened + Duration::from_nanos(self.last_received.load(Ordering::Relaxed))
    }

    /// Sends lines, each with its newline, as far as there is room for them.
    pub fn send(self: &Arc<UdpPeer>, lines: Arc<[u8]>) {
        let (length, count) = (lines.len(), newlines(&lines));
        let waiting = self.queued_bytes.fetch_add(length, Ordering::Relaxed);
        let room = waiting == 0 || waiting + length <= MAX_QUEUED_BYTES;
        if !room || !self.sender.push(self, lines) {
            self.release_queued(length);
            // The peer is to see that something is missing.
            self.sent_count.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Notes that so many bytes do not wait any more.
    pub fn release_queued(&self, length: usize) {
        self.queued_bytes.fetch_sub(length, Ordering::Relaxed);
    }

    /// A line as it goes out, with its number if the peer wants one.
    pub fn number_line(&self, line: &[u8]) -> Vec<u8> {
        if !self.wants_numbers.load(Ordering::Relaxed) {
            return [line, b"\n"].concat();
        }
        let numbers = Numbered {
            number: self.sent_count.fetch_add(1, Ordering::Relaxed) + 1,
            arrived: self.received_count.load(Ordering::Relaxed),
            line: "",
        };
        [numbers.encode().as_bytes(), line, b"\n"].concat()
    }
}

/// The reading side of a [`Peer`], in its session's thread. Dropping it forgets
/// the address.
pub struct Mailbox {
    datagrams: Receiver<Datagram>,
    tracker: ReceiveTracker,
    peer: Arc<UdpPeer>,
    peers: Arc<PeerTable>,
    tag: Token,
}

impl Mailbox {
    /// Takes the next lines out, with a newline at their end, within `patience`;
    /// `None` is for ever. 0 is the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] when the patience is at its end, and
    /// [`ErrorKind::FileTooLarge`] for a datagram that is too long.
    pub fn read(&mut self, buffer: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
        // One for all: what comes again and again gains no time.
        let until = patience.map(|patience| Instant::now() + patience);
        loop {
            if self.peer.interrupted.load(Ordering::Acquire) {
                return Ok(0);
            }
            let datagram = match until {
                Some(until) => self.datagrams.recv_deadline(until),
                None => self.datagrams.recv().map_err(RecvTimeoutError::from),
            };
            let bytes = match datagram {
                Ok(Datagram::Lines(bytes)) => bytes,
                Ok(Datagram::TooLong) => return Err(ErrorKind::FileTooLarge.into()),
                Ok(Datagram::Interrupt) | Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::TimedOut.into()),
            };
            if let Some(lines) = self.strip_number(&bytes) {
                return Ok(copy(lines, buffer));
            }
        }
    }

    /// Counts a numbered datagram, and gives what follows its number; nothing if
    /// it has come before.
    fn strip_number<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let numbered = str::from_utf8(bytes).ok().and_then(Numbered::parse);
        let Some(numbered) = numbered else {
            return Some(bytes);
        };
        let new = self.tracker.record(numbered.number);
        let UdpPeer {
            received_count: arrived, wants_numbers: numbers, ..
        } = &*self.peer;
        arrived.store(self.tracker.arrived(), Ordering::Relaxed);
        numbers.store(true, Ordering::Relaxed);
        new.then_some(numbered.line.as_bytes())
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.peers.remove(self.peer.address, self.tag);
    }
}

fn newlines(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Copies `lines`, ended by a newline. A reader has room for the longest datagram.
fn copy(lines: &[u8], buffer: &mut [u8]) -> usize {
    let end: &[u8] = if lines.ends_with(b"\n") { b"" } else { b"\n" };
    let bytes = lines.iter().chain(end);
    let places = buffer.iter_mut().zip(bytes);
    places.map(|(place, byte)| *place = *byte).count()
}

/// The peers by their addresses.
#[derive(Default)]
pub struct PeerTable {
    map: Mutex<PeerMap>,
}

#[derive(Default)]
struct PeerMap {
    peers: HashMap<SocketAddr, Arc<UdpPeer>>,
    /// The tags of those who left, for as long as these are good,
    spent_tags: HashSet<Token>,
    /// in the order in which they go, with their time.
    spent_order: VecDeque<(Instant, Token)>,
}

impl PeerTable {
    /// The peer at `address`.
    pub fn get(&self, address: SocketAddr) -> Option<Arc<UdpPeer>> {
        self.lock().peers.get(&address).cloned()
    }

    /// Makes a peer of an address that has proved itself with `tag`.
    pub fn insert(
        self: &Arc<PeerTable>,
        address: SocketAddr,
        tag: Token,
        outgoing: UdpSender,
    ) -> (Arc<UdpPeer>, Mailbox) {
        let (mailbox, datagrams) = bounded(MAILBOX_CAPACITY);
        let peer = Arc::new(UdpPeer {
            address,
            mailbox,
            sender: outgoing,
            wants_numbers: AtomicBool::new(false),
            received_count: AtomicU64::new(0),
            sent_count: AtomicU64::new(0),
            queued_bytes: AtomicUsize::new(0),
            interrupted: AtomicBool::new(false),
            opened: Instant::now(),
            last_received: AtomicU64::new(0),
        });
        self.lock().peers.insert(address, Arc::clone(&peer));
        let mailbox = Mailbox {
            datagrams,
            tracker: ReceiveTracker::default(),
            peer: Arc::clone(&peer),
            peers: Arc::clone(self),
            tag,
        };
        (peer, mailbox)
    }

    /// Whether somebody came with this tag, and has left since: sent again, by
    /// whomever, it opens nothing.
    pub fn is_spent(&self, tag: Token) -> bool {
        self.lock().spent_tags.contains(&tag)
    }

    fn remove(&self, address: SocketAddr, tag: Token) {
        let now = Instant::now();
        let mut known = self.lock();
        known.peers.remove(&address);
        known.spent_tags.insert(tag);
        known.spent_order.push_back((now, tag));
        known.expire(now);
    }

    fn lock(&self) -> MutexGuard<'_, PeerMap> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PeerMap {
    /// Forgets the tags that are not good any more by themselves.
    fn expire(&mut self, now: Instant) {
        let old = |at: Instant| now.duration_since(at) > 2 * COOKIE_WINDOW;
        while let Some((at, tag)) = self.spent_order.front().copied() {
            if !old(at) && self.spent_order.len() <= MAX_SPENT_TAGS {
                return;
            }
            self.spent_order.pop_front();
            self.spent_tags.remove(&tag);
        }
    }
}
