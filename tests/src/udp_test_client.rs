//! UDP test client: a client over UDP, as small as `nc -u`.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::DEADLINE;

/// A socket that sends datagrams to one address and expects others from it.
pub struct UdpTestClient {
    socket: UdpSocket,
    /// The beginning of the lines that are skipped.
    ignored_prefix: Option<&'static str>,
    /// All datagrams sent and received, displayed when a test fails.
    transcript: Vec<String>,
}

impl UdpTestClient {
    /// Returns a client that has sent nothing.
    pub fn new(server: SocketAddr) -> UdpTestClient {
        let here = match server {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        };
        UdpTestClient::from_address(here, server)
    }

    /// Returns a client with this local address. Its port is not the server's, because the
    /// server takes a datagram from that port of this machine for its own.
    pub fn from_address(here: IpAddr, server: SocketAddr) -> UdpTestClient {
        let socket = loop {
            let socket = UdpSocket::bind((here, 0)).expect("a socket");
            if socket.local_addr().expect("an address").port() != server.port() {
                break socket;
            }
        };
        socket.connect(server).expect("an address");
        UdpTestClient {
            socket,
            ignored_prefix: None,
            transcript: Vec::new(),
        }
    }

    /// Joins as `name` and waits for the welcome.
    pub fn join(server: SocketAddr, name: &str) -> UdpTestClient {
        let mut client = UdpTestClient::new(server);
        let cookie = client.cookie(name);
        client.say(&cookie);
        client.expect_start(&format!("Welcome, {name}."));
        client
    }

    /// Requests the cookie of `name`.
    pub fn cookie(&mut self, name: &str) -> String {
        self.say(name);
        self.expect_start("/cookie ")
    }

    /// Skips lines that begin with `start`.
    pub fn ignoring(mut self, start: &'static str) -> UdpTestClient {
        self.ignored_prefix = Some(start);
        self
    }

    /// Returns the local address.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("an address")
    }

    /// Sends `text` as one datagram, with a newline, as `nc -u` does.
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n").as_bytes());
    }

    /// Sends `bytes` unchanged.
    pub fn send(&mut self, bytes: &[u8]) {
        let shown: String = String::from_utf8_lossy(bytes).chars().take(80).collect();
        self.transcript.push(format!("-> {shown:?}"));
        self.socket.send(bytes).expect("sending");
    }

    /// Expects `line` next.
    pub fn expect(&mut self, line: &str) {
        let received = self.receive();
        if received != line {
            self.fail(&format!("expected {line:?}, received {received:?}"));
        }
    }

    /// Expects a line that begins with `start`, and returns it.
    pub fn expect_start(&mut self, start: &str) -> String {
        let received = self.receive();
        if !received.starts_with(start) {
            self.fail(&format!("expected {start:?}..., received {received:?}"));
        }
        received
    }

    /// Skips lines up to and including `line`.
    pub fn expect_sometime(&mut self, line: &str) {
        while self.receive() != line {}
    }

    /// Returns the next line, without its newline.
    pub fn receive(&mut self) -> String {
        match self.receive_until(Instant::now() + DEADLINE) {
            Some(line) => line,
            None => self.fail("received nothing in time"),
        }
    }

    /// Returns the next line, or `None` if nothing comes until then.
    pub fn receive_until(&mut self, until: Instant) -> Option<String> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let timeout = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(timeout)).ok();
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
