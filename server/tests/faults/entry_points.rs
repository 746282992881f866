//! Entry points: several addresses, and peers that speak another protocol.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tests::{DEADLINE, TestClient};

use super::fixture::{FaultFixture, serve};

#[test]
fn members_of_two_listening_addresses_exchange_messages() {
    let server = serve(&["--listen", "127.0.0.2:0", "--listen", "[::1]:0"]);
    server.wait_for("There is room for");
    let listening = server.lines_with("listening at ");
    let addresses: Vec<SocketAddr> = listening
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let [ann, bob, carl] = addresses[..] else {
        panic!("{listening:?}");
    };
    let mut ann = TestClient::join(ann, "ann");
    let mut bob = TestClient::join(bob, "bob");
    ann.expect("bob has joined the chat room.");
    let mut carl = TestClient::join(carl, "carl");
    ann.expect("carl has joined the chat room.");
    carl.say("hi");
    ann.expect("carl: hi");
    bob.expect("carl has joined the chat room.");
    bob.expect("carl: hi");
}

/// The time in which the connection of another protocol must end. It is shorter than the
/// 5 s for which the server reads on from a member, and far longer than needed.
const PROMPT: Duration = Duration::from_secs(4);

/// Sends `first` to the server, then lines for as long as it accepts them, and returns
/// the reply. The connection must end soon.
fn answer(fixture: &FaultFixture, first: &[u8]) -> Vec<u8> {
    let mut peer = fixture.connect();
    let address = peer.stream().local_addr().unwrap().to_string();
    peer.send(first);
    let begin = Instant::now();
    let mut answer = Vec::new();
    let mut stream: &TcpStream = peer.stream();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // A reset is an end too, because bytes of this side were not read.
    let _end = stream.read_to_end(&mut answer);
    assert!(begin.elapsed() < PROMPT, "it was slow");
    fixture.expect_reason(&address, "protocol");
    answer
}

/// Fault 48.
#[test]
fn other_protocols_get_an_answer_and_are_not_executed() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let body = "mallory\nhi all\n/nick ann2\n";
    for verb in [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "CONNECT",
        "PRI",
        "PROPFIND",
        "a:b\nPOST",
    ] {
        let length = body.len();
        let request = format!("{verb} / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        let answer = String::from_utf8(answer(&fixture, request.as_bytes())).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("HTTP/1.1 400 "), "{head}");
        assert!(body.contains("This is a chat room"), "{body}");
    }
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03mallory\nhi all\n";
    let tls = answer(&fixture, hello);
    assert!(tls.starts_with(&[21, 3, 3, 0, 2]), "an alert: {tls:?}");
    let ssh = answer(&fixture, b"SSH-2.0-OpenSSH_9.6\r\nmallory\r\nhi all\r\n");
    assert!(ssh.starts_with(b"This is a chat room"), "{ssh:?}");
    // No member has joined, and no message was sent.
    let mut bob = fixture.join("bob");
    ann.expect("bob has joined the chat room.");
    bob.say("hi");
    ann.expect("bob: hi");
    drop((ann, bob));
    fixture.check();
}

/// Fault 48.
#[test]
fn a_request_without_an_end_is_closed_all_the_same() {
    let fixture = FaultFixture::start(&[]);
    let mut peer = fixture.connect();
    let address = peer.stream().local_addr().unwrap().to_string();
    peer.send(b"POST / HTTP/1.1\r\n\r\n");
    let begin = Instant::now();
    while peer.try_send(b"hi all\n").is_ok() {
        assert!(begin.elapsed() < PROMPT, "it is still read");
        std::thread::sleep(Duration::from_millis(10));
    }
    fixture.expect_reason(&address, "protocol");
    fixture.check();
}

