//! UDP: datagrams of every kind, addresses that are made up, and members that
//! vanish without a word.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::{TestClient, UdpTestClient};

use super::fixture::FaultFixture;

/// The headers of IPv4 and UDP, in bytes.
const HEADERS: usize = 28;

/// A fixture that is open over UDP, and where that is.
fn open(options: &[&str]) -> (FaultFixture, SocketAddr) {
    let fixture = FaultFixture::start(&[&["--udp", "0"], options].concat());
    let line = fixture.server.wait_for("open over UDP at ");
    let address = line.rsplit(' ').next().unwrap().parse().unwrap();
    (fixture, address)
}

fn join(udp: SocketAddr, name: &str) -> UdpTestClient {
    UdpTestClient::join(udp, name).ignoring("bystander")
}

/// What comes back within a moment, which is long for loopback.
fn answer(caller: &mut UdpTestClient) -> Option<String> {
    caller.receive_until(Instant::now() + Duration::from_millis(200))
}

#[test]
fn who_comes_over_udp_talks_with_who_comes_over_tcp() {
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
    let mut caller = UdpTestClient::new(udp).ignoring("bystander");
    caller.say("a:b");
    caller.expect("! Refused.");
    caller.say(&":".repeat(100));
    caller.expect_start("! Invalid name, ");
    let cookie = caller.cookie("ann");
    caller.say(&cookie);
    caller.expect("! ann is already in use. Try another.");
    caller.say("bob");
    caller.expect_start("Welcome, bob.");
    drop(ann);
    caller.say("q:quit");
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
    let mut heard = String::new();
    while heard.len() < long.len() {
        let piece = bob.expect_start("ann: ");
        assert!(piece.len() < common::MAX_DATAGRAM, "{}", piece.len());
        heard += &piece["ann: ".len()..];
    }
    assert_eq!(heard, long);
    bob.send(&[b'x'; 1201]);
    bob.expect("! Not sent, datagram is longer than 1200 bytes.");
    bob.send(&[b'x'; 1200]);
    ann.expect(&format!("bob: {}", "x".repeat(1200)));
    bob.say("q:quit");
    drop(ann);
    fixture.check();
}

/// Row 46.
#[test]
fn junk_is_ignored_or_refused() {
    let (fixture, udp) = open(&[]);
    let mut ann = fixture.join("ann");
    let mut caller = UdpTestClient::new(udp).ignoring("bystander");
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
        caller.send(bytes);
        let answer = answer(&mut caller).unwrap_or_default();
        let prompt = answer == common::notice::ASK_NAME && bytes.trim_ascii().is_empty();
        let harmless = answer.is_empty() || answer.starts_with('!') || prompt;
        assert!(harmless, "{answer}");
        assert!(answer.len() + HEADERS < 3 * (bytes.len() + HEADERS));
    }
    // The same from a member.
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

/// Row 46.
#[test]
fn a_cookie_opens_the_door_once_and_for_its_owner_alone() {
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
    // Sent again it is a heartbeat, and afterwards nothing.
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
    ann.expect_start("3 are here.");
    drop(ann);
    fixture.check();
}

/// Row 46.
#[test]
fn doubles_are_said_once_and_numbered_lines_answered_with_numbers() {
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
    // The bystanders' lines are numbered as well.
    loop {
        let heard = bob.expect_start("/seq ");
        if heard.ends_with("ann: yo") {
            assert!(heard.ends_with(" 3 ann: yo"), "three have come: {heard}");
            break;
        }
    }
    bob.say("/seq 6 0 q:quit");
    drop(ann);
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Row 47.
#[test]
fn a_member_that_vanishes_is_gone_after_three_heartbeats() {
    let (fixture, udp) = open(&["--heartbeat", "0.5"]);
    let mut ann = fixture.join("ann");
    let mut bob = join(udp, "bob");
    ann.expect("bob has joined the chat room.");
    let begin = Instant::now();
    bob.expect("Press Enter to stay, or you will be disconnected soon.");
    bob.say("");
    bob.expect("");
    bob.expect("Press Enter to stay, or you will be disconnected soon.");
    bob.expect("! Connection timed out.");
    bob.expect("q:quit");
    assert!(begin.elapsed() > Duration::from_millis(2400), "{begin:?}");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "timeout");
    // One whose port is closed is the same to the server.
    drop(join(udp, "carl"));
    ann.expect("carl has joined the chat room.");
    ann.expect("carl has left the chat room.");
    fixture.expect_reason("carl", "timeout");
    // Somebody who comes back from there has to begin anew.
    bob.say("/seq 9 0 hi");
    bob.expect("! You are no longer connected.\nq:quit");
    drop(ann);
    fixture.check();
}

