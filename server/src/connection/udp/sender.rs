//! Sender: members' lines become datagrams on the socket that all of them share.
//!
//! Thread: `udp sender`, one for each UDP socket.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::MAX_DATAGRAM;
use common::udp::sequence::MAX_PREFIX;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::super::fold::fold;
use super::allowance::{DROPPED, Spent};
use super::peer::UdpPeer;
use super::turns::{NextLine, Turns};
use crate::sync::WaitGroupGuard;

/// The most batches that wait for the thread: one for each of ten thousand members.
/// A batch that finds no place is dropped, as the network might have.
const SEND_QUEUE: usize = 10_000;

/// The time for which a limit on the bytes for each peer counts, see [`Turns`].
pub const TICK: Duration = Duration::from_millis(10);

/// The most bytes of a line in one datagram, with room for its numbers and newline.
const MAX_LINE_BYTES: usize = MAX_DATAGRAM - MAX_PREFIX - 1;

/// A handle to the sender's thread.
#[derive(Clone)]
pub struct UdpSender {
    items: Sender<SendItem>,
}

enum SendItem {
    /// Lines for one peer.
    Batch(Arc<UdpPeer>, Arc<[u8]>),
    /// Nothing follows.
    End,
}

/// The transport of one UDP peer: its address, and the thread that sends to it.
#[derive(Clone)]
pub struct UdpTransport {
    /// The peer.
    pub peer: Arc<UdpPeer>,
    /// The sender of the peer's socket.
    pub sender: UdpSender,
}

impl UdpTransport {
    /// Sends lines, each with its newline, as far as the queues have room.
    pub fn send(&self, lines: Arc<[u8]>) {
        let length = lines.len();
        let newlines = lines.iter().filter(|&&byte| byte == b'\n').count();
        let has_room = self.peer.reserve(length);
        if !has_room || !self.sender.push(&self.peer, lines) {
            self.peer.release(length);
            self.peer.skip_numbers(newlines as u64);
        }
    }
}

impl UdpSender {
    /// Starts the thread that sends over `socket`. The thread holds `done` until
    /// its [end](UdpSender::finish).
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(socket: Arc<UdpSocket>, done: WaitGroupGuard) -> io::Result<UdpSender> {
        let (items, queue) = bounded(SEND_QUEUE);
        let thread = thread::Builder::new().name("udp sender".to_string());
        // Not joined: the drop of `done` tells when it has ended.
        let _detached = thread.spawn(move || {
            run(&socket, &queue);
            drop(done);
        })?;
        Ok(UdpSender { items })
    }

    /// Queues lines for `peer`. Returns `false` if there was no room.
    fn push(&self, peer: &Arc<UdpPeer>, lines: Arc<[u8]>) -> bool {
        let batch = SendItem::Batch(Arc::clone(peer), lines);
        self.items.try_send(batch).is_ok()
    }

    /// Makes the thread end after all that was queued before. Every transport holds
    /// a handle, so the thread would not see the last of them go.
    pub fn finish(&self, deadline: Instant) {
        let _stuck = self.items.send_deadline(SendItem::End, deadline);
    }
}

/// The body of the thread.
fn run(socket: &UdpSocket, items: &Receiver<SendItem>) {
    let start = Instant::now();
    let mut turns = Turns::default();
    loop {
        let tick = start.elapsed().as_nanos() / TICK.as_nanos();
        let tick = u64::try_from(tick).unwrap_or(u64::MAX);
        let next = turns.next(tick);
        let item = match &next {
            // What has come since then takes its turn before the line after this one.
            Some(_) => items.try_recv().ok(),
            None if turns.is_empty() => match items.recv() {
                Ok(item) => Some(item),
                Err(_no_sender_left) => return,
            },
            None => items.recv_timeout(TICK).ok(),
        };
        if let Some(line) = next {
            send_line(socket, &line);
        }
        match item {
            Some(SendItem::Batch(peer, lines)) => turns.push(peer, lines),
            Some(SendItem::End) => return send_rest(socket, turns, tick),
            None => {}
        }
    }
}

/// Sends all that waits, at once.
fn send_rest(socket: &UdpSocket, mut turns: Turns, mut tick: u64) {
    while !turns.is_empty() {
        match turns.next(tick) {
            Some(line) => send_line(socket, &line),
            None => tick += 1,
        }
    }
}

fn send_line(socket: &UdpSocket, next: &NextLine) {
    let line = next.batch.get(next.range.clone()).unwrap_or_default();
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    for piece in fold(text, MAX_LINE_BYTES) {
        send(socket, &next.peer, &piece);
    }
    next.peer.release(line.len());
}

/// Sends one line, if the peer may receive it. A line that cannot be sent is lost; the
/// peer sees that by its numbers.
fn send(socket: &UdpSocket, peer: &UdpPeer, line: &[u8]) {
    let datagram = peer.number_line(line);
    let datagram = match peer.spend(datagram.len()) {
        Spent::Granted => datagram,
        Spent::FirstDenied => peer.number_line(DROPPED.as_bytes()),
        Spent::Denied => return,
    };
    let _best_effort = socket.send_to(&datagram, peer.address);
}
