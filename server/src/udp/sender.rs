//! Turns members' lines into datagrams on the socket that all of them share.

use std::convert::Infallible;
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use common::MAX_DATAGRAM;
use common::udp::sequence::MAX_PREFIX;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::peer::UdpPeer;
use crate::fold::fold;

/// How many batches may wait for the thread: one for each of ten thousand members.
/// When they are used up, what comes is lost, as it may be on the way as well.
const SEND_QUEUE: usize = 10_000;

/// The most bytes of a line in one datagram, so that its numbers and its newline
/// have room.
const MAX_LINE_BYTES: usize = MAX_DATAGRAM - MAX_PREFIX - 1;

/// The way to the sender's thread.
#[derive(Clone)]
pub struct UdpSender {
    items: Sender<SendItem>,
}

enum SendItem {
    /// Send these lines.
    Batch(Arc<UdpPeer>, Arc<[u8]>),
    /// There will be no more.
    End,
}

impl UdpSender {
    /// Starts the thread that sends over `socket`. It drops `alive` at its
    /// [end](Outgoing::end).
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(socket: Arc<UdpSocket>, alive: Sender<Infallible>) -> io::Result<UdpSender> {
        let (orders, waiting) = bounded(SEND_QUEUE);
        let thread = thread::Builder::new().name("udp sender".to_string());
        // It is not joined: `alive` tells when it has ended.
        let _detached = thread.spawn(move || {
            run(&socket, &waiting);
            drop(alive);
        })?;
        Ok(UdpSender { items: orders })
    }

    /// Hands over lines for `peer`, and says whether there was room for them.
    pub fn push(&self, peer: &Arc<UdpPeer>, lines: Arc<[u8]>) -> bool {
        let batch = SendItem::Batch(Arc::clone(peer), lines);
        self.items.try_send(batch).is_ok()
    }

    /// Has the thread end, after all that it was handed before. Each peer holds a way
    /// to it, and those are held by many, so it would not see the last one go.
    pub fn finish(&self, deadline: Instant) {
        let _stuck = self.items.send_deadline(SendItem::End, deadline);
    }
}

/// The thread's life.
fn run(socket: &UdpSocket, orders: &Receiver<SendItem>) {
    for order in orders {
        let SendItem::Batch(peer, lines) = order else {
            return;
        };
        let text = lines.strip_suffix(b"\n").unwrap_or(&lines);
        for line in text.split(|&byte| byte == b'\n') {
            for piece in fold(line, MAX_LINE_BYTES) {
                // What cannot be sent is lost; the peer sees that by its numbers.
                let _best_effort = socket.send_to(&peer.number_line(&piece), peer.address);
            }
        }
        peer.release_queued(lines.len());
    }
}
