//! Reconnecting: from a broken connection to the next, and what is sent then.

use std::time::Duration;

use crate::capabilities::ALL;
use crate::support::{CAP_REQUEST, Client, FakePeer, FakeServer, greeting, time};

const TOKEN: &str = "0000000000000000000000000000002a";

/// Lets ann join a server that grants all, and sends her a token.
fn joined(server: &FakeServer, options: &[&str]) -> (FakePeer, Client) {
    let words = [&[&server.port, "--name", "ann", "--reconnect"], options].concat();
    let client = Client::start(&words);
    let mut peer = server.accept();
    welcome(&mut peer);
    client.shows(&greeting("ann"));
    (peer, client)
}

/// Welcomes ann as a new member.
fn welcome(peer: &mut FakePeer) {
    peer.grants(ALL);
    peer.welcome("ann");
    peer.say(&format!("/cap resume={TOKEN}"));
}

/// Accepts the next connection, which must resume after `id`.
#[track_caller]
fn resume(server: &FakeServer, client: &Client, id: &str) -> FakePeer {
    client.complains_at_last("Trying again in 1 s");
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect(format!("/resume {TOKEN} {id}").trim_end());
    peer
}

#[test]
fn a_broken_connection_is_resumed_and_nothing_is_lost_or_shown_twice() {
    let server = FakeServer::open();
    let (mut peer, mut client) = joined(&server, &[]);
    client.types("one");
    peer.expect_numbered(1, "one");
    peer.say("@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-7 bob: hi");
    client.shows("bob: hi");
    client.types("two");
    client.types("three");
    peer.expect_numbered(2, "two");
    peer.expect_numbered(3, "three");
    peer.close();
    client.complains("! connection lost: the server has closed it. Trying again in 1 s");
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect(&format!("/resume {TOKEN} lobby-k3f9-7"));
    peer.say(&greeting("ann"));
    peer.say(&format!("/cap resume={TOKEN}"));
    peer.say("/ack 2");
    peer.say("You are in lobby now. bob is here.");
    peer.say("--- 2 missed lines, the oldest from 40 s ago ---");
    peer.say("@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-7 bob: hi");
    peer.say("@time=2026-03-01T12:01:00.000Z;id=lobby-k3f9-9 bob: where are you?");
    peer.say("--- now ---");
    // Nothing is sent before all that was missed is shown.
    assert_eq!(peer.receive().as_deref(), Some(""));
    peer.expect_silence();
    peer.say("/ack 2");
    peer.expect_numbered(3, "three");
    client.types("four");
    peer.expect_numbered(4, "four");
    for line in [
        greeting("ann").as_str(),
        "You are in lobby now. bob is here.",
        "--- 2 missed lines, the oldest from 40 s ago ---",
        "bob: where are you?",
        "--- now ---",
    ] {
        client.shows(line);
    }
    client.ends_input();
    peer.expect_last("q:quit");
    client.exits_with(0);
}

#[test]
fn a_new_name_is_known_although_its_notice_was_lost() {
    let server = FakeServer::open();
    let (mut peer, mut client) = joined(&server, &[]);
    client.types("/nick anna");
    peer.expect_numbered(1, "/nick anna");
    peer.close();
    let mut peer = resume(&server, &client, "");
    peer.say(&greeting("anna"));
    peer.say("/ack 1");
    client.shows(&greeting("anna"));
    // The server takes our own name away, so it is sent twice.
    client.types("anna: hi");
    peer.expect_numbered(2, "anna: anna: hi");
}

#[test]
fn a_line_of_which_only_the_beginning_came_is_asked_for_again() {
    let server = FakeServer::open();
    let (mut peer, client) = joined(&server, &[]);
    peer.say("@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-7 bob: hi");
    peer.send(b"@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-8 bob: ");
    client.shows("bob: hi");
    peer.close();
    let mut peer = resume(&server, &client, "lobby-k3f9-7");
    peer.say(&greeting("ann"));
    peer.say("--- 1 missed line, from 1 s ago ---");
    peer.say("@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-8 bob: ho");
    client.shows(&greeting("ann"));
    client.shows("--- 1 missed line, from 1 s ago ---");
    client.shows("bob: ho");
}

#[test]
fn a_server_that_does_not_answer_the_request_is_asked_to_resume() {
    let server = FakeServer::open();
    let (peer, client) = joined(&server, &[]);
    peer.close();
    client.complains_at_last("Trying again in 1 s");
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.expect(&format!("/resume {TOKEN}"));
    // It was stopped, and goes on.
    peer.say(ALL);
    peer.say(&greeting("ann"));
    peer.say(&format!("/cap resume={TOKEN}"));
    peer.say("/ack 0");
    client.shows(&greeting("ann"));
}

#[test]
fn a_private_message_may_be_the_last_that_was_shown() {
    let server = FakeServer::open();
    let (mut peer, client) = joined(&server, &[]);
    peer.say("@id=lobby-k3f9-7 bob: hi");
    peer.say("@id=@-2 bob -> ann: psst");
    client.shows("bob: hi");
    client.shows("bob -> ann: psst");
    peer.close();
    resume(&server, &client, "@-2");
}

