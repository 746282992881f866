//! Heartbeats: the rhythm by which client and server detect that the other has gone.

use std::thread;
use std::time::{Duration, Instant};

use common::HEARTBEAT_OPT_IN;

use crate::support::FakeServer;

#[test]
fn heartbeats_come_at_once_and_then_regularly_whatever_else_is_sent() {
    let server = FakeServer::open();
    let begin = Instant::now();
    let (mut peer, mut client) = server.welcome("ann", &["--heartbeat", "1"]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    let mut heartbeats = 0;
    // If typing restarted the clock, there would be no other heartbeat.
    client.types("hi");
    while heartbeats < 4 {
        match peer.receive().as_deref() {
            Some("") => {
                heartbeats += 1;
                peer.send(b"\n");
            }
            line => {
                assert_eq!(line, Some("hi"));
                thread::sleep(Duration::from_millis(200)); // a person types
                client.types("hi");
            }
        }
    }
    // The rhythm is that of a clock, and none comes early.
    let whole = begin.elapsed();
    assert!(whole >= Duration::from_secs(4), "{whole:?}");
    assert!(whole < Duration::from_secs(20), "{whole:?}");
}

#[test]
fn a_server_that_is_silent_for_three_heartbeats_is_lost() {
    let server = FakeServer::open();
    let (_peer, client) = server.welcome("ann", &["--heartbeat", "0.4"]);
    client.complains("connection lost: no line received for 1 s");
    client.exits_with(6);
}

#[test]
fn a_probe_is_answered_and_a_flood_of_probes_now_and_then() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n"); // the answer to its first
    peer.send(b"\n");
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n"); // and to that
    peer.send(&[b'\n'; 10_000]);
    client.types("still here");
    let mut heartbeats = 0;
    while peer.receive().as_deref() == Some("") {
        heartbeats += 1;
    }
    assert!(heartbeats < 100, "{heartbeats}");
}

/// Each probe may be the last, so none is dropped for the sake of those before it.
#[test]
fn a_probe_right_after_an_answer_is_answered_too() {
    let server = FakeServer::open();
    let (mut peer, _client) = server.welcome("ann", &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n"); // the answer to its first
    for _ in 0..5 {
        peer.send(b"\n");
        assert_eq!(peer.receive().as_deref(), Some(""));
        peer.send(b"\n"); // and to that
    }
    peer.expect_silence();
}

#[test]
fn another_name_is_used_from_then_on() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    peer.say("You are now called rob.");
    client.shows("You are now called rob.");
    peer.say("rob?");
    client.shows("rob?");
    // A text that begins with the own prefix is sent with another prefix.
    client.types("rob: hi");
    peer.expect("rob: rob: hi");
}

#[test]
fn answers_alone_keep_the_connection() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &["--heartbeat", "1"]);
    // Without these answers the client would end after 3 s.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        assert_eq!(peer.receive().as_deref(), Some(""));
        peer.send(b"\n");
    }
    client.types("still here");
    peer.expect("still here");
}

#[test]
fn the_first_heartbeat_promises_others_unless_they_are_too_rare() {
    let server = FakeServer::open();
    for (seconds, expected) in [
        ("0.5", HEARTBEAT_OPT_IN),
        ("30", HEARTBEAT_OPT_IN),
        ("31", ""),
    ] {
        let (mut peer, _client) = server.welcome("ann", &["--heartbeat", seconds]);
        let first = peer.receive_raw();
        assert_eq!(first.as_deref(), Some(expected), "{seconds} s");
    }
}

#[test]
fn a_probe_is_answered_at_once_and_an_answer_is_no_probe() {
    let server = FakeServer::open();
    let (mut peer, _client) = server.welcome("ann", &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n");
    peer.expect_silence();
    for _ in 0..2 {
        let probed = Instant::now();
        peer.send(b"\n");
        assert_eq!(peer.receive().as_deref(), Some(""));
        assert!(probed.elapsed() < Duration::from_secs(10));
        // A server answers each blank line.
        peer.send(b"\n");
        peer.expect_silence();
    }
}
