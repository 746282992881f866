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

use common::udp::cookie::FirstLine;
use common::udp::sequence::{MIN_START, Numbered};
use common::udp::uncounted::Uncounted;
use common::{Cookie, MAX_DATAGRAM, Name, NameError, QUIT, notice};

use super::backoff::Backoff;
use super::cookie::{COOKIE_WINDOW, CookieSigner, Numbering};
use super::spawn::SessionSpawner;
use crate::connection::udp::{PeerTable, UdpSender, UdpTransport};
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
const SHORT_REFUSAL: &str = "! Refused.";

/// The lowest port of a client (RFC 6335, 6). Below are services, of which some reply
/// to every datagram (echo, RFC 862). An attacker could make such a service a member.
const FIRST_CLIENT_PORT: u16 = 1024;

const BAD_COOKIE: &str = "! Invalid or expired cookie, send your name again.";
const TOO_LONG: &str = "! Name is too long.";

/// The reply to a program that still takes itself for a member.
const NO_SESSION: &str = "! You are no longer connected.\nq:quit";

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
            Some(peer) => peer.deliver(bytes),
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
        if let Some(reply) = self.reply_to(text, from) {
            self.send(&reply, bytes.len(), from);
        }
    }

    /// Returns the reply to an unknown address, if there is one.
    fn reply_to(&self, text: &str, from: SocketAddr) -> Option<Reply> {
        // After its numbers a line may be blank.
        let numbered = text.trim_end_matches(['\r', '\n']);
        if let Some(first) = Uncounted::parse(numbered) {
            return self.reply_to_first(first, from);
        }
        if let Some(Numbered { number, .. }) = Numbered::parse(numbered) {
            return Some(Reply::to_number(number, NO_SESSION.to_string()));
        }
        match text.trim_end() {
            "" => Some(Reply::plain(notice::ASK_NAME.to_string())),
            QUIT => None,
            line if line.starts_with('!') => None,
            _ if text.len() > MAX_DATAGRAM => Some(Reply::plain(TOO_LONG.to_string())),
            line if Cookie::has_cookie_prefix(line) => self.admit(line, from),
            line => {
                let name = line.parse::<Name>().map(FirstLine::from);
                let cookie = self.issue_cookie(name, Numbering::None, from);
                Some(Reply::plain(
                    cookie.map_or_else(|why| why, |it| it.to_string()),
                ))
            }
        }
    }

    /// Returns the reply to the first line of a client that numbers its lines. The other
    /// lines with the number 0 are answers of servers.
    fn reply_to_first(&self, first: Uncounted<'_>, from: SocketAddr) -> Option<Reply> {
        let line = first.line.trim();
        if first.answered > 0 || line.is_empty() || line.starts_with('!') {
            return None;
        }
        let line = FirstLine::parse(line);
        Some(match self.issue_cookie(line, Numbering::Secret, from) {
            Ok(cookie) => Reply::plain(cookie.to_string()),
            Err(why) => Reply::uncounted(0, why),
        })
    }

    /// Returns `true` if the datagram claims to come from this server. Only an address
    /// of this machine can be bound here.
    fn is_own_address(&self, from: SocketAddr) -> bool {
        let own = self.receiver.socket.local_addr();
        own.is_ok_and(|own| own.port() == from.port()) && UdpSocket::bind((from.ip(), 0)).is_ok()
    }

    /// Returns the cookie for a first line, or a refusal.
    fn issue_cookie(
        &self,
        line: Result<FirstLine, NameError>,
        numbering: Numbering,
        from: SocketAddr,
    ) -> Result<Cookie, String> {
        let line = line.map_err(|why| format!("! Invalid name, {why}."))?;
        let cookie = self.signer.sign(from, line, numbering, Instant::now());
        if self.peers.is_spent(cookie.tag) {
            let seconds = COOKIE_WINDOW.as_secs();
            return Err(format!("! You have just left, try again in {seconds} s."));
        }
        Ok(cookie)
    }

    /// Admits a peer with a valid cookie; returns the reply to an invalid one. From now
    /// on it is a connection like any other, with the line in the cookie for its first.
    fn admit(&self, line: &str, from: SocketAddr) -> Option<Reply> {
        let bad_cookie = || BAD_COOKIE.to_string();
        let Some(cookie) = Cookie::parse(line) else {
            return Some(Reply::plain(bad_cookie()));
        };
        let is_valid = self.signer.verify(&cookie, from, Instant::now());
        if !is_valid || self.peers.is_spent(cookie.tag) {
            return Some(match cookie.start {
                Some(start) => Reply::uncounted(start, bad_cookie()),
                None => Reply::plain(bad_cookie()),
            });
        }
        let mailbox = self.peers.insert(from, &cookie);
        let udp = UdpTransport {
            peer: Arc::clone(mailbox.peer()),
            sender: self.receiver.sender.clone(),
        };
        self.receiver.spawner.spawn_udp(udp, mailbox);
        None
    }

    /// Sends `reply` to a datagram of `count` bytes, or a shorter one if that would
    /// amplify too much.
    fn send(&self, reply: &Reply, count: usize, to: SocketAddr) {
        let is_v4 = to.ip().to_canonical().is_ipv4();
        let headers = if is_v4 { HEADERS_V4 } else { HEADERS_V6 };
        let max = AMPLIFICATION_LIMIT * (headers + count) - headers;
        let mut datagram = reply.encode(&reply.line);
        if datagram.len() > max {
            datagram = reply.encode(SHORT_REFUSAL);
        }
        let _best_effort = self.receiver.socket.send_to(datagram.as_bytes(), to);
    }
}

