//! Sender: members' lines become datagrams on the socket that all of them share.
//!
//! Thread: `udp sender`, one for each UDP socket.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use common::MAX_DATAGRAM;
use common::udp::sequence::MAX_PREFIX;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::super::fold::fold;
use super::allowance::{DROPPED, Spent};
use super::peer::UdpPeer;
use crate::sync::WaitGroupGuard;

/// The most batches that wait for the thread: one for each of ten thousand members.
/// A batch that finds no place is dropped, as the network might have.
const SEND_QUEUE: usize = 10_000;

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
fn run(socket: &UdpSocket, queue: &Receiver<SendItem>) {
    for item in queue {
        let SendItem::Batch(peer, lines) = item else {
            return;
        };
        let text = lines.strip_suffix(b"\n").unwrap_or(&lines);
        for line in text.split(|&byte| byte == b'\n') {
            for piece in fold(line, MAX_LINE_BYTES) {
                send(socket, &peer, &piece);
            }
        }
        peer.release(lines.len());
    }
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
