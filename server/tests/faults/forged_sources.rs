//! Forged sources: datagrams that somebody sends in the name of a member over UDP. They do
//! not know its numbers, and a member without numbers receives only so much.
//!
//! The loopback lets nobody make up a source, so here the member itself sends what a
//! stranger would.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::Tags;
use common::udp::sequence::{MAX_DISTANCE, Numbered};
use common::udp::uncounted::Uncounted;
use tests::{DEADLINE, TestClient, UdpTestClient};

use super::datagrams::{HEADERS, answer, open};
use super::fixture::FaultFixture;

/// A member with a secret start.
struct NumberedClient {
    client: UdpTestClient,
    cookie: String,
    start: u64,
    sent: u64,
}

/// Requests a cookie with a start for `line`. Returns the cookie and its start.
fn request_start(client: &mut UdpTestClient, line: &str) -> (String, u64) {
    client.say(&format!("/seq 0 0 {line}"));
    let cookie = client.expect_start("/cookie ");
    let words: Vec<&str> = cookie.splitn(4, ' ').collect();
    assert_eq!((words[1].len(), words[3]), (32, line), "{cookie}");
    let start = words[2].parse().unwrap();
    assert!((1 << 32..1 << 63).contains(&start), "{start}");
    (cookie, start)
}

impl NumberedClient {
    fn join(udp: SocketAddr, name: &str) -> NumberedClient {
        let mut client = NumberedClient::admit(udp, name);
        let welcome = client.receive();
        assert!(welcome.starts_with(&format!("Welcome, {name}.")));
        client
    }

    /// Sends the cookie for `line` back.
    fn admit(udp: SocketAddr, line: &str) -> NumberedClient {
        let mut client = UdpTestClient::new(udp);
        let (cookie, start) = request_start(&mut client, line);
        client.say(&cookie);
        let sent = 0;
        NumberedClient {
            client,
            cookie,
            start,
            sent,
        }
    }

    /// Sends `line` under the next number.
    fn say(&mut self, line: &str) {
        self.sent += 1;
        self.say_as(self.start + self.sent, line);
    }

    fn say_as(&mut self, number: u64, line: &str) {
        self.client.say(&format!("/seq {number} 0 {line}"));
    }

    /// Returns the next line that is not from the bystanders, without its number.
    fn receive(&mut self) -> String {
        loop {
            let datagram = self.client.receive();
            let numbered = Numbered::parse(&datagram).expect(&datagram);
            assert!(numbered.number > self.start, "{datagram}");
            let (_, text) = Tags::split(numbered.line);
            if !text.starts_with("bystander") {
                return numbered.line.to_string();
            }
        }
    }

    fn expect(&mut self, line: &str) {
        assert_eq!(self.receive(), line);
    }

    /// Checks that the member is there, that nothing came before the answer to this
    /// heartbeat, and that `arrived` of its lines have arrived, this one included.
    fn expect_alone(&mut self, arrived: u64) {
        self.say("");
        loop {
            let datagram = self.client.receive();
            let numbered = Numbered::parse(&datagram).expect(&datagram);
            let (_, text) = Tags::split(numbered.line);
            if !text.starts_with("bystander") {
                assert_eq!((text, numbered.arrived), ("", arrived));
                return;
            }
        }
    }

    fn quit(mut self) {
        self.say("q:quit");
        self.expect("q:quit");
    }
}

/// Fault 52.
#[test]
fn a_first_line_is_numbered_from_a_secret_start() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::admit(udp, "bob");
    let welcome = bob.client.receive();
    let numbered = Numbered::parse(&welcome).unwrap();
    assert_eq!((numbered.number, numbered.arrived), (bob.start + 1, 0));
    assert!(numbered.line.starts_with("Welcome, bob."), "{welcome}");
    ann.expect("bob has joined the chat room.");
    bob.say("hi");
    ann.expect("bob: hi");
    // A duplicate of either step is no line. The cookie is a heartbeat.
    bob.client.say("/seq 0 0 bob");
    bob.client.say(&bob.cookie);
    bob.expect("");
    bob.quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 52. The first line may also ask for capabilities. Then the name has a number.
#[test]
fn a_request_for_capabilities_may_come_before_the_name() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::admit(udp, "/cap time heartbeat");
    bob.expect("/cap time heartbeat");
    bob.say("ann");
    bob.expect("! ann is already in use. Try another.");
    bob.say("bob");
    let welcome = bob.receive();
    assert!(welcome.starts_with("@time="), "{welcome}");
    assert!(welcome.contains(" Welcome, bob."), "{welcome}");
    ann.expect("bob has joined the chat room.");
    bob.say("hi");
    ann.expect("bob: hi");
    bob.quit();
    drop(ann);
    fixture.check();
}

