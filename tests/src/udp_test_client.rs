//! One end of a conversation over UDP, as small as `nc -u`.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::DEADLINE;

/// Sends datagrams to one address and expects others from there.
pub struct UdpTestClient {
    socket: UdpSocket,
    /// Lines that begin so are passed over.
    ignored_prefix: Option<&'static str>,
    /// All that was sent and heard, shown when a test fails.
    transcript: Vec<String>,
}

impl UdpTestClient {
    /// Says nothing yet.
    pub fn new(server: SocketAddr) -> UdpTestClient {
        let here = match server {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        };
        UdpTestClient::from_address(here, server)
    }

    /// The same, from this address.
    pub fn from_address(here: IpAddr, server: SocketAddr) -> UdpTestClient {
        let socket = UdpSocket::bind((here, 0)).expect("a socket");
        socket.connect(server).expect("an address");
        UdpTestClient {
            socket,
            ignored_prefix: None,
            transcript: Vec::new(),
        }
    }

    /// Comes in as `name`, and waits to be welcomed.
    pub fn join(server: SocketAddr, name: &str) -> UdpTestClient {
        let mut caller = UdpTestClient::new(server);
        let cookie = caller.cookie(name);
        caller.say(&cookie);
        caller.expect_start(&format!("Welcome, {name}."));
        caller
    }

    /// Asks for the cookie of `name`.
    pub fn cookie(&mut self, name: &str) -> String {
        self.say(name);
        self.expect_start("/cookie ")
    }

    /// Passes over lines that begin with `start`.
    pub fn ignoring(mut self, start: &'static str) -> UdpTestClient {
        self.ignored_prefix = Some(start);
        self
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("an address")
    }

    /// Sends `text` as one datagram, with a newline, as `nc -u` does.
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n").as_bytes());
    }

    /// Sends `bytes` as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        let shown: String = String::from_utf8_lossy(bytes).chars().take(80).collect();
        self.transcript.push(format!("-> {shown:?}"));
        self.socket.send(bytes).expect("sending");
    }

    /// Expects `line` as the next.
    pub fn expect(&mut self, line: &str) {
        let heard = self.receive();
        if heard != line {
            self.fail(&format!("expected {line:?}, heard {heard:?}"));
        }
    }

    /// Expects a next line that begins with `start`, and gives it back.
    pub fn expect_start(&mut self, start: &str) -> String {
        let heard = self.receive();
        if !heard.starts_with(start) {
            self.fail(&format!("expected {start:?}..., heard {heard:?}"));
        }
        heard
    }

    /// Skips lines up to and with `line`.
    pub fn expect_sometime(&mut self, line: &str) {
        while self.receive() != line {}
    }

    /// The next line, without its newline.
    pub fn receive(&mut self) -> String {
        match self.receive_until(Instant::now() + DEADLINE) {
            Some(line) => line,
            None => self.fail("heard nothing in time"),
        }
    }

    /// The next line if it comes until then.
    pub fn receive_until(&mut self, until: Instant) -> Option<String> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let patience = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(patience)).ok();
            match self.socket.recv(&mut buffer) {
                Ok(count) => {
                    let line = String::from_utf8_lossy(&buffer[..count]);
                    self.transcript.push(format!("<- {line:?}"));
                    let line = line.strip_suffix('\n').unwrap_or(&line).to_string();
                    if !self.ignored_prefix.is_some_and(|to| line.starts_with(to)) {
                        return Some(line);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => self.fail(&format!("cannot receive: {error}")),
            }
        }
    }

    fn fail(&self, why: &str) -> ! {
        let from = self.transcript.len().saturating_sub(40);
        panic!("{why}\n  {}", self.transcript[from..].join("\n  "));
    }
}
