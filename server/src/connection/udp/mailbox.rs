//! Mailbox: the reading side of one UDP peer, and the table of all peers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::str;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::udp::sequence::{Numbered, ReceiveTracker};
use common::{Cookie, Token};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::peer::{Datagram, UdpPeer};
use crate::sync::lock;

/// The most tags of departed members that are remembered: more than can come and
/// go in the time for which a tag is valid.
const MAX_SPENT_TAGS: usize = 64 * 1024;

/// The reading side of a [`UdpPeer`], in its session's thread. Dropping it removes
/// the address from the table.
pub struct Mailbox {
    datagrams: Receiver<Datagram>,
    tracker: ReceiveTracker,
    peer: Arc<UdpPeer>,
    table: Arc<PeerTable>,
}

impl Mailbox {
    /// Returns the peer whose mailbox this is.
    pub fn peer(&self) -> &Arc<UdpPeer> {
        &self.peer
    }

    /// Takes the next lines out, with a newline at their end, within `timeout`;
    /// `None` is forever. Returns 0 at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] when the timeout is over, and
    /// [`ErrorKind::FileTooLarge`] for a datagram that is too long.
    pub fn read(&mut self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        // One deadline for all: a datagram that comes again and again gains no time.
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if self.peer.is_interrupted() {
                return Ok(0);
            }
            let datagram = match deadline {
                Some(deadline) => self.datagrams.recv_deadline(deadline),
                None => self.datagrams.recv().map_err(RecvTimeoutError::from),
            };
            let bytes = match datagram {
                Ok(Datagram::Lines(bytes)) => bytes,
                Ok(Datagram::TooLong) => return Err(ErrorKind::FileTooLarge.into()),
                Ok(Datagram::Interrupt) | Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::TimedOut.into()),
            };
            if let Some(lines) = self.strip_number(&bytes) {
                return Ok(copy_lines(lines, buffer));
            }
        }
    }

    /// Counts a numbered datagram and returns what follows its number. Returns
    /// `None` for a duplicate.
    fn strip_number<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let numbered = str::from_utf8(bytes).ok().and_then(Numbered::parse);
        let Some(numbered) = numbered else {
            return Some(bytes);
        };
        let is_new = self.tracker.record(numbered.number);
        self.peer.record_received(self.tracker.arrived());
        is_new.then_some(numbered.line.as_bytes())
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let UdpPeer {
            address, cookie, ..
        } = &*self.peer;
        self.table.remove(*address, cookie.tag);
    }
}

/// Copies `lines` and a final newline. The reader has room for the longest datagram.
fn copy_lines(lines: &[u8], buffer: &mut [u8]) -> usize {
    let newline: &[u8] = if lines.ends_with(b"\n") { b"" } else { b"\n" };
    let bytes = lines.iter().chain(newline);
    let places = buffer.iter_mut().zip(bytes);
    places.map(|(place, byte)| *place = *byte).count()
}

/// The peers by their addresses.
pub struct PeerTable {
    /// For how long a tag can be valid.
    tag_lifetime: Duration,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    peers: HashMap<SocketAddr, Arc<UdpPeer>>,
    /// The tags of departed members, while they could still be valid.
    spent_tags: HashSet<Token>,
    /// The same tags in the order of their expiry.
    spent_order: VecDeque<(Instant, Token)>,
}

impl PeerTable {
    /// Makes an empty table. A spent tag is remembered for `tag_lifetime`.
    pub fn new(tag_lifetime: Duration) -> PeerTable {
        PeerTable {
            tag_lifetime,
            entries: Mutex::default(),
        }
    }

    /// Returns the peer at `address`.
    pub fn get(&self, address: SocketAddr) -> Option<Arc<UdpPeer>> {
        lock(&self.entries).peers.get(&address).cloned()
    }

    /// Makes a peer of an address that has proved itself with `cookie`.
    pub fn insert(self: &Arc<PeerTable>, address: SocketAddr, cookie: &Cookie) -> Mailbox {
        let (peer, datagrams) = UdpPeer::new(address, cookie);
        let peer = Arc::new(peer);
        lock(&self.entries).peers.insert(address, Arc::clone(&peer));
        Mailbox {
            datagrams,
            tracker: ReceiveTracker::after(cookie.start.unwrap_or(0)),
            peer,
            table: Arc::clone(self),
        }
    }

    /// Returns `true` if a member came with this tag and has left since. Such a tag
    /// opens nothing any more.
    pub fn is_spent(&self, tag: Token) -> bool {
        lock(&self.entries).spent_tags.contains(&tag)
    }

    fn remove(&self, address: SocketAddr, tag: Token) {
        let now = Instant::now();
        let mut entries = lock(&self.entries);
        entries.peers.remove(&address);
        entries.spent_tags.insert(tag);
        entries.spent_order.push_back((now, tag));
        entries.expire(now, self.tag_lifetime);
    }
}

impl Entries {
    /// Removes the tags that are too old to be valid.
    fn expire(&mut self, now: Instant, lifetime: Duration) {
        while let Some((at, tag)) = self.spent_order.front().copied() {
            let expired = now.duration_since(at) > lifetime;
            if !expired && self.spent_order.len() <= MAX_SPENT_TAGS {
                return;
            }
            self.spent_order.pop_front();
            self.spent_tags.remove(&tag);
        }
    }
}
