//! Capabilities: the request before the name, tags, and the numbers of our lines.

use std::time::{Duration, Instant};

use common::HEARTBEAT_OPT_IN;

use crate::support::{CAP_REQUEST, Client, FakePeer, FakeServer, FakeUdpServer, greeting};

/// The answer that grants all.
pub const ALL: &str = "/cap time id resume heartbeat";

/// Lets ann join a server that grants all.
fn granted(server: &FakeServer, options: &[&str]) -> (FakePeer, Client) {
    let client = Client::start(&[&[&server.port, "--name", "ann"], options].concat());
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.welcome("ann");
    client.shows(&greeting("ann"));
    (peer, client)
}

#[test]
fn an_older_server_refuses_the_request_and_sees_todays_bytes_afterwards() {
    let server = FakeServer::open();
    let begin = Instant::now();
    let mut client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    assert_eq!(peer.receive_raw().as_deref(), Some(CAP_REQUEST));
    // After a second without an answer it sends the name.
    peer.expect_silence_until(begin + Duration::from_secs(1));
    peer.say("! Invalid name, a name contains only letters. Try another.");
    assert_eq!(peer.receive_raw().as_deref(), Some("ann"));
    peer.say(&greeting("ann"));
    assert_eq!(peer.receive_raw().as_deref(), Some(HEARTBEAT_OPT_IN));
    client.types("hi");
    assert_eq!(peer.receive_raw().as_deref(), Some("hi"));
    // Without tags a line stays as it is.
    peer.say("@time=2026-03-01T12:00:00.000Z bob: hi");
    client.shows(&greeting("ann"));
    client.shows("@time=2026-03-01T12:00:00.000Z bob: hi");
    client.ends_input();
    assert_eq!(peer.receive_raw().as_deref(), Some("q:quit"));
    peer.say("q:quit");
    client.exits_with(0);
}

#[test]
fn the_refusal_of_a_full_server_is_shown_although_it_comes_after_the_request() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.send(b"! Server is full.\nq:quit\n");
    client.shows("! Server is full.");
    client.complains("The server has ended the session: Server is full.");
    client.exits_with(5);
}

#[test]
fn a_server_that_does_not_answer_the_request_gets_the_name_after_a_second() {
    let server = FakeServer::open();
    // From the start, because the request may be received late.
    let begin = Instant::now();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.welcome("ann");
    let waited = begin.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    client.shows(&greeting("ann"));
}

#[test]
fn a_late_answer_still_counts() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.expect("ann");
    peer.say(ALL);
    peer.say("@time=2026-03-01T12:00:00.000Z Welcome, ann. You are the first here.");
    client.shows(&greeting("ann"));
    // A late refusal of the request is no refusal of the name.
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.expect("ann");
    peer.say("! Invalid name. Try another.");
    peer.say(&greeting("ann"));
    client.shows(&greeting("ann"));
}

#[test]
fn the_request_promises_no_heartbeats_that_are_too_rare() {
    let server = FakeServer::open();
    let _client = Client::start(&[&server.port, "--name", "ann", "--heartbeat", "31"]);
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect("/cap time id resume");
}

#[test]
fn over_udp_only_the_time_is_asked_for() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect_raw("/seq 0 0 /cap time heartbeat");
    let cookie = "/cookie 1 7000 /cap time heartbeat";
    server.say(cookie);
    server.expect_raw(cookie);
    server.grant("/cap time heartbeat");
    server.expect_numbered("ann");
    server.say_numbered("@time=2026-03-01T12:00:00.000Z Welcome, ann. You are the first here.");
    client.shows(&greeting("ann"));
    assert_eq!(server.next_unanswered(), "");
    server.say_numbered("@time=2026-03-01T12:00:00.000Z bob: hi");
    client.shows("bob: hi");
}

#[test]
fn to_an_unframed_server_no_request_is_sent() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--unframed", "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect_text("ann");
    client.complains("! joined as ann, without a welcome");
}

