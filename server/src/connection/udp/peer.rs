//! Peer: what all threads share of one address that has proved to be real.

use std::net::SocketAddr;
use std::str;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::udp::sequence::{self, Numbered};
use common::{Cookie, MAX_DATAGRAM};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::allowance::{Allowance, Spent};
use super::send_rate::SendRate;
use crate::sync::lock;

/// The most datagrams that wait for a session. It reads at once, unless its member
/// sends faster than the rate allows. A datagram that finds no place is dropped, as
/// the network might have. Our client has at most 50 lines under way, and a
/// heartbeat for each 25.
const MAILBOX_CAPACITY: usize = 128;

/// The most bytes that wait to be sent to one peer: as many as a socket buffers, so
/// that a peer with much to receive leaves room for the others.
const MAX_QUEUED_BYTES: usize = 256 * 1024;

/// The most numbers that are skipped in a row. They stand for lines that met a full
/// queue, and the next number must stay [near](sequence::is_near) for the peer.
const MAX_SKIPPED: u64 = sequence::MAX_DISTANCE / 2;

/// An item in a mailbox.
pub(super) enum Datagram {
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
    /// The proof of the address, and the start of the numbers.
    pub(super) cookie: Cookie,
    mailbox: Sender<Datagram>,
    /// The peer numbers what it sends, and wants numbers in return.
    wants_numbers: AtomicBool,
    /// The highest number that the peer has sent; only with a start. Written by the
    /// receiver's thread.
    highest_received: AtomicU64,
    /// The number of different numbered lines that came from the peer.
    received_count: AtomicU64,
    /// The number of the last line for the peer.
    last_number: AtomicU64,
    /// The numbers that were skipped since the last line was sent.
    skipped: AtomicU64,
    /// The bytes that a peer without a start may still receive.
    allowance: Mutex<Allowance>,
    /// The bytes that it was sent lately. Only the sender's thread uses it.
    send_rate: Mutex<SendRate>,
    queued_bytes: AtomicUsize,
    interrupted: AtomicBool,
    opened: Instant,
    /// When the last datagram came, in nanoseconds after `opened`.
    last_received: AtomicU64,
}

impl UdpPeer {
    /// Makes the peer at `address`, which has sent back `cookie`, and the receiving end
    /// of its mailbox. The line in the cookie is the first in the mailbox.
    pub(super) fn new(address: SocketAddr, cookie: &Cookie) -> (UdpPeer, Receiver<Datagram>) {
        let (mailbox, datagrams) = bounded(MAILBOX_CAPACITY);
        let (now, start) = (Instant::now(), cookie.start.unwrap_or(0));
        let peer = UdpPeer {
            address,
            cookie: cookie.clone(),
            mailbox,
            wants_numbers: AtomicBool::new(cookie.start.is_some()),
            highest_received: AtomicU64::new(start),
            received_count: AtomicU64::new(0),
            last_number: AtomicU64::new(start),
            skipped: AtomicU64::new(0),
            allowance: Mutex::new(Allowance::new(now)),
            send_rate: Mutex::new(SendRate::new(now)),
            queued_bytes: AtomicUsize::new(0),
            interrupted: AtomicBool::new(false),
            opened: now,
            last_received: AtomicU64::new(0),
        };
        peer.enqueue(Datagram::Lines(cookie.line.as_str().into()));
        (peer, datagrams)
    }

