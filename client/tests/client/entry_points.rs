//! Entry points: all kinds of clients in one room, and UDP over a network that loses.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use server::ServerConfig;
use server::accept::listeners::Listeners;
use server::limits::{Limits, Rate};
use server::shutdown::{self, ShutdownHandle};
use tests::{Bystanders, Running, TestClient, eventually};

use crate::support::program;

/// A real server in the test's process, which is stopped when it is dropped.
struct TestServer {
    tcp: SocketAddr,
    udp: SocketAddr,
    stopper: ShutdownHandle,
}

impl TestServer {
    fn open(rate: Rate) -> TestServer {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (stopper, stop) = shutdown::channel();
        let server = TestServer {
            tcp: tcp.local_addr().unwrap(),
            udp: udp.local_addr().unwrap(),
            stopper: stopper.clone(),
        };
        let listeners = Listeners {
            tcp: vec![tcp],
            udp: vec![udp],
        };
        let limits = Limits {
            rate,
            history_lines: 0,
            ..Limits::default()
        };
        thread::spawn(move || server::run(listeners, ServerConfig::minimal(limits), stopper, stop));
        server
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stopper.trigger();
    }
}

fn start(program: &str, words: &[&str]) -> Running {
    Running::start(Command::new(program).args(words))
}

fn script(name: &str, words: &[&str]) -> Running {
    let path = format!("{}/tests/client/{name}", env!("CARGO_MANIFEST_DIR"));
    start("python3", &[&[path.as_str()], words].concat())
}

fn client(words: &[&str]) -> Running {
    Running::start(program().args(words))
}

/// Returns `true` if the tool exists; else prints that the test is skipped.
fn have(tool: &str, word: &str) -> bool {
    let found = Command::new(tool).arg(word).output().is_ok();
    if !found {
        eprintln!("skipped: there is no {tool} here");
    }
    found
}

#[test]
fn every_kind_of_client_reaches_every_other() {
    if !have("python3", "--version") || !have("nc", "-h") {
        return;
    }
    let server = TestServer::open(Limits::default().rate);
    let port = server.tcp.port().to_string();
    let udp_port = server.udp.port().to_string();
    let mut members: Vec<(&str, Running)> = Vec::new();
    let clients: [(&str, &dyn Fn() -> Running); 6] = [
        ("ann", &|| client(&[&port, "--name", "ann"])),
        ("bob", &|| script("classroom_client.py", &[&port, "bob"])),
        ("carl", &|| script("classroom_client.py", &[&port, "carl"])),
        ("dora", &|| start("nc", &["127.0.0.1", &port])),
        ("eve", &|| client(&["--udp", &udp_port, "--name", "eve"])),
        ("fred", &|| client(&["--unframed", &port, "--name", "fred"])),
    ];
    for (name, start_client) in clients {
        let mut member = start_client();
        if name == "dora" {
            member.type_line(name);
        }
        member.wait_for(&format!("Welcome, {name}."));
        for (_, other) in &members {
            other.wait_for(&format!("{name} has joined the chat room."));
        }
        members.push((name, member));
    }
    for at in 0..members.len() {
        let (name, sender) = &mut members[at];
        let name = *name;
        sender.type_line(&format!("I am {name}"));
        for (_, other) in members.iter().filter(|(other, _)| *other != name) {
            other.wait_for(&format!("{name}: I am {name}"));
        }
    }
    while let Some((name, mut leaver)) = members.pop() {
        leaver.type_line("q:quit");
        for (_, other) in &members {
            other.wait_for(&format!("{name} has left the chat room."));
        }
    }
}

#[test]
fn a_request_reply_script_takes_part() {
    if !have("python3", "--version") {
        return;
    }
    let server = TestServer::open(Limits::default().rate);
    let mut ann = TestClient::join(server.tcp, "ann");
    let mut bob = script(
        "classroom_request_reply.py",
        &[&server.tcp.port().to_string()],
    );
    bob.type_line("bob");
    bob.wait_for("Welcome, bob. ann is here.");
    ann.expect("bob has joined the chat room.");
    for line in ["one", "two"] {
        bob.type_line(line);
        ann.expect(&format!("bob: {line}"));
        bob.wait_for("Sent.");
        ann.say(&format!("{line}, you say"));
    }
    // It receives the messages when it sends the next lines, one or more.
    for message in ["ann: one, you say", "ann: two, you say"] {
        while bob.lines_with(message).is_empty() {
            let before = bob.lines_with("").len();
            bob.type_line("/ping");
            eventually("what it receives", || {
                (bob.lines_with("").len() > before).then_some(())
            });
        }
    }
    bob.type_line("bye");
    ann.expect("bob has left the chat room.");
    assert!(bob.wait().success());
}

/// A network between a client and the server. Once `loses` is set, it drops every
/// `nth` datagram each way.
struct Network {
    address: SocketAddr,
    loses: Arc<AtomicBool>,
    done: Arc<AtomicBool>,
}

