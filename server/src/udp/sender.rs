//! Turns members' lines into datagrams on the socket that all of them share.

use std::convert::Infallible;
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;

use common::MAX_DATAGRAM;
use common::sequence::MAX_NUMBERS;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::fold::fold;
use super::peer::Peer;

/// How many batches may wait for the thread: one for each of ten thousand members.
/// When they are used up, what comes is lost, as it may be on the way as well.
const WAITING: usize = 10_000;

/// The most bytes of a line in one datagram, so that its numbers and its newline
/// have room.
const LONGEST: usize = MAX_DATAGRAM - MAX_NUMBERS - 1;

/// The way to the sender's thread.
#[derive(Clone)]
pub struct Outgoing {
    batches: Sender<(Arc<Peer>, Arc<[u8]>)>,
}

impl Outgoing {
    /// Starts the thread that sends over `socket`. It ends, and drops `alive`, when
    /// nobody can hand it anything more.
    ///
    /// # Errors
    ///
    /// When the machine has no thread left.
    pub fn start(socket: Arc<UdpSocket>, alive: Sender<Infallible>) -> io::Result<Outgoing> {
        let (batches, waiting) = bounded(WAITING);
        let thread = thread::Builder::new().name("udp sender".to_string());
        // It is not joined: `alive` tells when it has ended.
        let _detached = thread.spawn(move || {
            run(&socket, &waiting);
            drop(alive);
        })?;
        Ok(Outgoing { batches })
    }

    /// Hands over lines for `peer`, and says whether there was room for them.
    pub fn push(&self, peer: &Arc<Peer>, lines: Arc<[u8]>) -> bool {
        self.batches.try_send((Arc::clone(peer), lines)).is_ok()
    }
}

/// The thread's life.
fn run(socket: &UdpSocket, batches: &Receiver<(Arc<Peer>, Arc<[u8]>)>) {
    for (peer, lines) in batches {
        let lines = lines.strip_suffix(b"\n").unwrap_or(&lines);
        for line in lines.split(|&byte| byte == b'\n') {
            for piece in fold(line, LONGEST) {
                // What cannot be sent is lost; the peer sees that by its numbers.
                let _best_effort = socket.send_to(&peer.stamp(&piece), peer.address);
            }
        }
    }
}
