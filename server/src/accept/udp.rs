//! UDP receiver: datagrams become lines of known peers. An unknown address becomes a
//! peer after it has proved that it is real.
//!
//! Until then the server stores nothing for it and sends only short replies. So a
//! made-up address costs the server nothing, and its real owner next to nothing.
//!
//! Thread: `udp receiver`, one for each UDP socket.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::str;
use std::sync::Arc;
use std::time::Instant;

use common::udp::sequence::Numbered;
use common::{Cookie, MAX_DATAGRAM, Name, QUIT, notice};

use super::backoff::Backoff;
use super::cookie::{COOKIE_WINDOW, CookieSigner};
use super::spawn::SessionSpawner;
use crate::connection::udp::{Datagram, PeerTable, UdpPeer, UdpSender, UdpTransport};
use crate::record::log::Log;
use crate::shutdown::Shutdown;

/// More than the longest datagram, in bytes: its length has 16 bits (RFC 768).
const RECEIVE_BUFFER: usize = 64 * 1024;

/// The most bytes sent to an unproved address, for each byte that came from it
/// (RFC 9000, 8.1).
const AMPLIFICATION_LIMIT: usize = 3;

/// The headers of IPv4 and UDP, in bytes, which count as well.
const HEADERS_V4: usize = 20 + 8;

/// The headers of IPv6 and UDP, in bytes.
const HEADERS_V6: usize = 40 + 8;

/// The reply in the place of one that would be too long.
const SHORT_REFUSAL: &str = "! Refused.\n";

/// The lowest port of a client (RFC 6335, 6). Below are services, of which some reply
/// to every datagram (echo, RFC 862). An attacker could make such a service a member.
const FIRST_CLIENT_PORT: u16 = 1024;

const BAD_COOKIE: &str = "! Invalid or expired cookie, send your name again.\n";
const TOO_LONG: &str = "! Name is too long.\n";

/// The reply to a program that still takes itself for a member.
const NO_SESSION: &str = "! You are no longer connected.\nq:quit\n";

/// The thread that reads one UDP socket.
pub struct UdpReceiver {
    /// The socket, also for short replies.
    pub socket: Arc<UdpSocket>,
    /// Sends to peers that have proved their address.
    pub sender: UdpSender,
    /// Starts their sessions.
    pub spawner: Arc<SessionSpawner>,
    /// Ends this thread, at the next datagram.
    pub shutdown: Shutdown,
    /// Reports a socket that cannot be read.
    pub log: Log,
}

impl UdpReceiver {
    /// Runs until the shutdown is triggered and the next datagram comes.
    pub fn run(self) {
        let mut demultiplexer = Demultiplexer {
            signer: CookieSigner::new(),
            peers: Arc::new(PeerTable::new(2 * COOKIE_WINDOW)),
            receiver: self,
        };
        let mut buffer = vec![0; RECEIVE_BUFFER];
        let mut backoff = Backoff::default();
        loop {
            let received = demultiplexer.receiver.socket.recv_from(&mut buffer);
            let UdpReceiver { shutdown, log, .. } = &demultiplexer.receiver;
            if shutdown.is_triggered() {
                return;
            }
            match received {
                Ok((count, from)) => {
                    backoff.reset();
                    demultiplexer.handle(buffer.get(..count).unwrap_or_default(), from);
                }
                // Windows reports in this way that a peer's port is closed.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) => backoff.wait(&format!("cannot receive: {error}"), log, shutdown),
            }
        }
    }
}

/// The peers behind one socket, told apart by their addresses.
struct Demultiplexer {
    receiver: UdpReceiver,
    signer: CookieSigner,
    peers: Arc<PeerTable>,
}

impl Demultiplexer {
    fn handle(&mut self, bytes: &[u8], from: SocketAddr) {
        match self.peers.get(from) {
            Some(peer) => deliver(&peer, bytes),
            None => self.handle_unknown(bytes, from),
        }
    }

