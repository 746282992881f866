//! Turns datagrams into lines of known peers, and unknown ones into peers once
//! they have proved their address.
//!
//! Until then nothing is kept of them, and what is sent back is short: an address
//! that is made up costs us nothing, and whoever really has it next to nothing.

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

/// More than any datagram has, in bytes: its length has 16 bits (RFC 768).
const RECEIVE_BUFFER: usize = 64 * 1024;

/// Before its address is proved, a peer gets at most so many times the bytes that
/// came from there (RFC 9000, 8.1).
const AMPLIFICATION_LIMIT: usize = 3;

/// The headers of IP and UDP, in bytes, which count as well.
const HEADERS_V4: usize = 20 + 8;
const HEADERS_V6: usize = 40 + 8;

/// Instead of an answer that would be too long.
const SHORT_REFUSAL: &str = "! That will not do.\n";

/// Below are the ports of services, some of which answer whatever comes (echo,
/// RFC 862): such a one could be made a member by somebody else. Clients get higher
/// ones from their systems (RFC 6335, 6).
const FIRST_CLIENT_PORT: u16 = 1024;

const BAD_COOKIE: &str = "! That cookie will not do, send your name again.\n";
const TOO_LONG: &str = "! Name is too long.\n";

/// For a program that believes to be a member, and has to know that it is over.
const NO_SESSION: &str = "! You are not here any more.\nq:quit\n";

/// The reading side of the socket.
pub struct UdpReceiver {
    /// What is read, and what the short answers go out over.
    pub socket: Arc<UdpSocket>,
    /// For those who have proved their address.
    pub sender: UdpSender,
    /// Where they go in.
    pub spawner: Arc<SessionSpawner>,
    /// Ends the thread.
    pub shutdown: Shutdown,
    /// Tells of a socket that cannot be read.
    pub log: Log,
}

impl UdpReceiver {
    /// The thread's life: until the stop signal is raised, and then the next
    /// datagram.
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
            let UdpReceiver {
                shutdown: stop,
                log,
                ..
            } = &demultiplexer.receiver;
            if stop.is_triggered() {
                return;
            }
            match received {
                Ok((count, from)) => {
                    backoff.reset();
                    demultiplexer.handle(buffer.get(..count).unwrap_or_default(), from);
                }
                // Windows tells in this way that somebody's port is closed.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) => backoff.wait(&format!("cannot receive: {error}"), log, stop),
            }
        }
    }
}

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

    /// Answers an address that has not proved to be real. No answer is one that
    /// another server, or this one, would answer again.
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

    /// Whether somebody has made us send to ourselves. Only an address of this
    /// machine can be bound here.
    fn is_own_address(&self, from: SocketAddr) -> bool {
        let own = self.receiver.socket.local_addr();
        own.is_ok_and(|own| own.port() == from.port()) && UdpSocket::bind((from.ip(), 0)).is_ok()
    }

    /// Makes the cookie for a name, or says why there is none.
    fn issue_cookie(&self, name: &str, from: SocketAddr) -> String {
        let name: Name = match name.parse() {
            Ok(name) => name,
            Err(why) => return format!("! Invalid name, {why}.\n"),
        };
        let tag = self.signer.sign(from, &name, Instant::now());
        if self.peers.is_spent(tag) {
            let seconds = COOKIE_WINDOW.as_secs();
            return format!("! You were here a moment ago, try again in {seconds} s.\n");
        }
        format!("{}\n", Cookie { tag, name })
    }

    /// Takes in whoever brings a good cookie: from now on it is a connection like
    /// any other, whose first line is its name.
    fn admit(&self, cookie: &str, from: SocketAddr) -> Option<()> {
        let Cookie { tag, name } = Cookie::parse(cookie)?;
        let good = self.signer.verify(tag, from, &name, Instant::now());
        if !good || self.peers.is_spent(tag) {
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

    /// Sends `answer` for so many bytes, or a shorter one if it is too long for that.
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

/// Puts a datagram into its session's mailbox.
fn deliver(peer: &UdpPeer, bytes: &[u8]) {
    peer.deliver(match bytes {
        _ if bytes.len() > MAX_DATAGRAM => Datagram::TooLong,
        // The welcome was lost, or this was doubled: a heartbeat answers both.
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
    fn the_shortest_answer_fits_whatever_came() {
        for headers in [HEADERS_V4, HEADERS_V6] {
            assert!(headers + SHORT_REFUSAL.len() <= AMPLIFICATION_LIMIT * headers);
        }
    }
}
