//! Support: a [`FakeServer`] and a [`FakeUdpServer`], whose lines the test chooses, and
//! the [`Client`] under test.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::udp::sequence::Numbered;
use common::{LineSplitter, NextLine};

/// The longest time that a test waits for anything. It is far longer than needed, because
/// the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Returns a command that runs the program under test.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chat-client"))
}

/// The request for capabilities of a client with the default options.
pub const CAP_REQUEST: &str = "/cap time id resume heartbeat";

/// A listener whose connections the test answers.
pub struct FakeServer {
    pub port: String,
    connections: Receiver<TcpStream>,
}

impl FakeServer {
    pub fn open() -> FakeServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let (sender, connections) = channel();
        // It blocks in `accept` until the test process ends.
        thread::spawn(move || {
            for connection in listener.incoming() {
                if sender.send(connection.unwrap()).is_err() {
                    return;
                }
            }
        });
        FakeServer { port, connections }
    }

    /// Accepts the next client.
    pub fn accept(&self) -> FakePeer {
        let stream = self.connections.recv_timeout(DEADLINE);
        FakePeer::new(stream.expect("nobody connects"))
    }

    /// Starts a client with a name, and welcomes it.
    pub fn welcome(&self, name: &str, options: &[&str]) -> (FakePeer, Client) {
        let client = Client::start(&[&[&self.port, "--name", name], options].concat());
        let mut peer = self.accept();
        peer.welcome(name);
        client.shows(&greeting(name));
        (peer, client)
    }
}

/// Returns the welcome, the first line to a member.
pub fn greeting(name: &str) -> String {
    format!("Welcome, {name}. You are the first here.")
}

/// The server's end of a connection.
pub struct FakePeer {
    stream: TcpStream,
    splitter: LineSplitter,
    transcript: Vec<String>,
    /// The answer to a request for capabilities. By default it grants none, and the test
    /// need not mention it.
    cap_answer: Option<&'static str>,
}

impl FakePeer {
    fn new(stream: TcpStream) -> FakePeer {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        FakePeer {
            stream,
            splitter: LineSplitter::new(common::MAX_LINE),
            transcript: Vec::new(),
            cap_answer: Some("/cap"),
        }
    }

    /// Answers a request for capabilities with this line.
    pub fn grants(&mut self, answer: &'static str) {
        self.cap_answer = Some(answer);
    }

    /// Leaves a request for capabilities to the test.
    pub fn leaves_requests(&mut self) {
        self.cap_answer = None;
    }

    /// Expects this name, and welcomes the client.
    pub fn welcome(&mut self, name: &str) {
        self.expect(name);
        self.say(&greeting(name));
    }

    pub fn say(&mut self, line: &str) {
        self.transcript.push(format!("server says  {line:?}"));
        self.send(format!("{line}\n").as_bytes());
    }

    /// Sends bytes unchanged. A client that has gone is no failure.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends these bytes ten times a second until the client has gone.
    pub fn repeats(&self, bytes: &'static str) {
        let mut stream = self.stream.try_clone().unwrap();
        thread::spawn(move || {
            while stream.write_all(bytes.as_bytes()).is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        });
    }

    /// Returns the next line, heartbeats included; `None` at the end. The promise in the
    /// first heartbeat is replaced by a plain blank line.
    pub fn receive(&mut self) -> Option<String> {
        self.receive_raw().map(|line| match line.as_str() {
            common::HEARTBEAT_OPT_IN => String::new(),
            _ => line,
        })
    }

    /// Returns the next line unchanged.
    pub fn receive_raw(&mut self) -> Option<String> {
        loop {
            let line = match self.splitter.next() {
                NextLine::Line(line) => Some(line.to_string()),
                NextLine::End => None,
                NextLine::Incomplete => match self.splitter.fill(&mut self.stream) {
                    Ok(_) => continue,
                    // The whole test was stopped and continued.
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
                    Err(error) => self.fail(&error.to_string()),
                },
                other => panic!("the client sends {other:?}"),
            };
            self.transcript.push(format!("client sends {line:?}"));
            match self.cap_answer {
                Some(answer) if line.as_deref().is_some_and(|it| it.starts_with("/cap ")) => {
                    self.say(answer);
                }
                _ => return line,
            }
        }
    }

    /// Expects exactly this text next, without a newline. On a busy machine one read may
    /// take two texts, so it reads no more than this.
    #[track_caller]
    pub fn expect_text(&mut self, expected: &str) {
        let bytes = self.receive_bytes(expected.len());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.transcript.push(format!("client sends {text:?}"));
        if text != expected {
            self.fail(&format!("expected {expected:?}"));
        }
    }

