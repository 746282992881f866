//! Turns: whose line is the next datagram, if lines wait for several peers.
//!
//! Each peer that waits has one datagram in its turn (round robin; RFC 970). So a peer with
//! much to receive waits for itself alone, and the others for one datagram of it. A peer
//! that was sent enough pauses until the next [`TICK`].
//!
//! Invariant: no socket and no clock; the caller passes the time.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use std::vec;

use common::udp::sequence::MAX_PREFIX;
use common::{MAX_DATAGRAM, Token};

use super::super::fold::fold;
use super::peer::UdpPeer;
use super::send_rate::TICK;

/// The most bytes of a line in one datagram, with room for its numbers and newline.
const MAX_LINE_BYTES: usize = MAX_DATAGRAM - MAX_PREFIX - 1;

/// All that waits to be sent. What waits for one peer is bounded by what it may
/// [reserve](UdpPeer::reserve).
#[derive(Default)]
pub struct Turns {
    /// The queues by the tags of the peers' cookies. An address can have a new peer while
    /// lines for its previous one still wait.
    queues: HashMap<Token, PeerQueue>,
    /// The peers with a turn, the next one first. Each of `queues` is here or in `paused`.
    ready: VecDeque<Token>,
    paused: Vec<Token>,
    /// The time at which those in `paused` have their turns again.
    resume_at: Option<Instant>,
}

/// The next step of the thread that sends.
pub enum NextSend {
    /// Send this line to this peer, in one datagram.
    Send(Arc<UdpPeer>, Vec<u8>),
    /// Wait until this time.
    WaitUntil(Instant),
    /// Wait for lines, because there are none.
    Wait,
}

/// The lines that wait for one peer.
struct PeerQueue {
    peer: Arc<UdpPeer>,
    /// The lines whose turn it is. The first batch is not in `batches`, so that a single
    /// one, the usual case, needs no allocation.
    batch: Arc<[u8]>,
    /// The number of bytes at the beginning of `batch` that are taken.
    taken: usize,
    /// The rest of a line that is too long for a datagram.
    pieces: vec::IntoIter<Vec<u8>>,
    batches: VecDeque<Arc<[u8]>>,
}

impl Turns {
    /// Adds lines for `peer`, each with its newline, after those that wait already.
    pub fn push(&mut self, peer: Arc<UdpPeer>, lines: Arc<[u8]>) {
        match self.queues.entry(peer.cookie.tag) {
            Entry::Occupied(mut entry) => entry.get_mut().batches.push_back(lines),
            Entry::Vacant(entry) => {
                self.ready.push_back(peer.cookie.tag);
                entry.insert(PeerQueue::new(peer, lines));
            }
        }
    }

    /// Takes out the line whose turn it is.
    pub fn next(&mut self, now: Instant) -> NextSend {
        if self.resume_at.is_some_and(|at| at <= now) {
            self.resume_at = None;
            self.ready.extend(self.paused.drain(..));
        }
        while let Some(tag) = self.ready.pop_front() {
            let Some(queue) = self.queues.get_mut(&tag) else {
                continue;
            };
            if !queue.peer.may_be_sent(now) {
                self.paused.push(tag);
                self.resume_at.get_or_insert(now + TICK);
            } else if let Some(line) = queue.next_line() {
                let peer = Arc::clone(&queue.peer);
                peer.record_sent(line.len(), now);
                self.ready.push_back(tag);
                return NextSend::Send(peer, line);
            } else {
                self.queues.remove(&tag);
            }
        }
        self.resume_at.map_or(NextSend::Wait, NextSend::WaitUntil)
    }
}

impl PeerQueue {
    fn new(peer: Arc<UdpPeer>, lines: Arc<[u8]>) -> PeerQueue {
        PeerQueue {
            peer,
            batch: lines,
            taken: 0,
            pieces: Vec::new().into_iter(),
            batches: VecDeque::new(),
        }
    }

