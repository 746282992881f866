//! Sender: members' lines become datagrams on the socket that all of them share.
//!
//! Thread: `udp sender`, one for each UDP socket.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::allowance::{DROPPED, Spent};
use super::peer::UdpPeer;
use super::turns::{NextSend, Turns};
use crate::sync::WaitGroupGuard;

/// The most batches that wait for the thread: one for each of ten thousand members.
/// A batch that finds no place is dropped, as the network might have.
const SEND_QUEUE: usize = 10_000;

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
        let _not_joined = thread.spawn(move || {
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

/// The body of the thread. It ends when all is sent after [`SendItem::End`].
fn run(socket: &UdpSocket, items: &Receiver<SendItem>) {
    let mut turns = Turns::default();
    let mut is_ending = false;
    loop {
        let item = match turns.next(Instant::now()) {
            NextSend::Send(peer, line) => {
                send(socket, &peer, &line);
                None
            }
            NextSend::WaitUntil(time) => match items.recv_deadline(time) {
                Err(RecvTimeoutError::Disconnected) => return,
                item => item.ok(),
            },
            NextSend::Wait if is_ending => return,
            NextSend::Wait => match items.recv() {
                Err(_no_sender_left) => return,
                item => item.ok(),
            },
        };
        // All of them, so that nothing waits for its turn behind a long queue.
        for item in item.into_iter().chain(items.try_iter()) {
            match item {
                SendItem::Batch(peer, lines) => turns.push(peer, lines),
                SendItem::End => is_ending = true,
            }
        }
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