/// Receives until all of `expected` has arrived, one text after the other. Several that
/// come at once have newlines between them, unless the script was too busy to receive one
/// before the next was sent. None has a newline at the end.
fn recv_all(script: &mut TestClient, expected: &[&str]) {
    let expected = expected.concat();
    let mut received = String::new();
    while received.replace('\n', "").len() < expected.len() {
        let chunk = script.recv();
        assert!(!chunk.is_empty(), "the end came after {received:?}");
        received += &chunk;
    }
    assert_eq!(received.replace('\n', ""), expected);
    assert!(!received.ends_with('\n'), "{received:?}");
}

#[test]
fn a_script_without_newlines_exchanges_messages() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = fixture.connect();
    bob.send(b"bob");
    ann.expect("bob has joined the chat room.");
    let welcome = bob.recv();
    assert!(welcome.starts_with("Welcome, bob."), "{welcome:?}");
    assert!(!welcome.ends_with('\n'), "{welcome:?}");
    bob.send(b"bob: hi");
    ann.expect("bob: hi");
    bob.send("bob: two\nbob: lines, à deux".as_bytes());
    ann.expect("bob: two");
    ann.expect("bob: lines, à deux");
    bob.send(b"q:quit");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    drop((ann, bob));
    fixture.check();
}

/// The server has no bystanders, because their lines would come between.
#[test]
fn a_script_gets_a_line_at_a_time_and_several_when_it_is_behind() {
    let server = serve(&["--rate", "off"]);
    let mut ann = TestClient::join(server.address(), "ann");
    let mut bob = TestClient::connect(server.address());
    bob.send(b"bob");
    ann.expect("bob has joined the chat room.");
    recv_all(&mut bob, &["Welcome, bob. ann is here."]);
    ann.say("one");
    assert_eq!(bob.recv(), "ann: one");
    ann.send(b"two\nthree\n");
    recv_all(&mut bob, &["ann: two", "ann: three"]);
    let lines: Vec<String> = (0..500).map(|line| format!("ann: {line}")).collect();
    let sent = lines.join("\n").replace("ann: ", "") + "\n";
    ann.send(sent.as_bytes());
    let expected: Vec<&str> = lines.iter().map(String::as_str).collect();
    recv_all(&mut bob, &expected);
    // A line that is too long for one recv is sent in pieces. Each has its sender, so
    // that no member can choose the beginning of a piece.
    ann.say(&"x".repeat(3000));
    let mut received = String::new();
    while received.matches('x').count() < 3000 {
        received += &bob.recv();
    }
    let mut pieces = received.split("ann: ");
    assert_eq!(pieces.next(), Some(""));
    for piece in pieces {
        let text = piece.trim_end_matches('\n');
        assert!(
            text.len() <= 1024 && text.bytes().all(|byte| byte == b'x'),
            "{piece}"
        );
    }
}

/// The script reads only after it has sent something.
#[test]
fn a_script_that_waits_for_answers_gets_one_each_time() {
    let server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    let mut bob = TestClient::connect(server.address());
    bob.send(b"bob");
    ann.expect("bob has joined the chat room.");
    recv_all(&mut bob, &["Welcome, bob. ann is here."]);
    bob.send(b"hi");
    ann.expect("bob: hi");
    assert_eq!(bob.recv(), "Sent.");
    bob.send(b"/ping");
    assert_eq!(bob.recv(), "pong");
    bob.send(b"/me waves");
    ann.expect("* bob: waves");
    assert_eq!(bob.recv(), "Sent.");
    bob.send(b"/msg ann psst");
    ann.expect("bob -> ann: psst");
    assert_eq!(bob.recv(), "Sent.");
    bob.send(b"/reply psst");
    assert!(bob.recv().starts_with("! No private message"));
    bob.send(b" ");
    assert_eq!(bob.recv(), "! Not sent, line is blank.");
    // Lines that come before it sends again are separate.
    for line in ["one", "two"] {
        ann.say(line);
        assert_eq!(bob.recv(), format!("\nann: {line}"));
    }
    bob.send(b"again");
    ann.expect("bob: again");
    assert_eq!(bob.recv(), "Sent.");
    bob.send(b"Bye");
    ann.expect("bob has left the chat room.");
    server.wait_for("[CONNECTION CLOSED] bob disconnected (quit).");
}