/// A short reply to an address that is not proved.
struct Reply {
    /// The number of the datagram that it answers, if the peer believes no line that
    /// does not know it.
    answered: Option<u64>,
    line: String,
}

impl Reply {
    fn plain(line: String) -> Reply {
        let answered = None;
        Reply { answered, line }
    }

    fn uncounted(answered: u64, line: String) -> Reply {
        let answered = Some(answered);
        Reply { answered, line }
    }

    /// Makes the reply to a datagram with this number. Below [`MIN_START`] it is from a
    /// client that knows no uncounted lines.
    fn to_number(number: u64, line: String) -> Reply {
        match number {
            MIN_START.. => Reply::uncounted(number, line),
            _ => Reply::plain(line),
        }
    }

    /// Returns the datagram with `line`.
    fn encode(&self, line: &str) -> String {
        match self.answered {
            Some(answered) => format!("{}\n", Uncounted { answered, line }),
            None => format!("{line}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_replies_fit_every_datagram() {
        let refused = |reply: Reply, request: &str| {
            for headers in [HEADERS_V4, HEADERS_V6] {
                let length = headers + reply.encode(SHORT_REFUSAL).len();
                let max = AMPLIFICATION_LIMIT * (headers + request.len());
                assert!(length <= max, "{request:?}");
            }
        };
        refused(Reply::plain(String::new()), "");
        refused(Reply::uncounted(0, String::new()), "/seq 0 0 x");
        let highest = format!("/seq {} 0 ", u64::MAX);
        refused(Reply::to_number(u64::MAX, String::new()), &highest);
    }

    #[test]
    fn a_cookie_with_a_start_fits_the_shortest_name() {
        let signer = CookieSigner::new();
        let from = "127.0.0.1:4000".parse().unwrap();
        let name = FirstLine::parse("x").unwrap();
        let cookie = signer.sign(from, name, Numbering::Secret, Instant::now());
        let start = Some(common::udp::sequence::END_START - 1);
        let cookie = Cookie { start, ..cookie };
        let length = HEADERS_V4 + format!("{cookie}\n").len();
        assert!(length <= AMPLIFICATION_LIMIT * (HEADERS_V4 + "/seq 0 0 x".len()));
    }
}
