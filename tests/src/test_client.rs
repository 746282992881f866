//! Test client: a client over TCP, as small as `nc`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::{LineSplitter, MAX_EVENT, NextLine, notice};

use crate::DEADLINE;

/// A connection that sends lines and expects others.
pub struct TestClient {
    stream: TcpStream,
    lines: LineSplitter,
    label: String,
    /// The beginning of the lines that are skipped.
    ignored_prefix: Option<&'static str>,
    /// It has sent something, so the prompt for a name is skipped: on a busy machine that
    /// comes before the server has received the name.
    has_sent: bool,
    /// All lines sent and received, displayed when a test fails.
    transcript: Vec<String>,
}

impl TestClient {
    /// Connects and sends nothing.
    pub fn connect(server: SocketAddr) -> TestClient {
        let stream = TcpStream::connect_timeout(&server, DEADLINE).expect("connecting");
        stream.set_nodelay(true).expect("setting up a socket");
        let label = stream.local_addr().expect("an address").to_string();
        TestClient {
            stream,
            lines: LineSplitter::new(MAX_EVENT),
            label,
            ignored_prefix: None,
            has_sent: false,
            transcript: Vec::new(),
        }
    }

    /// Connects, sends `name` and waits for the welcome.
    pub fn join(server: SocketAddr, name: &str) -> TestClient {
        let mut client = TestClient::connect(server);
        client.label = name.to_string();
        client.say(name);
        client.expect_start(&format!("Welcome, {name}."));
        client
    }

    /// Skips lines that begin with `start`, for a client in a room in which others
    /// chat.
    pub fn ignoring(mut self, start: &'static str) -> TestClient {
        self.ignored_prefix = Some(start);
        self
    }

    /// Joins under `names`, one after the other. Each expects the notices about the
    /// following.
    pub fn join_all<const N: usize>(server: SocketAddr, names: [&str; N]) -> [TestClient; N] {
        let mut peers: Vec<TestClient> = Vec::new();
        for name in names {
            let new_client = TestClient::join(server, name);
            for peer in &mut peers {
                peer.expect(&format!("{name} has joined the chat room."));
            }
            peers.push(new_client);
        }
        peers.try_into().ok().expect("as many peers as names")
    }

    /// Sends `text` as one line.
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n").as_bytes());
    }

    /// Sends `bytes` unchanged, in one write.
    pub fn send(&mut self, bytes: &[u8]) {
        let shown = beginning(&String::from_utf8_lossy(bytes));
        self.transcript.push(format!("-> {shown:?}"));
        self.has_sent = true;
        if let Err(error) = self.stream.write_all(bytes) {
            self.fail(&format!("cannot send {shown:?}: {error}"));
        }
    }

    /// Sends `bytes` if the connection is still open.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.has_sent = true;
        self.stream.write_all(bytes)
    }

    /// Expects `line` next.
    pub fn expect(&mut self, line: &str) {
        let received = self.receive();
        if received.as_deref() != Some(line) {
            self.fail(&format!("expected {line:?}, received {received:?}"));
        }
    }

    /// Expects `line` next, in which `0 s` stands for any number of seconds, because the
    /// machine may be busy.
    pub fn expect_seconds(&mut self, line: &str) {
        let received = self.receive();
        if received.as_deref().map(zero_seconds).as_deref() != Some(line) {
            self.fail(&format!("expected {line:?}, received {received:?}"));
        }
    }

    /// Expects a line that begins with `start`, and returns it.
    pub fn expect_start(&mut self, start: &str) -> String {
        match self.receive() {
            Some(line) if line.starts_with(start) => line,
            received => self.fail(&format!("expected {start:?}..., received {received:?}")),
        }
    }

    /// Skips lines up to and including `line`.
    pub fn expect_sometime(&mut self, line: &str) {
        loop {
            match self.receive() {
                Some(received) if received == line => return,
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
        let received = self.receive();
        if received.is_some() {
            self.fail(&format!("expected the end, received {received:?}"));
        }
    }

    /// Returns the next line, or `None` at the end of the connection.
    pub fn receive(&mut self) -> Option<String> {
        let until = Instant::now() + DEADLINE;
        self.receive_until(until)
            .unwrap_or_else(|| self.fail("received nothing in time"))
    }

    /// Returns the next line, or `Some(None)` at the end of the connection, or `None`
    /// if nothing comes until then.
    pub fn receive_until(&mut self, until: Instant) -> Option<Option<String>> {
        loop {
            let received = match self.lines.next() {
                NextLine::Line(line)
                    if self.ignored_prefix.is_some_and(|to| line.starts_with(to)) =>
                {
                    continue;
                }
                NextLine::Line(notice::ASK_NAME) if self.has_sent => continue,
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
                other => panic!("the server sent an invalid line: {other:?}"),
            };
            let shown = received.as_deref().map(beginning);
            self.transcript.push(format!("<- {shown:?}"));
            return Some(received);
        }
    }

    fn fill(&mut self, timeout: Duration) {
        let timeout = timeout.max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(timeout)).ok();
        match self.lines.fill(&mut self.stream) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            // The whole test was stopped and continued.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A reset is an end too. The log of the server shows which of the two it
            // was.
            Err(_reset) => drop(self.lines.fill(&mut std::io::empty())),
        }
    }

    /// Closes the sending side. Receiving remains possible.
    pub fn end_sending(&mut self) {
        self.has_sent = true;
        self.stream.shutdown(Shutdown::Write).ok();
    }

    /// Ends the connection with a reset, by closing the socket while it holds unread
    /// bytes. The caller must make sure that it does.
    pub fn reset(self) {
        self.stream.set_read_timeout(Some(DEADLINE)).ok();
        // The peek waits until the unread line has arrived.
        self.stream.peek(&mut [0]).ok();
    }

    /// Returns the socket, for operations that have no method here.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Returns the result of one `recv(1024)`, as in a classroom script.
    pub fn recv(&mut self) -> String {
        let mut chunk = [0; 1024];
        let count = self.read_some(&mut chunk).expect("a chunk");
        String::from_utf8(chunk[..count].to_vec()).expect("whole characters")
    }

    /// Reads raw bytes without the line splitter.
    pub fn read_some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(Some(DEADLINE))?;
        self.stream.read(buffer)
    }

    pub(crate) fn fail(&self, why: &str) -> ! {
        let from = self.transcript.len().saturating_sub(40);
        let transcript = self.transcript[from..].join("\n  ");
        panic!("{}: {why}\n  {transcript}", self.label);
    }
}

/// Returns `line` with 0 in the place of each number of seconds.
fn zero_seconds(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_unit = |word: &&str| word.trim_end_matches(['.', ',']) == "s";
    let zero = |(at, word): (usize, &&str)| match word.parse::<u32>() {
        Ok(_) if words.get(at + 1).is_some_and(is_unit) => "0".to_string(),
        _ => word.to_string(),
    };
    let zeros: Vec<String> = words.iter().enumerate().map(zero).collect();
    zeros.join(" ")
}

/// Returns the part of `text` that the transcript contains.
fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
