//! Turns: whose line is the next datagram, if lines wait for several peers.
//!
//! Invariant: no socket and no clock.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use common::Token;

use super::peer::UdpPeer;

/// The most bytes for one peer in a tick, see [`TICK`](super::sender::TICK). Together they
/// are 800 KB/s, which a peer reads before its socket's buffer overflows.
pub const MAX_PER_TICK: usize = 8 * 1024;

/// The lines that wait, in a queue for each peer. The peers take turns, so a peer with much
/// to receive waits for itself and not the others for it.
#[derive(Default)]
pub struct Turns {
    /// By the tags of the peers' cookies. An address can have a new peer while lines for
    /// its previous one still wait.
    queues: HashMap<Token, PeerQueue>,
    order: VecDeque<Token>,
}

struct PeerQueue {
    peer: Arc<UdpPeer>,
    batches: VecDeque<Arc<[u8]>>,
    /// The bytes of the first batch that had their turn.
    sent: usize,
    tick: u64,
    /// The bytes that had their turn in this tick.
    sent_in_tick: usize,
}

/// A line, with its newline, that has its turn.
pub struct NextLine {
    /// The peer that receives it.
    pub peer: Arc<UdpPeer>,
    /// Contains the line.
    pub batch: Arc<[u8]>,
    /// The place of the line in its batch.
    pub range: Range<usize>,
}

impl Turns {
    /// Returns `true` if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Queues lines for a peer.
    pub fn push(&mut self, peer: Arc<UdpPeer>, batch: Arc<[u8]>) {
        let tag = peer.cookie.tag;
        let queue = self.queues.entry(tag).or_insert_with(|| {
            self.order.push_back(tag);
            PeerQueue {
                peer,
                batches: VecDeque::new(),
                sent: 0,
                tick: 0,
                sent_in_tick: 0,
            }
        });
        queue.batches.push_back(batch);
    }

    /// Returns the next line. Returns `None` if all peers with lines have received what
    /// they may in this `tick`.
    pub fn next(&mut self, tick: u64) -> Option<NextLine> {
        for _ in 0..self.order.len() {
            let tag = self.order.pop_front()?;
            let queue = self.queues.get_mut(&tag)?;
            let line = queue.next(tick);
            if queue.batches.is_empty() {
                self.queues.remove(&tag);
            } else {
                self.order.push_back(tag);
            }
            if line.is_some() {
                return line;
            }
        }
        None
    }
}

impl PeerQueue {
    fn next(&mut self, tick: u64) -> Option<NextLine> {
        if self.tick != tick {
            (self.tick, self.sent_in_tick) = (tick, 0);
        }
        if self.sent_in_tick >= MAX_PER_TICK {
            return None;
        }
        let batch = Arc::clone(self.batches.front()?);
        let rest = batch.get(self.sent..).unwrap_or_default();
        let newline = rest.iter().position(|&byte| byte == b'\n');
        let length = newline.map_or(rest.len(), |newline| newline + 1);
        let range = self.sent..self.sent + length;
        self.sent_in_tick += length;
        self.sent = range.end;
        if self.sent >= batch.len() {
            self.batches.pop_front();
            self.sent = 0;
        }
        Some(NextLine {
            peer: Arc::clone(&self.peer),
            batch,
            range,
        })
    }
}

#[cfg(test)]
mod tests {
    use common::Cookie;

    use super::*;

    fn peer(port: u16) -> Arc<UdpPeer> {
        peer_with_tag(port, port)
    }

    fn peer_with_tag(port: u16, tag: u16) -> Arc<UdpPeer> {
        let cookie = format!("/cookie {tag:032x} {port}");
        let cookie = Cookie::parse(&cookie).unwrap();
        Arc::new(UdpPeer::new(([127, 0, 0, 1], port).into(), &cookie).0)
    }

    fn text(line: &NextLine) -> String {
        String::from_utf8(line.batch[line.range.clone()].to_vec()).unwrap()
    }

    #[test]
    fn peers_take_turns_line_by_line() {
        let mut turns = Turns::default();
        let long = peer(1);
        turns.push(Arc::clone(&long), b"a\nb\nc\n".as_slice().into());
        turns.push(long, b"d\n".as_slice().into());
        turns.push(peer(2), b"e\nf".as_slice().into());
        let order: Vec<String> = std::iter::from_fn(|| turns.next(1))
            .map(|line| text(&line))
            .collect();
        assert_eq!(order, ["a\n", "e\n", "b\n", "f", "c\n", "d\n"]);
        assert!(turns.is_empty());
    }

    #[test]
    fn a_peer_with_much_to_receive_waits_for_the_next_tick_and_others_do_not() {
        let mut turns = Turns::default();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        turns.push(peer(1), line.repeat(10).into());
        let count = |turns: &mut Turns, tick| std::iter::from_fn(|| turns.next(tick)).count();
        assert_eq!(count(&mut turns, 1), 8);
        turns.push(peer(2), b"hi\n".as_slice().into());
        assert_eq!(
            turns.next(1).map(|line| text(&line)).as_deref(),
            Some("hi\n")
        );
        assert_eq!(count(&mut turns, 1), 0);
        assert_eq!(count(&mut turns, 2), 2);
    }

    #[test]
    fn a_new_peer_at_an_address_is_not_the_one_before() {
        let mut turns = Turns::default();
        let [previous, new] = [1, 2].map(|tag| peer_with_tag(7, tag));
        turns.push(Arc::clone(&previous), b"a\nb\n".as_slice().into());
        turns.push(Arc::clone(&new), b"c\n".as_slice().into());
        for receiver in [&previous, &new, &previous] {
            let line = turns.next(1).unwrap();
            assert!(Arc::ptr_eq(&line.peer, receiver), "{}", text(&line));
        }
    }
}