    /// Replies to an address that is not proved. No reply is one that another server,
    /// or this one, would reply to again.
    fn handle_unknown(&mut self, bytes: &[u8], from: SocketAddr) {
        if from.port() < FIRST_CLIENT_PORT || self.is_own_address(from) {
            return;
        }
        let Ok(text) = str::from_utf8(bytes) else {
            return; // junk
        };
        let answer = match text.trim_end() {
            "" => format!("{}\n", notice::ASK_NAME),
            QUIT => return,
            text if text.starts_with('!') => return,
            _ if bytes.len() > MAX_DATAGRAM => TOO_LONG.to_string(),
            _ if Numbered::parse(text).is_some() => NO_SESSION.to_string(),
            text if Cookie::has_cookie_prefix(text) => match self.admit(text, from) {
                Some(()) => return,
                None => BAD_COOKIE.to_string(),
            },
            text => self.issue_cookie(text, from),
        };
        self.reply(&answer, bytes.len(), from);
    }

    /// Returns `true` if the datagram claims to come from this server. Only an address
    /// of this machine can be bound here.
    fn is_own_address(&self, from: SocketAddr) -> bool {
        let own = self.receiver.socket.local_addr();
        own.is_ok_and(|own| own.port() == from.port()) && UdpSocket::bind((from.ip(), 0)).is_ok()
    }

    /// Returns the line with the cookie for a name, or why there is none.
    fn issue_cookie(&self, name: &str, from: SocketAddr) -> String {
        let name: Name = match name.parse() {
            Ok(name) => name,
            Err(why) => return format!("! Invalid name, {why}.\n"),
        };
        let tag = self.signer.sign(from, &name, Instant::now());
        if self.peers.is_spent(tag) {
            let seconds = COOKIE_WINDOW.as_secs();
            return format!("! You have just left, try again in {seconds} s.\n");
        }
        format!("{}\n", Cookie { tag, name })
    }

    /// Admits a peer with a valid cookie. From now on it is a connection like any
    /// other, and its first line is its name.
    fn admit(&self, cookie: &str, from: SocketAddr) -> Option<()> {
        let Cookie { tag, name } = Cookie::parse(cookie)?;
        let is_valid = self.signer.verify(tag, from, &name, Instant::now());
        if !is_valid || self.peers.is_spent(tag) {
            return None;
        }
        let mailbox = self.peers.insert(from, tag);
        let udp = UdpTransport {
            peer: Arc::clone(mailbox.peer()),
            sender: self.receiver.sender.clone(),
        };
        udp.peer.deliver(Datagram::Lines(name.as_str().into()));
        self.receiver.spawner.spawn_udp(udp, mailbox);
        Some(())
    }

    /// Sends `answer` to a datagram of `count` bytes, or a shorter one if that would
    /// amplify too much.
    fn reply(&self, answer: &str, count: usize, to: SocketAddr) {
        let is_v4 = to.ip().to_canonical().is_ipv4();
        let headers = if is_v4 { HEADERS_V4 } else { HEADERS_V6 };
        let max = AMPLIFICATION_LIMIT * (headers + count) - headers;
        let answer = if answer.len() <= max {
            answer
        } else {
            SHORT_REFUSAL
        };
        let _best_effort = self.receiver.socket.send_to(answer.as_bytes(), to);
    }
}

/// Delivers a datagram to its session's mailbox.
fn deliver(peer: &UdpPeer, bytes: &[u8]) {
    peer.deliver(match bytes {
        _ if bytes.len() > MAX_DATAGRAM => Datagram::TooLong,
        // The welcome was lost, or this is a duplicate: a heartbeat answers both.
        _ if is_cookie(bytes) => Datagram::Lines(Vec::new()),
        _ => Datagram::Lines(bytes.to_vec()),
    });
}

fn is_cookie(bytes: &[u8]) -> bool {
    let cookie = str::from_utf8(bytes).map(str::trim_end).map(Cookie::parse);
    cookie.is_ok_and(|cookie| cookie.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_reply_fits_every_datagram() {
        for headers in [HEADERS_V4, HEADERS_V6] {
            assert!(headers + SHORT_REFUSAL.len() <= AMPLIFICATION_LIMIT * headers);
        }
    }
}