    /// Takes out the next line, or piece of a line. After `None` the queue is of no use.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(piece) = self.pieces.next() {
                return Some(piece);
            }
            let rest = self.batch.get(self.taken..).unwrap_or_default();
            if rest.is_empty() {
                self.peer.release(self.batch.len());
                self.batch = self.batches.pop_front()?;
                self.taken = 0;
                continue;
            }
            let newline = rest.iter().position(|&byte| byte == b'\n');
            let line = rest
                .get(..newline.unwrap_or(rest.len()))
                .unwrap_or_default();
            self.pieces = fold(line, MAX_LINE_BYTES).into_iter();
            self.taken += line.len() + 1;
        }
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

    fn push(turns: &mut Turns, peer: &Arc<UdpPeer>, lines: &str) {
        assert!(peer.reserve(lines.len()));
        turns.push(Arc::clone(peer), lines.as_bytes().into());
    }

    /// Returns the lines that are sent at `now`, each after the number of its peer.
    fn sent_at(turns: &mut Turns, now: Instant) -> Vec<(u16, String)> {
        let next = || match turns.next(now) {
            NextSend::Send(peer, line) => {
                Some((peer.address.port(), String::from_utf8(line).unwrap()))
            }
            NextSend::WaitUntil(_) | NextSend::Wait => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn peers_take_turns_and_each_keeps_its_order() {
        let (mut turns, [one, two, three]) = (Turns::default(), [1, 2, 3].map(peer));
        push(&mut turns, &one, "a\nb\nc\n");
        push(&mut turns, &two, "d\n\n");
        push(&mut turns, &one, "e\n");
        push(&mut turns, &three, "f\n");
        let sent = sent_at(&mut turns, Instant::now());
        let sent: Vec<_> = sent.iter().map(|(to, line)| (*to, line.as_str())).collect();
        let (first, rest) = sent.split_at(3);
        assert_eq!(first, [(1, "a"), (2, "d"), (3, "f")]);
        assert_eq!(rest, [(1, "b"), (2, ""), (1, "c"), (1, "e")]);
        for peer in [one, two, three] {
            assert!(peer.reserve(usize::MAX), "bytes are still reserved");
        }
    }

    #[test]
    fn a_long_answer_pauses_and_delays_nobody() {
        let (mut turns, [one, two]) = (Turns::default(), [1, 2].map(peer));
        let begin = Instant::now();
        push(&mut turns, &one, &("x".repeat(999) + "\n").repeat(20));
        let count = sent_at(&mut turns, begin).len();
        assert!((2..5).contains(&count), "{count} lines in a tick");
        push(&mut turns, &two, "hi\n");
        let sent = sent_at(&mut turns, begin);
        assert_eq!(sent, [(2, "hi".to_string())]);
        let NextSend::WaitUntil(time) = turns.next(begin) else {
            panic!("the rest is forgotten");
        };
        assert_eq!(time, begin + TICK);
        let mut total = count;
        for tick in 1..10 {
            total += sent_at(&mut turns, begin + TICK * tick).len();
        }
        assert_eq!(total, 20);
    }

    #[test]
    fn a_long_line_takes_a_turn_for_each_piece() {
        let (mut turns, [one, two]) = (Turns::default(), [1, 2].map(peer));
        push(&mut turns, &one, &("x".repeat(2000) + "\n"));
        push(&mut turns, &two, "hi\n");
        let sent = sent_at(&mut turns, Instant::now());
        let order: Vec<u16> = sent.iter().map(|(to, _)| *to).collect();
        assert_eq!(order, [1, 2, 1]);
        assert!(sent.iter().all(|(_, line)| line.len() <= MAX_LINE_BYTES));
    }

    #[test]
    fn a_new_peer_at_an_address_is_not_the_one_before() {
        let mut turns = Turns::default();
        let [previous, new] = [1, 2].map(|tag| peer_with_tag(7, tag));
        push(&mut turns, &previous, "a\nb\n");
        push(&mut turns, &new, "c\n");
        for receiver in [&previous, &new, &previous] {
            let NextSend::Send(peer, line) = turns.next(Instant::now()) else {
                panic!("nothing is sent");
            };
            assert!(Arc::ptr_eq(&peer, receiver), "{line:?}");
        }
    }
}