    /// Returns the next line that is no heartbeat, and answers the heartbeats before it.
    pub fn next_line(&mut self) -> Option<String> {
        loop {
            match self.receive() {
                Some(line) if line.is_empty() => self.send(b"\n"),
                line => return line,
            }
        }
    }

    #[track_caller]
    pub fn expect(&mut self, expected: &str) {
        let line = self.next_line();
        if line.as_deref() != Some(expected) {
            self.fail(&format!("expected {expected:?}"));
        }
    }

    #[track_caller]
    pub fn expect_end(&mut self) {
        if self.next_line().is_some() {
            self.fail("expected the end");
        }
    }

    /// Checks that nothing has arrived, and that nothing arrives for a moment.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.expect_silence_until(Instant::now() + DEADLINE);
    }

    /// The same, but what arrives after `end` may be there. A busy machine may take as long.
    #[track_caller]
    pub fn expect_silence_until(&mut self, end: Instant) {
        let moment = Duration::from_millis(300);
        self.stream.set_read_timeout(Some(moment)).unwrap();
        let quiet = self.splitter.next() == NextLine::Incomplete
            && self.splitter.fill(&mut self.stream).is_err();
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        if !quiet && Instant::now() < end {
            self.fail("expected silence");
        }
    }

    /// Returns the next `count` bytes.
    pub fn receive_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => bytes,
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Expects `count` blank lines, and answers each.
    #[track_caller]
    pub fn answer_blank_lines(&mut self, count: u32) {
        for _ in 0..count {
            if self.receive().as_deref() != Some("") {
                self.fail("expected a blank line");
            }
            self.send(b"\n");
        }
    }

    /// Expects our line of this number, and confirms those before it if a heartbeat asks.
    #[track_caller]
    pub fn expect_numbered(&mut self, number: u64, line: &str) {
        let expected = common::numbering::encode(number, line);
        self.expect_confirming(&expected, number - 1);
    }

    /// Expects the line that leaves, and answers it.
    #[track_caller]
    pub fn expect_last(&mut self, line: &str) {
        self.expect_confirming(line, u64::MAX);
        self.say("q:quit");
    }

    #[track_caller]
    fn expect_confirming(&mut self, expected: &str, confirmed: u64) {
        loop {
            match self.receive() {
                Some(line) if line.is_empty() => self.say(&common::numbering::ack(confirmed)),
                Some(line) if line == expected => return,
                _ => self.fail(&format!("expected {expected:?}")),
            }
        }
    }

    /// Expects `q:quit`, and answers it.
    #[track_caller]
    pub fn expect_quit(&mut self) {
        self.expect("q:quit");
        self.say("q:quit");
    }

    /// Closes the connection in order.
    pub fn close(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what} after\n  {}", self.transcript.join("\n  "));
    }
}

/// A running client, with pipes instead of a terminal.
pub struct Client {
    pub child: Child,
    stdin: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Client {
    pub fn start(words: &[&str]) -> Client {
        Client::spawn(program().args(words).stdin(Stdio::piped()))
    }

    /// Starts `command`, whose stdin is set already.
    pub fn spawn(command: &mut Command) -> Client {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Client {
            stdin: child.stdin.take(),
            out: lines(child.stdout.take().unwrap()),
            err: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    pub fn types(&mut self, line: &str) {
        self.types_bytes(format!("{line}\n").as_bytes());
    }

    /// Writes to stdin. A client that has ended is no failure here.
    pub fn types_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stdin.as_mut().unwrap().write_all(bytes);
    }

    pub fn ends_input(&mut self) {
        self.stdin = None;
    }

    #[track_caller]
    pub fn shows(&self, expected: &str) {
        assert_eq!(next(&self.out).as_deref(), Some(expected), "on stdout");
    }

    /// Returns the next line on stdout, `None` at the end.
    pub fn line(&self) -> Option<String> {
        next(&self.out)
    }

    #[track_caller]
    pub fn complains(&self, expected: &str) {
        assert_eq!(next(&self.err).as_deref(), Some(expected), "on stderr");
    }

    /// Returns the next line on stderr.
    #[track_caller]
    pub fn complaint(&self) -> String {
        next(&self.err).expect("nothing more on stderr")
    }

    /// Waits for a line on stderr that ends with `end`.
    #[track_caller]
    pub fn complains_at_last(&self, end: &str) {
        let mut passed = Vec::new();
        while let Some(line) = next(&self.err) {
            if line.ends_with(end) {
                return;
            }
            passed.push(line);
        }
        panic!("expected {end:?} on stderr after {passed:#?}");
    }

    /// Lists the transfers until a line starts with `start`.
    #[track_caller]
    pub fn list_until(&mut self, start: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.types("/transfers");
            if self.complaint().starts_with(start) {
                return;
            }
            assert!(Instant::now() < deadline, "never {start:?}");
        }
    }

    /// Checks that both outputs have ended, and the exit code.
    #[track_caller]
    pub fn exits_with(mut self, code: i32) {
        assert_eq!(next(&self.err), None, "on stderr");
        assert_eq!(next(&self.out), None, "on stdout");
        assert_eq!(self.code(), code, "exit code");
    }

    /// Returns the exit code, whatever is printed until then.
    #[track_caller]
    pub fn code(&mut self) -> i32 {
        while next(&self.err).is_some() {}
        let status = self.child.wait().unwrap();
        status.code().expect("ended by a signal")
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the lines of a pipe in a thread, so that a wait can have a deadline.
fn lines(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut splitter = LineSplitter::new(2 * common::MAX_EVENT);
        loop {
            match splitter.next() {
                NextLine::Line(line) => {
                    if sender.send(line.to_string()).is_err() {
                        return;
                    }
                }
                NextLine::Incomplete => drop(splitter.fill(&mut pipe).unwrap()),
                _ => return,
            }
        }
    });
    lines
}

#[track_caller]
fn next(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(DEADLINE) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("nothing comes, and no end"),
    }
}