#[test]
fn the_operator_removes_somebody_over_udp_at_once() {
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

/// What comes twice is passed over, and must not keep its session from looking up.
#[test]
fn a_flood_of_doubles_cannot_keep_anybody_in() {
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

/// Row 47: its last datagrams hold more lines than the rate lets through in time.
#[test]
fn what_a_vanished_member_has_sent_is_not_said_for_long() {
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
    assert!(begin.elapsed() < Duration::from_secs(10), "of 5000 s");
    fixture.expect_reason("bob", "timeout");
    drop(ann);
    fixture.check();
}

/// To a socket of both families an IPv4 address looks like one of IPv6, whose
/// headers are longer.
#[test]
fn the_factor_holds_on_a_socket_of_both_families() {
    let fixture = FaultFixture::start(&["--listen", "[::]:0", "--udp", "0"]);
    let line = fixture.server.wait_for("open over UDP at [::]:");
    let port: u16 = line.rsplit(':').next().unwrap().parse().unwrap();
    let udp = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for bytes in [&b":"[..], b"a:b", b"x", b"\n", "a:".repeat(30).as_bytes()] {
        let mut caller = UdpTestClient::new(udp);
        caller.send(bytes);
        let answer = caller.receive().len() + 1;
        assert!(answer + HEADERS <= 3 * (bytes.len() + HEADERS), "{bytes:?}");
    }
    fixture.check();
}

/// Our own answers are not answered: two servers, or one and its own address,
/// would never come to an end.
#[test]
fn an_answer_is_not_answered() {
    let (fixture, udp) = open(&[]);
    let mut caller = UdpTestClient::new(udp);
    for bytes in ["! Refused.", "q:quit"] {
        caller.say(bytes);
    }
    // This is, and it is the first.
    caller.say("");
    caller.expect(common::notice::ASK_NAME);
    fixture.check();
}

/// A flood from one member goes no faster than the rate; what finds no place is
/// lost, and nobody else is.
#[test]
fn a_flood_over_udp_holds_up_nobody() {
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
    // Its own wish to leave may be lost in its flood.
    let mut last = None;
    while last.as_deref() != Some("q:quit") {
        bob.say("q:quit");
        last = answer(&mut bob);
    }
    drop(ann);
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// 100,000 hellos from addresses that nobody has.
#[test]
fn made_up_addresses_cost_next_to_nothing() {
    const HELLOS: u32 = 100_000;
    let (fixture, udp) = open(&[]);
    let before = fixture.server.usage();
    let (mut sent, mut came) = (0, 0);
    for number in 0..HELLOS {
        // Every address of 127.0.0.0/8 is this machine's own.
        let here = Ipv4Addr::from_bits(0x7f00_0100 + number);
        let mut caller = UdpTestClient::from_address(here.into(), udp);
        caller.send(b"x");
        sent += 1 + HEADERS;
        // All answers are equally long.
        if number % 100 == 0 {
            let answer = caller.receive().len() + 1;
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

/// Its end comes to an end, also where somebody is there over UDP, who cannot
/// close a connection.
#[test]
fn a_stop_tells_who_is_there_over_udp() {
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
    // It waits for nobody: all of them have been told.
    assert!(begin.elapsed() < Duration::from_secs(4));
    assert!(fixture.server.lines_with("did not take in").is_empty());
}