/// Fault 52.
#[test]
fn a_line_without_the_number_is_dropped_unanswered() {
    let (fixture, udp) = open(&["--rate", "off"]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let other_tag = format!("/cookie {} {} bob", "0".repeat(32), bob.start);
    let no_start = bob.cookie.replace(&format!(" {}", bob.start), "");
    let too_long = "x".repeat(1201);
    for forged in [
        "words in its mouth",
        "",
        "q:quit",
        "/quit",
        "/history 1000",
        "/seq 1 0 words",
        "/seq 999999999 0 ",
        "/seq 999999999 0 x",
        "/seq 18446744073709551615 0 q:quit",
        "/seq 0 0 bob",
        "/seq 0 0 q:quit",
        "/seq 0 1 q:quit",
        "/cookie x",
        &other_tag,
        &no_start,
        &too_long,
    ] {
        bob.client.say(forged);
    }
    bob.client.send(b"/seq 1 0 \xff");
    bob.client.send(b"\xff");
    bob.expect_alone(1);
    for round in 2..=20 {
        for _ in 0..50 {
            bob.client.say("words");
        }
        bob.expect_alone(round);
    }
    bob.say("hi");
    ann.expect("bob: hi");
    bob.quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 52. A stranger cannot keep the name of a member that is gone.
#[test]
fn a_line_without_the_number_does_not_keep_a_vanished_member() {
    let (fixture, udp) = open(&["--heartbeat", "0.5"]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(4) {
        bob.client.say("");
        bob.client.say(&format!("/cookie {} bob", "0".repeat(32)));
        std::thread::sleep(Duration::from_millis(50));
    }
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "timeout");
    drop(ann);
    fixture.check();
}

/// Fault 52. Nor does it answer the probe when another peer wants the name.
#[test]
fn a_line_without_the_number_does_not_answer_a_probe() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::admit(udp, "/cap heartbeat");
    bob.expect("/cap heartbeat");
    bob.say("bob");
    ann.expect("bob has joined the chat room.");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3000 {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                bob.client.say("");
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let mut other = fixture.connect();
        other.say("bob");
        other.expect_start("Welcome, bob.");
        done.store(true, Ordering::Relaxed);
        other.say("q:quit");
    });
    fixture.server.wait_for("bob disconnected (timeout).");
    fixture.server.wait_for("bob disconnected (quit).");
    drop(ann);
    fixture.check();
}

/// Fault 52.
#[test]
fn a_number_may_be_as_far_as_the_distance() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let expected = bob.start + 1;
    for far in [
        expected + MAX_DISTANCE + 1,
        expected - MAX_DISTANCE - 1,
        expected + (1 << 40),
    ] {
        bob.say_as(far, "far");
    }
    // Before the first number there is none.
    bob.say_as(bob.start, "before");
    bob.say_as(expected + MAX_DISTANCE, "near");
    ann.expect("bob: near");
    bob.say_as(expected + 2 * MAX_DISTANCE + 2, "far again");
    bob.say_as(expected + 2 * MAX_DISTANCE + 1, "next");
    ann.expect("bob: next");
    bob.sent = 2 * MAX_DISTANCE + 2;
    bob.expect_alone(3);
    bob.quit();
    drop(ann);
    fixture.check();
}