/// Returns the time that `action` takes.
pub fn time(action: impl FnOnce()) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

/// Starts a classroom's script. Without Python it prints that the test is skipped.
pub fn script(name: &str, words: &[&str]) -> Option<Client> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3 here");
        return None;
    }
    let path = format!("{}/tests/client/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    let command = command.arg(path).args(words).stdin(Stdio::piped());
    Some(Client::spawn(command))
}

/// The number before the first one of both sides.
pub const START: u64 = 7000;

/// A server over UDP whose datagrams the test chooses.
///
/// The client repeats what is not answered within half a second. A busy machine takes longer
/// than that, so a copy of the previous datagram may come before the next.
pub struct FakeUdpServer {
    pub port: String,
    socket: UdpSocket,
    client: Option<SocketAddr>,
    transcript: Vec<String>,
    /// The numbers of the last line that was sent, and of the last that was received.
    sent: u64,
    received: u64,
    /// The last datagram that was received.
    previous: String,
    /// The answer to the request for capabilities, which a copy of the request gets too.
    cap_answer: Option<String>,
    /// It knows no start, as an older server.
    is_older: bool,
}

impl FakeUdpServer {
    pub fn open() -> FakeUdpServer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        FakeUdpServer {
            port: socket.local_addr().unwrap().port().to_string(),
            socket,
            client: None,
            transcript: Vec::new(),
            sent: START,
            received: START,
            previous: String::new(),
            cap_answer: None,
            is_older: false,
        }
    }

    /// Starts a client with a name.
    pub fn start(&self, name: &str) -> Client {
        Client::start(&[&self.port, "--udp", "--name", name])
    }

    /// Starts a client with a name, and lets it join. Its first heartbeat is received, and
    /// not answered.
    pub fn welcome(name: &str) -> (FakeUdpServer, Client) {
        let mut server = FakeUdpServer::open();
        let client = server.start(name);
        server.expect_numbered(name);
        server.say_numbered(&greeting(name));
        client.shows(&greeting(name));
        server.skip_to(common::HEARTBEAT_OPT_IN);
        (server, client)
    }

    /// Refuses the request for a start, as an older server does.
    #[track_caller]
    pub fn refuse_start(&mut self) {
        let text = self.receive_raw();
        if !text.starts_with("/seq 0 0 ") {
            self.fail("expected the request for a start");
        }
        self.say("! Invalid name, a name contains only letters.");
        (self.sent, self.received) = (0, 0);
        self.is_older = true;
    }

    /// Returns the next datagram, without its newline. A request for capabilities is
    /// answered, and none is granted. If it asks for a start as well, it gets one.
    pub fn receive(&mut self) -> String {
        loop {
            let text = self.receive_raw();
            if let Some(request) = text.strip_prefix("/seq 0 0 /cap ") {
                // An older server has refused it, and this is a copy.
                if !self.is_older {
                    self.say(&format!("/cookie 2f1c {START} /cap {request}"));
                }
            } else if text.starts_with("/cookie ") && text.contains(" /cap ") {
                match self.cap_answer.clone() {
                    Some(answer) => self.say(&answer),
                    None => self.grant("/cap"),
                }
            } else if text.starts_with("/cap ") {
                self.say("/cap");
            } else {
                return text;
            }
        }
    }

    /// Returns the next datagram, without its newline.
    pub fn receive_raw(&mut self) -> String {
        let mut buffer = [0; 2048];
        match self.socket.recv_from(&mut buffer) {
            Ok((count, client)) => {
                self.client = Some(client);
                let text = String::from_utf8_lossy(&buffer[..count]);
                let text = text.trim_end_matches('\n').to_string();
                self.transcript.push(format!("client sends {text:?}"));
                self.previous.clone_from(&text);
                text
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Expects this datagram, perhaps after copies of the previous one.
    #[track_caller]
    pub fn expect(&mut self, expected: &str) {
        self.expect_from(expected, FakeUdpServer::receive);
    }

    /// The same, without answers to requests for capabilities.
    #[track_caller]
    pub fn expect_raw(&mut self, expected: &str) {
        self.expect_from(expected, FakeUdpServer::receive_raw);
    }

    #[track_caller]
    fn expect_from(&mut self, expected: &str, receive: impl Fn(&mut FakeUdpServer) -> String) {
        loop {
            let previous = self.previous.clone();
            let text = receive(self);
            if text == expected {
                return;
            }
            if text != previous {
                self.fail(&format!("expected {expected:?}"));
            }
        }
    }

    /// Expects `line` under the next number, with which the client confirms `arrived` lines.
    /// Returns the datagram.
    #[track_caller]
    pub fn expect_next(&mut self, arrived: u64, line: &str) -> String {
        let number = self.received + 1;
        let expected = format!("/seq {number} {arrived} {line}");
        self.expect(&expected);
        self.received = number;
        expected
    }

    /// Expects `line` under the next number.
    #[track_caller]
    pub fn expect_numbered(&mut self, line: &str) {
        if self.next_line() != line {
            self.fail(&format!("expected {line:?} with a number"));
        }
    }

    /// Returns the next line that is no heartbeat, without its number. Heartbeats are
    /// answered, and duplicates are skipped.
    #[track_caller]
    pub fn next_line(&mut self) -> String {
        loop {
            let line = self.next_unanswered();
            if !line.trim().is_empty() {
                return line;
            }
            self.say_numbered("");
        }
    }

    /// Returns the next line, which may be a heartbeat, without its number.
    #[track_caller]
    pub fn next_unanswered(&mut self) -> String {
        loop {
            let datagram = self.receive();
            match Numbered::parse(&datagram) {
                Some(numbered) if numbered.number <= self.received => {}
                Some(numbered) => {
                    self.received = numbered.number;
                    return numbered.line.to_string();
                }
                // A copy of what has no number to an older server.
                None if self.is_older => {}
                None => self.fail("expected a number"),
            }
        }
    }

    /// Skips lines up to and including `line`, and answers none.
    #[track_caller]
    pub fn skip_to(&mut self, line: &str) {
        while self.next_unanswered() != line {}
    }

    pub fn say(&mut self, line: &str) {
        self.transcript.push(format!("server says  {line:?}"));
        let client = self.client.expect("nobody has sent anything");
        let datagram = format!("{line}\n");
        self.socket.send_to(datagram.as_bytes(), client).unwrap();
    }

    /// Sends a line under the next number.
    pub fn say_numbered(&mut self, line: &str) {
        let datagram = self.number(line);
        self.say(&datagram);
    }

    /// Answers the request for capabilities.
    pub fn grant(&mut self, line: &str) {
        let datagram = self.number(line);
        self.say(&datagram);
        self.cap_answer = Some(datagram);
    }

    fn number(&mut self, line: &str) -> String {
        self.sent += 1;
        let numbered = Numbered {
            number: self.sent,
            arrived: self.confirmed(),
            line,
        };
        numbered.encode()
    }

    /// Returns the number of lines that have come, which the next one confirms.
    pub fn confirmed(&self) -> u64 {
        self.received % START
    }

    /// Skips `count` numbers, as if these lines were lost.
    pub fn loses(&mut self, count: u64) {
        self.sent += count;
    }

    /// Expects `q:quit`, and answers it.
    #[track_caller]
    pub fn expect_quit(&mut self) {
        if self.next_line() != "q:quit" {
            self.fail("expected q:quit");
        }
        self.say_numbered("q:quit");
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what} after\n  {}", self.transcript.join("\n  "));
    }
}
