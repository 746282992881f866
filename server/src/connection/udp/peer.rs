//! Peer: what all threads share of one address that has proved to be real.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::udp::sequence::Numbered;
use crossbeam_channel::{Receiver, Sender, bounded};

/// The most datagrams that wait for a session. It reads at once, unless its member
/// sends faster than the rate allows. A datagram that finds no place is dropped, as
/// the network might have. Our client has at most 50 lines under way, and a
/// heartbeat for each 25.
const MAILBOX_CAPACITY: usize = 128;

/// The most bytes that wait to be sent to one peer: as many as a socket buffers, so
/// that a peer with much to receive leaves room for the others.
const MAX_QUEUED_BYTES: usize = 256 * 1024;

/// An item in a mailbox.
pub enum Datagram {
    /// Lines; the newline of the last may be missing.
    Lines(Vec<u8>),
    /// More bytes than a datagram may have.
    TooLong,
    /// No bytes: the session must check why its connection closes.
    Interrupt,
}

/// A peer that shares its socket with all other UDP peers.
pub struct UdpPeer {
    /// The address of the peer.
    pub address: SocketAddr,
    mailbox: Sender<Datagram>,
    /// The peer numbers what it sends, and wants numbers in return.
    wants_numbers: AtomicBool,
    /// The number of different numbered lines that came from the peer.
    received_count: AtomicU64,
    /// The number of lines that were numbered for the peer.
    sent_count: AtomicU64,
    queued_bytes: AtomicUsize,
    interrupted: AtomicBool,
    opened: Instant,
    /// When the last datagram came, in nanoseconds after `opened`.
    last_received: AtomicU64,
}

impl UdpPeer {
    /// Makes the peer at `address`, and the receiving end of its mailbox.
    pub(super) fn new(address: SocketAddr) -> (UdpPeer, Receiver<Datagram>) {
        let (mailbox, datagrams) = bounded(MAILBOX_CAPACITY);
        let peer = UdpPeer {
            address,
            mailbox,
            wants_numbers: AtomicBool::new(false),
            received_count: AtomicU64::new(0),
            sent_count: AtomicU64::new(0),
            queued_bytes: AtomicUsize::new(0),
            interrupted: AtomicBool::new(false),
            opened: Instant::now(),
            last_received: AtomicU64::new(0),
        };
        (peer, datagrams)
    }

    /// Puts a datagram into the mailbox, or drops it if that is full.
    pub fn deliver(&self, datagram: Datagram) {
        let now = u64::try_from(self.opened.elapsed().as_nanos());
        self.last_received
            .store(now.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.enqueue(datagram);
    }

    fn enqueue(&self, datagram: Datagram) {
        let _best_effort = self.mailbox.try_send(datagram);
    }

    /// Makes the session look why its connection closes, as its next step.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        // With a full mailbox the session does not wait, and looks anyway.
        self.enqueue(Datagram::Interrupt);
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Returns when the last datagram came, even if no thread has read it yet.
    pub fn last_received(&self) -> Instant {
        self.opened + Duration::from_nanos(self.last_received.load(Ordering::Relaxed))
    }

    /// Reserves room for `length` bytes in the queue. Returns `false` if too many
    /// wait already; the bytes must be released in either case.
    pub(super) fn reserve(&self, length: usize) -> bool {
        let queued = self.queued_bytes.fetch_add(length, Ordering::Relaxed);
        queued == 0 || queued + length <= MAX_QUEUED_BYTES
    }

    /// Releases bytes that do not wait any more.
    pub(super) fn release(&self, length: usize) {
        self.queued_bytes.fetch_sub(length, Ordering::Relaxed);
    }

    /// Skips `count` numbers, so that the peer sees that lines are missing.
    pub(super) fn skip_numbers(&self, count: u64) {
        self.sent_count.fetch_add(count, Ordering::Relaxed);
    }

    /// Records that the peer numbers its lines, and how many have come.
    pub(super) fn record_received(&self, count: u64) {
        self.received_count.store(count, Ordering::Relaxed);
        self.wants_numbers.store(true, Ordering::Relaxed);
    }

    /// Returns `line` as a datagram, with its number if the peer wants numbers.
    pub(super) fn number_line(&self, line: &[u8]) -> Vec<u8> {
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
