//! Recorder: sends what peers say, and writes down every byte that they receive.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;

use tests::DEADLINE;

use crate::test_server::TestServer;

/// The peers of a conversation, and the transcript so far.
pub struct Recorder {
    server: TestServer,
    peers: Vec<Peer>,
    transcript: String,
}

struct Peer {
    label: &'static str,
    stream: TcpStream,
    received: Vec<u8>,
    /// The peer is a member that ends its lines, so an empty line is answered by one.
    answers: bool,
}

impl Recorder {
    /// Makes a recorder of a conversation at `server`.
    pub fn new(server: TestServer) -> Recorder {
        Recorder {
            server,
            peers: Vec::new(),
            transcript: String::new(),
        }
    }

    /// Connects a peer.
    pub fn connect(&mut self, label: &'static str) {
        writeln!(self.transcript, "{label} connects").unwrap();
        let stream = TcpStream::connect(self.server.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        self.peers.push(Peer {
            label,
            stream,
            received: Vec::new(),
            answers: false,
        });
    }

    /// Connects a peer and sends its name. The others receive the notice.
    pub fn join(&mut self, label: &'static str, bytes: &str) {
        self.connect(label);
        self.send(label, bytes.as_bytes());
        self.expect(label, 1);
        self.peer(label).answers = true;
        self.settle();
    }

    /// Promises a heartbeat, which is answered by an empty line.
    pub fn promise(&mut self, label: &str) {
        self.send(label, b" \t \n");
        self.expect_empty(label);
    }

    /// Marks that a peer is a member that ends its lines.
    pub fn set_joined(&mut self, label: &str) {
        self.peer(label).answers = true;
        self.settle();
    }

    /// Sends a line as a member, and records what all members receive because of it.
    pub fn say(&mut self, label: &str, text: &str) {
        self.send(label, format!("{text}\n").as_bytes());
        self.settle_from(label);
    }

    /// Sends bytes, and waits for nothing.
    pub fn send(&mut self, label: &str, bytes: &[u8]) {
        let shown: String = bytes.escape_ascii().to_string().chars().take(200).collect();
        writeln!(self.transcript, "{label} -> {shown}").unwrap();
        self.peer(label).stream.write_all(bytes).unwrap();
    }

    /// Types a line at the console, of which the member `witness` receives one line.
    pub fn operator(&mut self, line: &str, witness: &str) {
        self.type_at_console(line);
        self.expect(witness, 1);
        self.settle();
    }

    /// Types a line at the console, and waits for nothing.
    pub fn type_at_console(&mut self, line: &str) {
        writeln!(self.transcript, "operator -> {line}").unwrap();
        self.server.operator(line);
    }

    /// Records so many lines that the peer receives next.
    pub fn expect(&mut self, label: &str, lines: usize) {
        for _ in 0..lines {
            let line = self.peer(label).line();
            self.record(label, &line);
        }
    }

    /// Records the bytes of one `recv`, as a script does it that ends no lines.
    pub fn recv(&mut self, label: &str) {
        let mut chunk = [0; 1024];
        let count = self.peer(label).stream.read(&mut chunk).unwrap();
        self.record(label, &chunk[..count]);
    }

    /// Records all that a peer receives until its connection ends, and the notice about it
    /// that the member `witness` receives.
    pub fn expect_end(&mut self, label: &str, witness: &str) {
        self.read_to_end(label);
        self.expect(witness, 1);
        self.settle();
    }

    /// Closes the connection of a peer, which the member `witness` is told.
    pub fn drop_peer(&mut self, label: &str, witness: &str) {
        writeln!(self.transcript, "{label} is gone").unwrap();
        self.peers.retain(|peer| peer.label != label);
        self.expect(witness, 1);
        self.settle();
    }

    /// Stops the server. Returns the transcript.
    pub fn finish(mut self) -> String {
        self.server.stop();
        let labels: Vec<&str> = self.peers.iter().map(|peer| peer.label).collect();
        for label in labels {
            self.read_to_end(label);
        }
        std::mem::take(&mut self.transcript)
    }

    /// Records all that a peer receives until its connection ends.
    pub fn read_to_end(&mut self, label: &str) {
        let mut peer = self.peers.remove(self.index(label));
        peer.stream.read_to_end(&mut peer.received).unwrap();
        for line in peer.received.split_inclusive(|&byte| byte == b'\n') {
            self.record(label, line);
        }
        writeln!(self.transcript, "{label} <- the end").unwrap();
    }

    /// Records what all members receive until everything that was sent is delivered.
    fn settle_from(&mut self, first: &str) {
        // What the sender said is posted when its own empty line is answered.
        self.settle_one(first);
        self.settle();
    }

    fn settle(&mut self) {
        let labels: Vec<&str> = self.peers.iter().map(|peer| peer.label).collect();
        for label in labels {
            self.settle_one(label);
        }
    }

    fn settle_one(&mut self, label: &str) {
        if !self.peer(label).answers {
            return;
        }
        self.peer(label).stream.write_all(b"\n").unwrap();
        self.expect_empty(label);
    }

    /// Records what a peer receives up to an empty line, which is not recorded.
    pub fn expect_empty(&mut self, label: &str) {
        loop {
            let line = self.peer(label).line();
            if line == b"\n" {
                return;
            }
            self.record(label, &line);
        }
    }

    fn record(&mut self, label: &str, bytes: &[u8]) {
        let shown = without_seconds(&bytes.escape_ascii().to_string());
        writeln!(self.transcript, "{label} <- {shown}").unwrap();
    }

    fn index(&self, label: &str) -> usize {
        let found = self.peers.iter().position(|peer| peer.label == label);
        found.unwrap_or_else(|| panic!("no peer {label}\n{}", self.transcript))
    }

    fn peer(&mut self, label: &str) -> &mut Peer {
        let index = self.index(label);
        &mut self.peers[index]
    }
}

impl Peer {
    /// Returns the next line with its newline.
    fn line(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                return self.received.drain(..=end).collect();
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).unwrap();
            assert!(count > 0, "{} was disconnected", self.label);
            self.received.extend_from_slice(&chunk[..count]);
        }
    }
}

/// Replaces numbers of seconds, which depend on the machine.
fn without_seconds(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_string).collect();
    for at in 1..words.len() {
        let unit = words[at].trim_end_matches([',', '.', '\\', 'n']);
        if unit == "s" && words[at - 1].parse::<u32>().is_ok() {
            words[at - 1] = "N".to_string();
        }
    }
    words.join(" ")
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the conversation so far:\n{}", self.transcript);
        }
    }
}
