//! Malicious servers (fault 29).

use std::thread;
use std::time::Duration;

use crate::support::{Client, FakeServer, time};

/// A line without an end, heartbeats, and messages.
const ENDLESS_STREAMS: [&str; 3] = ["x", "\n", "bob: and on\n"];

#[test]
fn no_terminal_command_gets_through() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
    let all = (0..=0xff_u8).filter(|&byte| byte != b'\n').map(char::from);
    let line: String = all.collect();
    peer.say(&format!("bob: {line}"));
    peer.say("bob: \u{1b}]0;title\u{7}\u{1b}]52;c;AAAA\u{1b}\\\u{202e}\u{2066}\u{feff}");
    let shown = client.line().unwrap();
    assert!(
        !shown.contains(|c: char| c != '\t' && c.is_control()),
        "{shown:?}"
    );
    assert!(shown.contains('~') && shown.contains('ÿ'), "{shown:?}");
    client.shows("bob: ]0;title]52;c;AAAA\\");
}

#[test]
fn unreadable_lines_are_reported_once_in_a_row() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
    for _ in 0..100 {
        peer.send(b"\xff\xfe\n");
    }
    peer.say("bob: hi");
    let long = [&[b'x'; 20_000][..], b"\n"].concat();
    for _ in 0..3 {
        peer.send(&long);
    }
    peer.say("bob: ho");
    client.shows("bob: hi");
    client.shows("bob: ho");
    client.complains("! a line from the server is not valid UTF-8, skipped");
    client.complains("! a line from the server is too long, skipped");
    peer.say("q:quit");
    client.complains("The server has ended the session.");
    client.exits_with(5);
}

#[test]
fn a_line_that_does_not_end_ends_the_connection() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
    peer.send(&[b'x'; 1 << 20]);
    client.complains("! a line from the server is too long, skipped");
    client.complains("connection lost: the server sends a line that does not end");
    client.exits_with(6);
}

#[test]
fn a_flood_keeps_neither_typing_nor_leaving_waiting() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    let flood = "bob: flood\n".repeat(100_000);
    for _ in 0..3 {
        peer.send(flood.as_bytes());
    }
    client.types("typed meanwhile");
    peer.expect("typed meanwhile");
    client.signal("INT");
    peer.expect_quit();
    assert_eq!(client.code(), 0);
}

#[test]
fn junk_of_every_kind_is_survived() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    let mut junk = Vec::new();
    let mut seed = 1_u32;
    for _ in 0..200_000 {
        // A linear congruential generator: the same junk in each run.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        junk.push((seed >> 24) as u8);
    }
    peer.send(&junk);
    peer.send(b"\nbob: after the junk\n");
    while client.line().expect("it has ended") != "bob: after the junk" {}
    client.types("still here");
    peer.expect("still here");
}

#[test]
fn a_name_is_not_answered_by_bytes_that_never_become_a_line() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect("ann");
    peer.repeats("x");
    let port = &server.port;
    let message = format!("the server at 127.0.0.1:{port} does not answer");
    let taken = time(|| client.complains(&message));
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    client.exits_with(3);
}

#[test]
fn one_signal_leaves_a_handshake_that_does_not_end() {
    let server = FakeServer::open();
    for bytes in ["x", "\n"] {
        let mut client = Client::start(&[&server.port, "--name", "ann"]);
        let mut peer = server.accept();
        peer.expect("ann");
        peer.repeats(bytes);
        client.signal("INT");
        let taken = time(|| assert_eq!(client.code(), 0, "{bytes:?}"));
        assert!(taken < Duration::from_secs(4), "{bytes:?}: {taken:?}");
    }
}

/// After a second the client checks the connection before it sends the name.
#[test]
fn one_signal_leaves_before_the_name_is_sent() {
    let server = FakeServer::open();
    for bytes in ["x", "\n"] {
        let mut client = Client::start(&[&server.port]);
        let peer = server.accept();
        peer.repeats(bytes);
        thread::sleep(Duration::from_millis(1200));
        client.types("ann");
        thread::sleep(Duration::from_millis(200));
        client.signal("INT");
        let taken = time(|| assert_eq!(client.code(), 0, "{bytes:?}"));
        assert!(taken < Duration::from_secs(4), "{bytes:?}: {taken:?}");
    }
}

#[test]
fn an_endless_line_counts_as_silence() {
    let server = FakeServer::open();
    let (peer, client) = server.welcome("ann", &["--heartbeat", "0.4"]);
    peer.repeats("x");
    client.complains("connection lost: no line received for 1 s");
    client.exits_with(6);
}

#[test]
fn a_pipes_goodbye_without_an_answer_times_out() {
    let server = FakeServer::open();
    for bytes in ENDLESS_STREAMS {
        let (mut peer, mut client) = server.welcome("ann", &["--heartbeat", "1"]);
        client.ends_input();
        peer.expect("q:quit");
        peer.repeats(bytes);
        client.complains(match bytes {
            "x" => "connection lost: no line received for 3 s",
            _ => "connection lost: the server has not answered q:quit; the last lines may be lost",
        });
        assert_eq!(client.code(), 6, "{bytes:?}");
    }
}

#[test]
fn one_signal_ends_the_wait_for_the_answer_to_a_goodbye() {
    let server = FakeServer::open();
    for bytes in ENDLESS_STREAMS {
        let (mut peer, mut client) = server.welcome("ann", &[]);
        client.ends_input();
        peer.expect("q:quit");
        peer.repeats(bytes);
        client.signal("INT");
        let taken = time(|| assert_eq!(client.code(), 0, "{bytes:?}"));
        assert!(taken < Duration::from_secs(10), "{bytes:?}: {taken:?}");
    }
}