/// Its texts would be taken for numbered lines.
#[test]
fn a_script_is_granted_no_capability_that_needs_lines() {
    let server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    let mut bob = TestClient::connect(server.address());
    for answer in ["/cap", "Welcome, bob. ann is here.", "/cap"] {
        let is_name = answer.starts_with("Welcome");
        bob.send(if is_name {
            b"bob"
        } else {
            b"/cap id resume heartbeat"
        });
        assert_eq!(bob.recv(), answer);
    }
    ann.expect("bob has joined the chat room.");
    bob.send(b"hi");
    ann.expect("bob: hi");
    assert_eq!(bob.recv(), "Sent.");
    bob.send(b"bye");
    ann.expect("bob has left the chat room.");
}

/// The user of the script needs time for a name, so that the prompt comes first.
#[test]
fn a_prompted_script_is_not_one_answer_behind() {
    let server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    let mut bob = TestClient::connect(server.address());
    bob.stream().set_read_timeout(Some(DEADLINE)).unwrap();
    bob.stream().peek(&mut [0]).expect("the question");
    bob.send(b"bob");
    assert_eq!(bob.recv(), "Type your name and press Enter.\n");
    ann.expect("bob has joined the chat room.");
    bob.send(b"hi");
    ann.expect("bob: hi");
    assert_eq!(bob.recv(), "Welcome, bob. ann is here.");
    bob.send(b"again");
    ann.expect("bob: again");
    assert_eq!(bob.recv(), "Sent.");
}

#[test]
fn a_script_may_try_another_name() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let mut script = fixture.connect();
    script.send(b"ann");
    let refused = script.recv();
    assert_eq!(refused, "! ann is already in use. Try another.");
    script.send(b"bob");
    ann.expect("bob has joined the chat room.");
    drop((ann, script));
    fixture.check();
}

#[test]
fn in_strict_mode_only_a_newline_ends_a_name() {
    let fixture = FaultFixture::start(&["--strict", "--name-timeout", "2"]);
    let mut script = fixture.connect();
    script.send(b"bob");
    script.expect("! No name received within 2 s.");
    script.expect_quit();
    fixture.check();
}

/// The first texts are longer than its maximum backlog.
#[test]
fn a_small_backlog_admits_a_script() {
    let server = serve(&["--backlog", "8", "--history", "20", "--rate", "off"]);
    let mut ann = TestClient::join(server.address(), "ann");
    for _ in 0..20 {
        ann.say(&"x".repeat(4000));
    }
    ann.say("/ping");
    ann.expect("pong");
    let mut bob = TestClient::connect(server.address());
    bob.send(b"bob");
    ann.expect("bob has joined the chat room.");
    let mut seen = String::new();
    while !seen.contains("--- now ---") {
        seen += &bob.recv();
    }
    assert!(seen.starts_with("Welcome, bob. ann is here."));
}

/// Fault 14, for a script.
#[test]
fn a_script_that_stops_reading_is_disconnected() {
    let fixture = FaultFixture::start(&["--rate", "off", "--stall", "3"]);
    let mut ann = fixture.join("ann");
    let mut bob = fixture.connect();
    bob.send(b"bob");
    ann.expect("bob has joined the chat room.");
    let begin = Instant::now();
    while fixture
        .server
        .lines_with("bob disconnected (slow)")
        .is_empty()
    {
        assert!(begin.elapsed() < DEADLINE, "it is still in");
        ann.send("x\n".repeat(2000).as_bytes());
        ann.say("");
        ann.expect_sometime("");
    }
    drop((ann, bob));
    fixture.check();
}
