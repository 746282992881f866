//! One end of a conversation, as small as `nc`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::{LineSplitter, MAX_EVENT, NextLine};

use crate::DEADLINE;

/// A connection that sends lines and expects others.
pub struct TestClient {
    stream: TcpStream,
    lines: LineSplitter,
    label: String,
    /// Lines that begin so are passed over.
    ignored_prefix: Option<&'static str>,
    /// All that was sent and heard, shown when a test fails.
    transcript: Vec<String>,
}

impl TestClient {
    /// Connects and says nothing.
    pub fn connect(server: SocketAddr) -> TestClient {
        let stream = TcpStream::connect_timeout(&server, DEADLINE).expect("connecting");
        stream.set_nodelay(true).expect("setting up a socket");
        let label = stream.local_addr().expect("an address").to_string();
        TestClient {
            stream,
            lines: LineSplitter::new(MAX_EVENT),
            label,
            ignored_prefix: None,
            transcript: Vec::new(),
        }
    }

    /// Connects, gives `name` and waits to be welcomed.
    pub fn join(server: SocketAddr, name: &str) -> TestClient {
        let mut peer = TestClient::connect(server);
        peer.label = name.to_string();
        peer.say(name);
        peer.expect_start(&format!("Welcome, {name}."));
        peer
    }

    /// Passes over lines that begin with `start`, for a peer in a room where
    /// others talk all along.
    pub fn ignoring(mut self, start: &'static str) -> TestClient {
        self.ignored_prefix = Some(start);
        self
    }

    /// Has `names` join one after the other, each told of those that follow.
    pub fn join_all<const N: usize>(server: SocketAddr, names: [&str; N]) -> [TestClient; N] {
        let mut peers: Vec<TestClient> = Vec::new();
        for name in names {
            let newcomer = TestClient::join(server, name);
            for peer in &mut peers {
                peer.expect(&format!("{name} has joined the chat room."));
            }
            peers.push(newcomer);
        }
        peers.try_into().ok().expect("as many peers as names")
    }

    /// Sends `text` as one line.
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n").as_bytes());
    }

    /// Sends `bytes` as they are, in one write.
    pub fn send(&mut self, bytes: &[u8]) {
        let shown = beginning(&String::from_utf8_lossy(bytes));
        self.transcript.push(format!("-> {shown:?}"));
        if let Err(error) = self.stream.write_all(bytes) {
            self.fail(&format!("cannot send {shown:?}: {error}"));
        }
    }

    /// Sends `bytes` if that is possible, for a peer that may be cut off.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Expects `line` as the next.
    pub fn expect(&mut self, line: &str) {
        let heard = self.receive();
        if heard.as_deref() != Some(line) {
            self.fail(&format!("expected {line:?}, heard {heard:?}"));
        }
    }

    /// Expects a next line that begins with `start`, and gives it back.
    pub fn expect_start(&mut self, start: &str) -> String {
        match self.receive() {
            Some(line) if line.starts_with(start) => line,
            heard => self.fail(&format!("expected {start:?}..., heard {heard:?}")),
        }
    }

    /// Skips lines up to and with `line`.
    pub fn expect_sometime(&mut self, line: &str) {
        loop {
            match self.receive() {
                Some(heard) if heard == line => return,
                Some(_) => {}
                None => self.fail(&format!("the end came before {line:?}")),
            }
        }
    }

    /// Expects `q:quit`, then the end.
    pub fn expect_quit(&mut self) {
        self.expect("q:quit");
        self.expect_closed();
    }

    /// Expects the end of the connection, without another line.
    pub fn expect_closed(&mut self) {
        let heard = self.receive();
        if heard.is_some() {
            self.fail(&format!("expected the end, heard {heard:?}"));
        }
    }

    /// The next line, or nothing at the end of the connection.
    pub fn receive(&mut self) -> Option<String> {
        let until = Instant::now() + DEADLINE;
        self.receive_until(until)
            .unwrap_or_else(|| self.fail("heard nothing in time"))
    }

    /// The next line (or nothing at the end) if it comes until then; the outer
    /// `None` is the time that is over.
    pub fn receive_until(&mut self, until: Instant) -> Option<Option<String>> {
        loop {
            let heard = match self.lines.next() {
                NextLine::Line(line)
                    if self.ignored_prefix.is_some_and(|to| line.starts_with(to)) =>
                {
                    continue;
                }
                NextLine::Line(line) => Some(line.to_string()),
                NextLine::End => None,
                NextLine::Incomplete => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.fill(left);
                    continue;
                }
                other => panic!("the server sent something that is no line: {other:?}"),
            };
            let shown = heard.as_deref().map(beginning);
            self.transcript.push(format!("<- {shown:?}"));
            return Some(heard);
        }
    }

    fn fill(&mut self, patience: Duration) {
        let patience = patience.max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(patience)).ok();
        match self.lines.fill(&mut self.stream) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            // A reset is the end as well; which of both came is the server's
            // business, and stands in its log.
            Err(_reset) => drop(self.lines.fill(&mut std::io::empty())),
        }
    }

    /// Says that nothing more will be sent, and goes on listening.
    pub fn end_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).ok();
    }

    /// Ends the connection with a reset: the socket is closed while something
    /// in it is unread. The caller sees to it that something is.
    pub fn reset(self) {
        self.stream.set_read_timeout(Some(DEADLINE)).ok();
        // Without this look nobody would know that the unread line has come.
        self.stream.peek(&mut [0]).ok();
    }

    /// The socket, for what has no word of its own here.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// What one `recv(1024)` brings, as a classroom's script has it.
    pub fn recv(&mut self) -> String {
        let mut chunk = [0; 1024];
        let count = self.read_some(&mut chunk).expect("a chunk");
        String::from_utf8(chunk[..count].to_vec()).expect("whole characters")
    }

    /// Reads raw bytes, past the line splitter.
    pub fn read_some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(Some(DEADLINE))?;
        self.stream.read(buffer)
    }

    fn fail(&self, why: &str) -> ! {
        let from = self.transcript.len().saturating_sub(40);
        let transcript = self.transcript[from..].join("\n  ");
        panic!("{}: {why}\n  {transcript}", self.label);
    }
}

/// As much of `text` as a transcript shows of it.
fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
