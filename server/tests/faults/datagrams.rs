//! Datagrams: valid and invalid datagrams, forged addresses, and members that vanish.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::{TestClient, UdpTestClient};

use super::fixture::FaultFixture;

/// The length of the headers of IPv4 and UDP, in bytes.
pub const HEADERS: usize = 28;

/// Starts a server that also listens on UDP, and returns its UDP address.
pub fn open(options: &[&str]) -> (FaultFixture, SocketAddr) {
    let fixture = FaultFixture::start(&[&["--udp", "0"], options].concat());
    let line = fixture.server.wait_for("open over UDP at ");
    let address = line.rsplit(' ').next().unwrap().parse().unwrap();
    (fixture, address)
}

fn join(udp: SocketAddr, name: &str) -> UdpTestClient {
    UdpTestClient::join(udp, name).ignoring("bystander")
}

/// Returns the reply, if it comes within a time that is long for the loopback.
pub fn answer(client: &mut UdpTestClient) -> Option<String> {
    client.receive_until(Instant::now() + Duration::from_millis(200))
}

#[test]
fn members_over_udp_and_tcp_exchange_messages() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    fixture
        .server
        .wait_for(&format!("bob connected from {} over UDP.", bob.address()));
    bob.say("hi");
    ann.expect("bob: hi");
    ann.say("yo");
    bob.expect("ann: yo");
    bob.send(b"two\nlines");
    ann.expect("bob: two");
    ann.expect("bob: lines");
    bob.say("");
    bob.expect("");
    bob.say("/msg ann psst");
    ann.expect("bob -> ann: psst");
    bob.say("q:quit");
    bob.expect("q:quit");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

#[test]
fn a_refused_name_may_be_followed_by_another() {
    let (fixture, udp) = open(&[]);
    let ann = fixture.join("ann");
    let mut client = UdpTestClient::new(udp).ignoring("bystander");
    client.say("a:b");
    client.expect("! Refused.");
    client.say(&":".repeat(100));
    client.expect_start("! Invalid name, ");
    let cookie = client.cookie("ann");
    client.say(&cookie);
    client.expect("! ann is already in use. Try another.");
    client.say("bob");
    client.expect_start("Welcome, bob.");
    drop(ann);
    client.say("q:quit");
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

#[test]
fn a_line_too_long_for_a_datagram_comes_in_pieces() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let long: String = ('a'..='z').cycle().take(4000).collect();
    ann.say(&long);
    let mut received = String::new();
    while received.len() < long.len() {
        let piece = bob.expect_start("ann: ");
        assert!(piece.len() < common::MAX_DATAGRAM, "{}", piece.len());
        received += &piece["ann: ".len()..];
    }
    assert_eq!(received, long);
    bob.send(&[b'x'; 1201]);
    bob.expect("! Not sent, datagram is longer than 1200 bytes.");
    bob.send(&[b'x'; 1200]);
    ann.expect(&format!("bob: {}", "x".repeat(1200)));
    bob.say("q:quit");
    drop(ann);
    fixture.check();
}

