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

use super::peer::Peer;
use crate::fold::fold;

/// How many batches may wait for the thread: one for each of ten thousand members.
/// When they are used up, what comes is lost, as it may be on the way as well.
const WAITING: usize = 10_000;

/// The most bytes of a line in one datagram, so that its numbers and its newline
/// have room.
const LONGEST_LINE: usize = MAX_DATAGRAM - MAX_PREFIX - 1;

/// The way to the sender's thread.
#[derive(Clone)]
pub struct Outgoing {
    orders: Sender<Order>,
}

enum Order {
    /// Send these lines.
    Batch(Arc<Peer>, Arc<[u8]>),
    /// There will be no more.
    End,
}

impl Outgoing {
    /// Starts the thread that sends over `socket`. It drops `alive` at its
    /// [end](Outgoing::end).
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(socket: Arc<UdpSocket>, alive: Sender<Infallible>) -> io::Result<Outgoing> {
        let (orders, waiting) = bounded(WAITING);
        let thread = thread::Builder::new().name("udp sender".to_string());
        // It is not joined: `alive` tells when it has ended.
        let _detached = thread.spawn(move || {
            run(&socket, &waiting);
            drop(alive);
        })?;
        Ok(Outgoing { orders })
    }

    /// Hands over lines for `peer`, and says whether there was room for them.
    pub fn push(&self, peer: &Arc<Peer>, lines: Arc<[u8]>) -> bool {
        let batch = Order::Batch(Arc::clone(peer), lines);
        self.orders.try_send(batch).is_ok()
    }

    /// Has the thread end, after all that it was handed before. Each peer holds a way
    /// to it, and those are held by many, so it would not see the last one go.
    pub fn end(&self, deadline: Instant) {
        let _stuck = self.orders.send_deadline(Order::End, deadline);
    }
}

/// The thread's life.
fn run(socket: &UdpSocket, orders: &Receiver<Order>) {
    for order in orders {
        let Order::Batch(peer, lines) = order else {
            return;
        };
        let text = lines.strip_suffix(b"\n").unwrap_or(&lines);
        for line in text.split(|&byte| byte == b'\n') {
            for piece in fold(line, LONGEST_LINE) {
                // What cannot be sent is lost; the peer sees that by its numbers.
                let _best_effort = socket.send_to(&peer.stamp(&piece), peer.address);
            }
        }
        peer.sent(lines.len());
    }
}