#[test]
fn a_token_that_was_refused_is_followed_by_the_name_and_nothing_is_said_again() {
    let server = FakeServer::open();
    let (mut peer, mut client) = joined(&server, &[]);
    for (number, line) in [(1, "one"), (2, "two")] {
        client.types(line);
        peer.expect_numbered(number, line);
    }
    peer.say("@id=@-3 bob -> ann: old");
    client.shows("bob -> ann: old");
    peer.close();
    let mut peer = resume(&server, &client, "@-3");
    peer.say("! Unknown or expired token.");
    welcome(&mut peer);
    client.shows(&greeting("ann"));
    client.complains("! perhaps not said: 2 lines");
    client.complains("!   one");
    client.complains("!   two");
    // The numbers begin again, in both directions.
    client.types("three");
    peer.expect_numbered(1, "three");
    peer.say("@id=@-1 bob -> ann: new");
    client.shows("bob -> ann: new");
}

#[test]
fn an_older_server_is_joined_again_by_name() {
    let server = FakeServer::open();
    let (peer, mut client) = server.welcome("ann", &["--reconnect"]);
    peer.close();
    client.complains_at_last("Trying again in 1 s");
    let mut peer = server.accept();
    peer.welcome("ann");
    client.shows(&greeting("ann"));
    client.types("hi");
    peer.expect("hi");
}

#[test]
fn a_server_that_was_restarted_is_joined_again() {
    let server = FakeServer::open();
    let (mut peer, client) = joined(&server, &[]);
    peer.say("The server is stopping.");
    peer.say("q:quit");
    client.shows("The server is stopping.");
    client.complains("! The server has stopped. Trying again in 1 s");
    // The first attempt fails, and the pause grows.
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.close();
    client.complains("! connection lost: the server has closed it. Trying again in 2 s");
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect(&format!("/resume {TOKEN}"));
    peer.say("! Unknown or expired token.");
    welcome(&mut peer);
    client.shows(&greeting("ann"));
}

#[test]
fn a_reason_that_has_not_changed_is_not_repeated() {
    let server = FakeServer::open();
    let (peer, client) = joined(&server, &[]);
    peer.close();
    client.complains("! connection lost: the server has closed it. Trying again in 1 s");
    let mut peer = server.accept();
    peer.leaves_requests();
    peer.expect(CAP_REQUEST);
    peer.close();
    client.complains("! Trying again in 2 s");
}

#[test]
fn what_a_script_writes_meanwhile_is_sent_afterwards() {
    let server = FakeServer::open();
    let (mut peer, mut client) = joined(&server, &[]);
    client.types("one");
    peer.expect_numbered(1, "one");
    peer.close();
    client.complains_at_last("Trying again in 1 s");
    let lines: Vec<String> = (2..=100).map(|number| format!("line {number}")).collect();
    client.types(&lines.join("\n"));
    client.ends_input();
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect(&format!("/resume {TOKEN}"));
    peer.say(&greeting("ann"));
    peer.say("/ack 1");
    for (number, line) in (2..).zip(&lines) {
        peer.expect_numbered(number, line);
    }
    peer.expect_last("q:quit");
    client.shows(&greeting("ann"));
    client.exits_with(0);
}

#[test]
fn a_server_that_has_decided_against_us_is_left_alone() {
    let server = FakeServer::open();
    for last in ["! You were kicked.\nq:quit\n", "q:quit\n"] {
        let (mut peer, mut client) = joined(&server, &[]);
        peer.send(last.as_bytes());
        peer.close();
        assert_eq!(client.code(), 5, "{last:?}");
    }
    for (answer, code) in [
        ("! You are banned.\nq:quit\n", 5),
        ("! Server is full.\nq:quit\n", 5),
    ] {
        let (peer, mut client) = joined(&server, &[]);
        peer.close();
        let mut peer = resume(&server, &client, "");
        peer.send(answer.as_bytes());
        peer.close();
        assert_eq!(client.code(), code, "{answer:?}");
    }
    let (peer, mut client) = joined(&server, &[]);
    peer.close();
    let mut peer = resume(&server, &client, "");
    peer.say("! ann is already in use.");
    peer.expect("ann");
    peer.say("! ann is already in use. Try another.");
    assert_eq!(client.code(), 4);
}

#[test]
fn a_pipe_does_not_reconnect_unless_it_is_told_to() {
    let server = FakeServer::open();
    for options in [&[][..], &["--no-reconnect"]] {
        let (peer, client) = server.welcome("ann", options);
        peer.close();
        client.complains("connection lost: the server has closed it");
        client.exits_with(6);
    }
}

#[test]
fn a_signal_ends_the_wait_at_once() {
    let server = FakeServer::open();
    let (peer, mut client) = joined(&server, &[]);
    peer.close();
    client.complains_at_last("Trying again in 1 s");
    // It is between two attempts, or in one that is never answered.
    let _peer = server.accept();
    client.signal("INT");
    let taken = time(|| assert_eq!(client.code(), 0));
    assert!(taken < Duration::from_secs(4), "{taken:?}");
}

/// The upload begins before the break, and its ticket is requested before it too.
#[test]
fn a_transfer_survives_a_broken_chat() {
    let server = FakeServer::open();
    let folder = crate::files::Folder::new();
    let (mut peer, mut client) = joined(&server, &[]);
    client.types(&format!("/send {}", folder.write("notes.txt", b"hello")));
    peer.expect_numbered(1, "/put notes.txt 5");
    peer.close();
    let mut peer = resume(&server, &client, "");
    peer.say(&greeting("ann"));
    peer.say("/ack 0");
    peer.expect_numbered(1, "/put notes.txt 5");
    peer.say(&format!(
        "Ticket {TOKEN} to put 5 bytes of notes.txt within 60 s."
    ));
    let mut upload = server.accept();
    upload.expect(&format!("/put {TOKEN}"));
    upload.say("ok 0");
    assert_eq!(upload.receive_bytes(5), b"hello");
    upload.say("ok");
    client.complains_at_last(" s");
}
