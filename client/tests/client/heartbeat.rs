//! The rhythm by which the server knows that the client is alive, and by which
//! the client knows that the server is.

use std::time::{Duration, Instant};

use common::HEARTBEAT_OPT_IN;

use crate::support::FakeServer;

#[test]
fn it_beats_at_once_and_then_steadily_whatever_else_is_sent() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &["--heartbeat", "0.5"]);
    let mut beats = Vec::new();
    while beats.len() < 5 {
        match peer.receive().as_deref() {
            Some("") => {
                beats.push(Instant::now());
                peer.send(b"\n");
                // If typing started the clock anew, the next would be late.
                client.types("hi");
            }
            line => assert_eq!(line, Some("hi")),
        }
    }
    // The steady rhythm is that of a clock: lateness does not add up.
    let whole = beats[4] - beats[0];
    assert!(whole > Duration::from_millis(1800), "{whole:?}");
    assert!(whole < Duration::from_millis(2400), "{whole:?}");
}

#[test]
fn a_server_that_is_silent_for_three_heartbeats_is_lost() {
    let room = FakeServer::open();
    let (_peer, client) = room.welcome("ann", &["--heartbeat", "0.4"]);
    client.complains("connection lost: no line received for 1 s");
    client.exits_with(6);
}

#[test]
fn a_server_that_asks_is_answered_and_one_that_asks_all_the_time_now_and_then() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n"); // the answer to its first
    peer.send(b"\n");
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n"); // and to that
    peer.send(&[b'\n'; 10_000]);
    client.types("still here");
    let mut beats = 0;
    while peer.receive().as_deref() == Some("") {
        beats += 1;
    }
    assert!(beats < 100, "{beats}");
}

#[test]
fn another_name_is_used_from_then_on() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    peer.say("You are now called rob.");
    client.shows("You are now called rob.");
    peer.say("rob?");
    client.shows("rob?");
    // What looks like the own prefix goes out with one; the name decides.
    client.types("rob: hi");
    peer.expect("rob: rob: hi");
}

#[test]
fn answers_alone_keep_the_connection() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &["--heartbeat", "0.2"]);
    // Each is answered by `expect`; without that it would end after 0.6 s.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        assert_eq!(peer.receive().as_deref(), Some(""));
        peer.send(b"\n");
    }
    client.types("still here");
    peer.expect("still here");
}

#[test]
fn the_first_one_promises_the_others_unless_they_are_too_rare() {
    let room = FakeServer::open();
    for (seconds, expected) in [
        ("0.5", HEARTBEAT_OPT_IN),
        ("30", HEARTBEAT_OPT_IN),
        ("31", ""),
    ] {
        let (mut peer, _client) = room.welcome("ann", &["--heartbeat", seconds]);
        let first = peer.receive_raw();
        assert_eq!(first.as_deref(), Some(expected), "{seconds} s");
    }
}

#[test]
fn a_question_is_answered_at_once_and_an_answer_is_none() {
    let room = FakeServer::open();
    let (mut peer, _client) = room.welcome("ann", &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n");
    peer.expect_silence();
    for _ in 0..2 {
        let asked = Instant::now();
        peer.send(b"\n");
        assert_eq!(peer.receive().as_deref(), Some(""));
        assert!(asked.elapsed() < Duration::from_secs(1));
        // What a server does with each blank line: it answers.
        peer.send(b"\n");
        peer.expect_silence();
    }
}