/// Fault 46.
#[test]
fn junk_is_ignored_or_refused() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let forged = format!("/cookie {} mallory", "0".repeat(32));
    let junk: &[&[u8]] = &[
        b"",
        b"\n",
        b"\xff\xfe",
        &[0; 1200],
        &[b'x'; 65_507],
        b"/cookie",
        b"/cookie x y",
        forged.as_bytes(),
        &forged.as_bytes()[..40],
        b"/seq 1 0 hi all",
        b"q:quit",
        b"mallory: hi all",
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for bytes in junk {
        // An answer that comes late is not taken for that to the next.
        let mut client = UdpTestClient::new(udp);
        client.send(bytes);
        let answer = answer(&mut client).unwrap_or_default();
        let prompt = answer == common::notice::ASK_NAME && bytes.trim_ascii().is_empty();
        let harmless = answer.is_empty() || answer.starts_with('!') || prompt;
        assert!(harmless, "{answer}");
        assert!(answer.len() + HEADERS < 3 * (bytes.len() + HEADERS));
    }
    // The same datagrams from a member.
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    for bytes in junk.iter().filter(|bytes| !bytes.starts_with(b"q:quit")) {
        bob.send(bytes);
        let _refused = answer(&mut bob);
    }
    bob.say("still here");
    ann.expect_sometime("bob: still here");
    bob.say("q:quit");
    drop(ann);
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Fault 46.
#[test]
fn a_cookie_is_valid_once_and_for_its_owner_alone() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let refused = "! Invalid or expired cookie, send your name again.";
    let mut bob = UdpTestClient::new(udp).ignoring("bystander");
    let cookie = bob.cookie("bob");
    // From another port, and from another address.
    for here in [[127, 0, 0, 1], [127, 0, 0, 9]] {
        let mut thief = UdpTestClient::from_address(IpAddr::from(here), udp);
        thief.say(&cookie);
        thief.expect(refused);
    }
    bob.say(&cookie.replace("bob", "eve"));
    bob.expect(refused);
    bob.say(&cookie);
    bob.expect_start("Welcome, bob.");
    ann.expect("bob has joined the chat room.");
    // The same cookie is a heartbeat, and later invalid.
    bob.say(&cookie);
    bob.expect("");
    bob.say("q:quit");
    bob.expect("q:quit");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    bob.say(&cookie);
    bob.expect(refused);
    bob.say("bob");
    bob.expect_start("! You have just left, try again");
    ann.say("/who");
    ann.expect_start("3 members are here.");
    drop(ann);
    fixture.check();
}

/// Fault 46.
#[test]
fn duplicates_are_dropped_and_numbered_lines_answered_with_numbers() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    for line in [
        "/seq 2 0 b",
        "/seq 1 0 a",
        "/seq 2 0 b",
        "/seq 1 0 a",
        "/seq 5 0 e",
    ] {
        bob.say(line);
    }
    ann.expect("bob: b");
    ann.expect("bob: a");
    ann.expect("bob: e");
    ann.say("yo");
    // The bystanders' lines are numbered too.
    loop {
        let received = bob.expect_start("/seq ");
        if received.ends_with("ann: yo") {
            assert!(
                received.ends_with(" 3 ann: yo"),
                "three have come: {received}"
            );
            break;
        }
    }
    bob.say("/seq 6 0 q:quit");
    drop(ann);
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Fault 47.
#[test]
fn a_vanished_member_is_removed_after_three_heartbeats() {
    let (fixture, udp) = open(&["--heartbeat", "1.5"]);
    let mut ann = fixture.join("ann");
    let begin = Instant::now();
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    bob.expect("Press Enter to stay, or you will be disconnected soon.");
    bob.say("");
    bob.expect("");
    bob.expect("Press Enter to stay, or you will be disconnected soon.");
    bob.expect("! Connection timed out.");
    bob.expect("q:quit");
    // Two heartbeats until the first question, and three after the answer.
    assert!(begin.elapsed() > Duration::from_millis(7400), "{begin:?}");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "timeout");
    // A closed port is no different for the server.
    drop(join(udp, "carl"));
    ann.expect("carl has joined the chat room.");
    ann.expect("carl has left the chat room.");
    fixture.expect_reason("carl", "timeout");
    // A new client at that address must request a new cookie.
    bob.say("/seq 9 0 hi");
    bob.expect("! You are no longer connected.\nq:quit");
    drop(ann);
    fixture.check();
}

#[test]
fn the_operator_kicks_a_udp_member_at_once() {
    let (mut fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    fixture.server.type_line("/kick bob too loud");
    bob.expect_start("! ");
    bob.expect("q:quit");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    drop(ann);
    fixture.check();
}

/// Duplicates are dropped, and must not keep the session from checking its timeouts.
#[test]
fn a_flood_of_duplicates_does_not_prevent_a_timeout() {
    let (mut fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2_000_000 {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                bob.send(b"/seq 1 0 hi");
            }
        });
        ann.expect("bob: hi");
        fixture.server.type_line("/kick bob");
        ann.expect("bob has left the chat room.");
        done.store(true, Ordering::Relaxed);
    });
    fixture.expect_reason("bob", "kicked");
    drop(ann);
    fixture.check();
}