    /// Puts a datagram into the mailbox, or drops it if that is full. A datagram that
    /// may be from another source leaves no trace.
    pub fn deliver(&self, bytes: &[u8]) {
        let datagram = match self.cookie.start {
            Some(_) => match self.open_numbered(bytes) {
                Some(datagram) => datagram,
                None => return,
            },
            None => {
                lock(&self.allowance).earn(bytes.len());
                open_plain(bytes)
            }
        };
        let now = u64::try_from(self.opened.elapsed().as_nanos());
        self.last_received
            .store(now.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.enqueue(datagram);
    }

    /// Opens a datagram that must know a secret: the cookie, or about the next number.
    fn open_numbered(&self, bytes: &[u8]) -> Option<Datagram> {
        let Some(number) = sequence::number_of(bytes) else {
            let is_own_cookie = parse_cookie(bytes).is_some_and(|it| it == self.cookie);
            return is_own_cookie.then(Datagram::heartbeat);
        };
        let highest = self.highest_received.load(Ordering::Relaxed);
        if !sequence::is_near(number, highest.saturating_add(1)) {
            return None;
        }
        self.highest_received.fetch_max(number, Ordering::Relaxed);
        Some(Datagram::from(bytes))
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

    /// Returns the time at which the last datagram came, even if no thread has read it yet.
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

    /// Skips `count` numbers, so that the peer sees that lines are missing. With a start
    /// it would not follow more than [`MAX_SKIPPED`], so it sees at most those.
    pub(super) fn skip_numbers(&self, count: u64) {
        let count = match self.cookie.start {
            Some(_) => {
                let count = count.min(MAX_SKIPPED);
                let before = self.skipped.fetch_add(count, Ordering::Relaxed);
                MAX_SKIPPED.saturating_sub(before).min(count)
            }
            None => count,
        };
        self.last_number.fetch_add(count, Ordering::Relaxed);
    }

    /// Records that the peer numbers its lines, and how many have come.
    pub(super) fn record_received(&self, count: u64) {
        self.received_count.store(count, Ordering::Relaxed);
        self.wants_numbers.store(true, Ordering::Relaxed);
    }

    /// Returns `line` as a datagram, with its number if the peer wants numbers.
    pub(super) fn number_line(&self, line: &[u8]) -> Vec<u8> {
        self.skipped.store(0, Ordering::Relaxed);
        if !self.wants_numbers.load(Ordering::Relaxed) {
            return [line, b"\n"].concat();
        }
        let numbers = Numbered {
            number: self.last_number.fetch_add(1, Ordering::Relaxed) + 1,
            arrived: self.received_count.load(Ordering::Relaxed),
            line: "",
        };
        [numbers.encode().as_bytes(), line, b"\n"].concat()
    }

    /// Returns `true` if the next line for the peer need not wait.
    pub(super) fn may_be_sent(&self, now: Instant) -> bool {
        lock(&self.send_rate).allows(now)
    }

    /// Records that a line of `length` bytes is sent to the peer.
    pub(super) fn record_sent(&self, length: usize, now: Instant) {
        lock(&self.send_rate).record_sent(length, now);
    }

    /// Takes the bytes of a datagram from the peer's allowance. Without a limit for a
    /// peer with a start: no other source can ask in its name.
    pub(super) fn spend(&self, bytes: usize) -> Spent {
        match self.cookie.start {
            Some(_) => Spent::Granted,
            None => lock(&self.allowance).spend(bytes, Instant::now()),
        }
    }
}

impl Datagram {
    /// Returns the datagram of `bytes`.
    fn from(bytes: &[u8]) -> Datagram {
        match bytes.len() {
            ..=MAX_DATAGRAM => Datagram::Lines(bytes.to_vec()),
            _ => Datagram::TooLong,
        }
    }

    /// Returns the meaning of a repeated cookie. The welcome was lost, or it is a
    /// duplicate: a heartbeat answers both.
    fn heartbeat() -> Datagram {
        Datagram::Lines(Vec::new())
    }
}

/// Opens a datagram of a peer without a start, which may be from anybody.
fn open_plain(bytes: &[u8]) -> Datagram {
    match parse_cookie(bytes) {
        Some(_) => Datagram::heartbeat(),
        None => Datagram::from(bytes),
    }
}

fn parse_cookie(bytes: &[u8]) -> Option<Cookie> {
    let text = str::from_utf8(bytes).ok()?;
    Cookie::parse(text.trim_end())
}