/// Fault 52. A flood that overruns its own mailbox does not silence its sender.
#[test]
fn a_flood_does_not_lose_its_own_numbers() {
    let (fixture, udp) = open(&["--rate", "1000:100"]);
    let mut ann = fixture.join("ann");
    let mut bob = NumberedClient::join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let mut other = UdpTestClient::new(udp);
    for number in 0..5000 {
        bob.say(&number.to_string());
        // The system has no room for all of them at once. An answer to another peer shows
        // that the server has taken them.
        if number % 100 == 0 {
            other.cookie("other");
        }
    }
    bob.say("last");
    let mut answered = false;
    let begin = Instant::now();
    while begin.elapsed() < DEADLINE {
        bob.say("/ping");
        let until = Instant::now() + Duration::from_millis(100);
        answered |= std::iter::from_fn(|| bob.client.receive_until(until))
            .any(|line| line.ends_with("pong"));
        if answered {
            break;
        }
    }
    assert!(answered, "bob is deaf");
    bob.say("q:quit");
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 52.
#[test]
fn a_start_differs_by_address_and_port_and_each_time() {
    let (fixture, udp) = open(&[]);
    let mut one = UdpTestClient::new(udp);
    let (_, start) = request_start(&mut one, "ann");
    let (_, again) = request_start(&mut one, "ann");
    assert!(again.abs_diff(start) > MAX_DISTANCE, "{again}");
    for here in [[127, 0, 0, 1], [127, 0, 0, 9]] {
        let mut other = UdpTestClient::from_address(Ipv4Addr::from(here).into(), udp);
        let (_, other) = request_start(&mut other, "ann");
        assert!(other.abs_diff(start) > MAX_DISTANCE, "{other}");
    }
    fixture.check();
}

/// Fault 52. A cookie with a start is as good as one without: once, and for its owner.
#[test]
fn a_cookie_with_a_start_is_valid_once_and_unchanged() {
    let (fixture, udp) = open(&[]);
    let mut bob = UdpTestClient::new(udp);
    let (cookie, start) = request_start(&mut bob, "bob");
    let refused = |answered: u64| {
        let line = "! Invalid or expired cookie, send your name again.";
        Uncounted { answered, line }.to_string()
    };
    let mut thief = UdpTestClient::new(udp);
    thief.say(&cookie);
    thief.expect(&refused(start));
    bob.say(&cookie.replace("bob", "eve"));
    bob.expect(&refused(start));
    bob.say(&cookie.replace(&start.to_string(), &(start ^ 1).to_string()));
    bob.expect(&refused(start ^ 1));
    // Nor is it a cookie for a plain peer.
    bob.say(&cookie.replace(&format!(" {start}"), ""));
    bob.expect("! Invalid or expired cookie, send your name again.");
    let mut bob = NumberedClient::join(udp, "bob");
    bob.say("q:quit");
    bob.expect("q:quit");
    fixture.expect_reason("bob", "quit");
    bob.client.say(&bob.cookie);
    bob.client.expect(&refused(bob.start));
    // A line after the end is answered to the one that knows its number.
    let number = bob.start + 7;
    let gone = "! You are no longer connected.\nq:quit";
    for line in ["hi", ""] {
        bob.say_as(number, line);
        bob.client.expect(&format!("/seq 0 {number} {gone}"));
    }
    fixture.check();
}

/// Fault 52. The answers to a first line amplify no more than the others, and no server
/// answers them.
#[test]
fn an_answer_to_a_first_line_is_short_and_not_answered() {
    let (fixture, udp) = open(&[]);
    let longest = "x".repeat(24);
    let request = format!("/cap {}", "future ".repeat(30));
    let too_long = format!("/seq 0 0 {}", "x".repeat(1200));
    for first in ["x", &longest, "a:b", ":", "server", "/who", request.trim()] {
        let mut client = UdpTestClient::new(udp);
        let datagram = format!("/seq 0 0 {first}");
        client.send(datagram.as_bytes());
        let reply = client.receive();
        assert!(reply.len() + 1 + HEADERS <= 3 * (datagram.len() + HEADERS));
        let is_cookie = reply.starts_with("/cookie ");
        assert!(is_cookie || reply.starts_with("/seq 0 0 ! "), "{reply}");
        let mut other = UdpTestClient::new(udp);
        other.say(&reply);
        if is_cookie {
            let refused = other.receive();
            other.say(&refused);
            assert_eq!(answer(&mut other), None, "{refused}");
        } else {
            assert_eq!(answer(&mut other), None, "{reply}");
        }
    }
    let mut client = UdpTestClient::new(udp);
    client.say(&too_long);
    client.expect_start("/seq 0 0 ! ");
    for silent in ["/seq 0 0 ", "/seq 0 5 ! no", "/seq 0 5 ann"] {
        client.say(silent);
        assert_eq!(answer(&mut client), None, "{silent}");
    }
    fixture.check();
}

/// The bytes that a peer without a start receives at once, and in a minute, beyond its own.
const PLAIN_BYTES: usize = 64 * 1024;

/// Requests five times all that was said. Returns all lines that come in five seconds,
/// those of the bystanders too.
fn request_history(client: &mut UdpTestClient, request: impl Fn(u64) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for number in 1..=5 {
        client.say(&request(number));
        let until = Instant::now() + Duration::from_secs(1);
        lines.extend(std::iter::from_fn(|| client.receive_until(until)));
    }
    lines
}

fn bytes(lines: &[String]) -> usize {
    lines.iter().map(|line| line.len() + 1).sum()
}

/// Starts a server where 300 lines of 1,000 bytes were said.
fn open_with_history() -> (FaultFixture, SocketAddr, TestClient) {
    let (fixture, udp) = open(&["--history", "1000", "--rate", "off"]);
    let mut ann = fixture.join("ann");
    for number in 0..300 {
        ann.say(&format!("{number} {}", "x".repeat(1000)));
    }
    ann.say("");
    ann.expect_sometime("");
    (fixture, udp, ann)
}

/// Checks the bytes for a peer that joins by `cookie`, and that it is told once.
fn expect_bounded(client: &mut UdpTestClient, request: impl Fn(u64) -> String) -> String {
    let cookie = client.cookie("bob");
    let begin = Instant::now();
    client.say(&cookie);
    let lines = request_history(client, &request);
    let requests: usize = (1..=5).map(|number| request(number).len() + 1).sum();
    let a_second = PLAIN_BYTES / 60 + 1;
    let came_back = a_second * (begin.elapsed().as_secs() as usize + 1);
    let most = PLAIN_BYTES + cookie.len() + 1 + requests + came_back;
    let came = bytes(&lines);
    assert!(came <= most, "{came} bytes, {most} allowed");
    assert!(came > PLAIN_BYTES / 2, "only {came} bytes");
    let told = lines.iter().filter(|it| it.contains("! Some lines were"));
    let [notice] = &told.collect::<Vec<_>>()[..] else {
        panic!("not one notice in a minute");
    };
    assert!(!notice.contains(':'), "{notice}");
    notice.to_string()
}

/// Fault 52: the previous holder of an address and a port does not know the numbers of the
/// next, which joins at once.
#[test]
fn each_conversation_at_an_address_has_its_own_start() {
    let (fixture, udp) = open(&[]);
    let mut ann = NumberedClient::join(udp, "ann");
    ann.say("q:quit");
    ann.expect("q:quit");
    fixture.expect_reason("ann", "quit");
    let (cookie, start) = request_start(&mut ann.client, "bob");
    assert!(start.abs_diff(ann.start) > 2 * MAX_DISTANCE, "{start}");
    let mut bob = NumberedClient {
        cookie,
        start,
        sent: 0,
        ..ann
    };
    bob.client.say(&bob.cookie);
    assert!(bob.receive().starts_with("Welcome, bob."));
    bob.quit();
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Fault 52.
#[test]
fn a_peer_without_a_start_receives_64_kib_a_minute() {
    let (fixture, udp, mut ann) = open_with_history();
    let mut bob = UdpTestClient::new(udp);
    let notice = expect_bounded(&mut bob, |_| "/history 1000".to_string());
    assert!(notice.starts_with("! "), "{notice}");
    // It is still a member.
    bob.say("still here");
    ann.expect_sometime("bob: still here");
    bob.say("q:quit");
    ann.expect_sometime("bob has left the chat room.");
    // So it is if it numbers its lines later, as clients before did.
    let mut bob = UdpTestClient::new(udp);
    let notice = expect_bounded(&mut bob, |number| format!("/seq {number} 0 /history 1000"));
    assert!(notice.starts_with("/seq "), "{notice}");
    bob.say("/seq 6 0 q:quit");
    ann.expect_sometime("bob has left the chat room.");
    drop(ann);
    fixture.check();
}

/// Fault 52. No stranger can ask in the name of a peer with a start.
#[test]
fn a_peer_with_a_start_receives_all() {
    let (fixture, udp, ann) = open_with_history();
    let mut bob = NumberedClient::join(udp, "bob");
    let start = bob.start;
    let lines = request_history(&mut bob.client, |number| {
        format!("/seq {} 0 /history 1000", start + number)
    });
    bob.sent = 5;
    assert!(bytes(&lines) > 2 * PLAIN_BYTES, "{}", bytes(&lines));
    bob.say("q:quit");
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 57. Many ask for much, and the others' lines take their turns between.
#[test]
fn long_answers_have_a_limit_over_udp_and_do_not_disturb_others() {
    const ASKING: usize = 30;
    const LINES: usize = 200;
    let (fixture, udp) = open(&["--history", "1000", "--rate", "off"]);
    let mut ann = fixture.join("ann");
    let line = "x".repeat(1000);
    for _ in 0..LINES {
        ann.say(&line);
    }
    ann.say("");
    ann.expect_sometime("");
    let join = |number| NumberedClient::join(udp, &format!("asking{number}"));
    let mut asking: Vec<NumberedClient> = (0..ASKING).map(join).collect();
    let mut bob = NumberedClient::join(udp, "bob");
    for client in &mut asking {
        client.say("/history 1000");
    }
    ann.say("hi");
    while bob.receive() != "ann: hi" {}
    // This one has read on, and lost nothing.
    let mut last = NumberedClient::join(udp, "last");
    last.say("/history 1000");
    let notice = "Only the newest lines follow, UDP carries 64 KiB at once.";
    while last.receive() != notice {}
    assert!(last.receive().starts_with("--- the last "));
    for client in asking.iter_mut().chain([&mut last]) {
        client.say("q:quit");
    }
    drop(ann);
    bob.say("q:quit");
    while bob.receive() != "q:quit" {}
    fixture.check();
}