/// Fault 47: the last datagrams hold more lines than the rate limit allows in time.
#[test]
fn queued_lines_of_a_vanished_member_are_discarded() {
    let (fixture, udp) = open(&["--heartbeat", "0.5", "--rate", "10:1"]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    for _ in 0..100 {
        bob.send("m\n".repeat(500).as_bytes());
    }
    drop(bob);
    let begin = Instant::now();
    ann.expect_sometime("bob has left the chat room.");
    assert!(begin.elapsed() < Duration::from_secs(60), "of 5000 s");
    fixture.expect_reason("bob", "timeout");
    drop(ann);
    fixture.check();
}

/// On a dual-stack socket an IPv4 address looks like an IPv6 address, whose headers are
/// longer.
#[test]
fn the_amplification_limit_holds_on_a_dual_stack_socket() {
    let fixture = FaultFixture::start(&["--listen", "[::]:0", "--udp", "0"]);
    let line = fixture.server.wait_for("open over UDP at [::]:");
    let port: u16 = line.rsplit(':').next().unwrap().parse().unwrap();
    let udp = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for bytes in [&b":"[..], b"a:b", b"x", b"\n", "a:".repeat(30).as_bytes()] {
        let mut client = UdpTestClient::new(udp);
        client.send(bytes);
        let answer = client.receive().len() + 1;
        assert!(answer + HEADERS <= 3 * (bytes.len() + HEADERS), "{bytes:?}");
    }
    fixture.check();
}

/// The server does not answer its own answers. Otherwise two servers, or a server and
/// its own address, would answer each other forever.
#[test]
fn an_answer_is_not_answered() {
    let (fixture, udp) = open(&[]);
    let mut client = UdpTestClient::new(udp);
    for bytes in ["! Refused.", "q:quit"] {
        client.say(bytes);
    }
    // This datagram is answered, and it is the first.
    client.say("");
    client.expect(common::notice::ASK_NAME);
    fixture.check();
}

/// A flood from one member is limited by its rate. Datagrams beyond the queue are lost,
/// and no other member loses any.
#[test]
fn a_flood_over_udp_delays_nobody() {
    let (fixture, udp) = open(&["--rate", "50:10"]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    for number in 0..2000 {
        bob.say(&number.to_string());
    }
    ann.expect("bob: 0");
    ann.say("/ping");
    ann.expect_sometime("pong");
    // Its own `q:quit` may be lost in its flood.
    let mut last = None;
    while last.as_deref() != Some("q:quit") {
        bob.say("q:quit");
        last = answer(&mut bob);
    }
    drop(ann);
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// 100,000 names from forged addresses.
#[test]
fn forged_addresses_cost_almost_nothing() {
    const HELLOS: u32 = 100_000;
    let (fixture, udp) = open(&[]);
    let before = fixture.server.usage();
    let (mut sent, mut came) = (0, 0);
    for number in 0..HELLOS {
        // Every address of 127.0.0.0/8 belongs to this machine.
        let here = Ipv4Addr::from_bits(0x7f00_0100 + number);
        let mut client = UdpTestClient::from_address(here.into(), udp);
        client.send(b"x");
        sent += 1 + HEADERS;
        // All replies have the same length.
        if number % 100 == 0 {
            let answer = client.receive().len() + 1;
            came += (answer + HEADERS) * 100;
        }
    }
    assert!(came <= 3 * sent, "{came} bytes for {sent}");
    let after = fixture.server.usage();
    if let (Some(before), Some(after)) = (before, after) {
        assert_eq!(after.threads, before.threads);
        assert!(after.memory < before.memory + 2048, "{before:?}, {after:?}");
    }
    fixture.check();
}

/// The server also stops while a member is connected over UDP, who cannot close a
/// connection.
#[test]
fn a_stop_notifies_members_over_udp() {
    let (mut fixture, udp) = open(&[]);
    let mut ann = TestClient::join(fixture.address, "ann");
    let mut bob = join(udp, "bob");
    ann.expect_sometime("bob has joined the chat room.");
    drop(ann);
    let begin = Instant::now();
    fixture.server.signal("TERM");
    bob.expect_sometime("The server is stopping.");
    bob.expect_sometime("q:quit");
    assert!(fixture.server.wait().success());
    // The server need not wait, because all members have received the notice.
    assert!(begin.elapsed() < Duration::from_secs(4));
    assert!(fixture.server.lines_with("did not take in").is_empty());
}