#[test]
fn tags_and_control_lines_are_not_shown_and_no_line_is_shown_twice() {
    let server = FakeServer::open();
    let (mut peer, client) = granted(&server, &[]);
    peer.say("/cap resume=00000000000000000000000000000007");
    peer.say("@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-4 bob: one");
    peer.say("@id=lobby-k3f9-4;new=x bob: one");
    peer.say("@time=2026-03-01T12:00:01.000Z;id=@-1 bob -> ann: psst");
    peer.say("@time=2026-03-01T12:00:01.000Z;id=@-1 bob -> ann: psst");
    peer.say("/ack 0");
    peer.say("@time=2026-03-01T12:00:02.000Z;id=lobby-k3f9-6 bob: two");
    peer.say("@time=2026-03-01T12:00:02.000Z bob has left the chat room.");
    for line in ["bob: one", "bob -> ann: psst", "bob: two"] {
        client.shows(line);
    }
    client.shows("bob has left the chat room.");
}

#[test]
fn the_longest_line_may_have_the_longest_tags() {
    let server = FakeServer::open();
    let (mut peer, client) = granted(&server, &[]);
    // The newline counts as well.
    let line = format!("bob: {}", "x".repeat(common::MAX_EVENT - 6));
    let tags = "@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-4;new=";
    let tags = format!("{tags:x<width$} ", width = common::tags::MAX_TAGS - 1);
    peer.say(&(tags + &line));
    client.shows(&line);
}

#[test]
fn every_line_has_a_number_but_those_about_the_connection() {
    let server = FakeServer::open();
    let (mut peer, mut client) = granted(&server, &[]);
    // The first heartbeat promises nothing, because the capability did.
    assert_eq!(peer.receive_raw().as_deref(), Some(""));
    peer.say("/ack 0");
    for line in ["hi", "/who", "/cap time", "ann: hi"] {
        client.types(line);
    }
    let own = [
        "/seq 1 hi",
        "/seq 2 /who",
        "/cap time",
        "/seq 3 ann: ann: hi",
    ];
    peer.leaves_requests();
    for expected in own {
        peer.expect(expected);
    }
    client.types("/quit so long");
    peer.expect("/seq 4 /quit so long");
    peer.say("q:quit");
    client.exits_with(0);
}

#[test]
fn a_heartbeat_follows_a_second_after_the_first_line_that_is_not_confirmed() {
    let server = FakeServer::open();
    let (mut peer, mut client) = granted(&server, &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.say("/ack 0");
    let start = Instant::now();
    client.types("hi\nhi\nhi");
    let (mut came, mut waited) = (0, None);
    // A busy client may send the first before the last line, and then another.
    while came < 3 || waited.is_none() {
        match peer.receive().unwrap().as_str() {
            "" => {
                waited.get_or_insert(start.elapsed());
                peer.say(&format!("/ack {came}"));
            }
            line => {
                came += 1;
                assert_eq!(line, format!("/seq {came} hi"));
            }
        }
    }
    let waited = waited.unwrap();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    peer.say("/ack 3");
    // All is confirmed, so the next heartbeat is that of the clock.
    client.types("end");
    peer.expect_numbered(4, "end");
}

#[test]
fn an_empty_line_is_a_probe_where_heartbeats_are_confirmed() {
    let server = FakeServer::open();
    let (mut peer, _client) = granted(&server, &[]);
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.send(b"\n");
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.say("/ack 0");
    peer.say("/ack 0");
    peer.expect_silence();
}

#[test]
fn confirmations_open_the_window() {
    let server = FakeServer::open();
    let (mut peer, mut client) = granted(&server, &[]);
    let lines: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
    client.types(&lines.join("\n"));
    client.ends_input();
    let mut came = 0;
    while came < lines.len() {
        match peer.receive().unwrap().as_str() {
            "" => peer.say(&format!("/ack {came}")),
            line => {
                came += 1;
                assert_eq!(line, format!("/seq {came} line {came}"));
            }
        }
    }
    loop {
        match peer.receive().unwrap().as_str() {
            "" => peer.say(&format!("/ack {came}")),
            line => break assert_eq!(line, "q:quit"),
        }
    }
    peer.say("q:quit");
    client.exits_with(0);
}

#[test]
fn what_was_said_and_never_confirmed_is_told_at_the_end() {
    let server = FakeServer::open();
    let (mut peer, mut client) = granted(&server, &[]);
    for line in ["one", "two", "/who"] {
        client.types(line);
    }
    peer.expect_numbered(1, "one");
    peer.say("/ack 1");
    peer.expect_numbered(2, "two");
    peer.expect_numbered(3, "/who");
    peer.close();
    client.complains("! perhaps not said: 1 line");
    client.complains("!   two");
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}