impl Network {
    fn before(server: SocketAddr, nth: u32) -> Network {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let network = Network {
            address: socket.local_addr().unwrap(),
            loses: Arc::default(),
            done: Arc::default(),
        };
        let (loses, done) = (Arc::clone(&network.loses), Arc::clone(&network.done));
        thread::spawn(move || {
            let mut client = None;
            let mut counts: HashMap<SocketAddr, u32> = HashMap::new();
            let mut buffer = [0; 2048];
            while !done.load(Ordering::Relaxed) {
                let (count, from) = match socket.recv_from(&mut buffer) {
                    Ok(received) => received,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(error) => panic!("{error}"),
                };
                if from != server {
                    client = Some(from);
                }
                if loses.load(Ordering::Relaxed) {
                    let seen = counts.entry(from).or_default();
                    *seen += 1;
                    if seen.is_multiple_of(nth) {
                        continue;
                    }
                }
                let to = if from == server {
                    client.unwrap()
                } else {
                    server
                };
                socket.send_to(&buffer[..count], to).unwrap();
            }
        });
        network
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

/// Returns the number after `before` in a line.
fn number(line: &str, before: &str) -> f64 {
    let after = line
        .split_once(before)
        .unwrap_or_else(|| panic!("{line}"))
        .1;
    let digits = after.split([' ', ',']).next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("{line}"))
}

fn check_loss(percent: u32) {
    const LINES: usize = 400;
    let server = TestServer::open(Rate::Unlimited);
    let bystanders = Bystanders::start(server.tcp);
    let network = Network::before(server.udp, 100 / percent);
    let mut ann = TestClient::join(server.tcp, "ann").ignoring("bystander");
    let port = network.address.port().to_string();
    let mut bob = client(&["--udp", &port, "--name", "bob"]);
    bob.wait_for("Welcome, bob.");
    ann.expect("bob has joined the chat room.");
    network.loses.store(true, Ordering::Relaxed);
    for line in 0..LINES {
        ann.say(&format!("line {line}"));
        // Bob must keep up, because a burst would overflow a socket. The network loses one of
        // a few lines, and never ten in a row.
        if line % 20 == 19 {
            let last_ten: Vec<String> = (line - 9..=line)
                .map(|line| format!("ann: line {line}"))
                .collect();
            eventually("one of the last ten lines", || {
                let shown = bob.lines_with("ann: line ");
                let last = shown.last()?;
                last_ten.contains(last).then_some(())
            });
        }
    }
    // Repeated, because any line may be lost.
    let got = eventually("the figures", || {
        bob.type_line("/stats");
        let line = bob.lines_with("received ").pop()?;
        (number(&line, "received ") > 0.9 * LINES as f64 * (100 - percent) as f64 / 100.0)
            .then_some(line)
    });
    let missing = number(&got, "missing ") / (number(&got, "received ") + number(&got, "missing "));
    let expected = f64::from(percent) / 100.0;
    assert!(
        (missing - expected).abs() < 0.2 * expected + 0.002,
        "{percent} %: {got}"
    );
    network.loses.store(false, Ordering::Relaxed);
    bob.type_line("/quit");
    ann.expect_sometime("bob has left the chat room.");
    assert!(bob.wait().success());
    bystanders.stop();
}

#[test]
fn stats_show_what_the_network_lost() {
    for percent in [1, 5, 20] {
        check_loss(percent);
    }
}

/// The server takes ten lines a second, and its queue has room for a full window.
#[test]
fn a_pipe_over_udp_arrives_if_the_network_loses_nothing() {
    const LINES: usize = 130;
    let server = TestServer::open(Limits::default().rate);
    let mut ann = TestClient::join(server.tcp, "ann");
    let mut bot = client(&["--udp", &server.udp.port().to_string(), "--name", "bot"]);
    ann.expect("bot has joined the chat room.");
    for line in 0..LINES {
        bot.type_line(&format!("line {line}"));
    }
    bot.end_input();
    for line in 0..LINES {
        ann.expect(&format!("bot: line {line}"));
    }
    ann.expect("bot has left the chat room.");
    assert!(bot.wait().success());
}

#[test]
fn stats_show_what_the_server_did_not_receive() {
    let server = TestServer::open(Rate::Unlimited);
    let network = Network::before(server.udp, 4);
    let mut ann = TestClient::join(server.tcp, "ann");
    let port = network.address.port().to_string();
    let mut bob = client(&["--udp", &port, "--name", "bob"]);
    bob.wait_for("Welcome, bob.");
    ann.expect("bob has joined the chat room.");
    network.loses.store(true, Ordering::Relaxed);
    for line in 0..40 {
        bob.type_line(&format!("line {line}"));
    }
    let line = eventually("a loss", || {
        ann.say("here is your answer");
        bob.type_line("/stats");
        let line = bob.lines_with("sent ").pop()?;
        let sent = number(&line, "sent ");
        let arrived = number(&line, "reported ");
        (sent >= 41.0 && arrived > 0.6 * sent && arrived < 0.9 * sent).then_some(line)
    });
    assert!(line.contains("as received"), "{line}");
    network.loses.store(false, Ordering::Relaxed);
    bob.type_line("/quit");
    assert!(bob.wait().success());
}
