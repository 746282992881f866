//! Back: the notices about a member that resumes, and its previous connection.

use std::time::Duration;

use tests::TestClient;

use super::{bob_and_ann, break_off, hasty, patient, resume, shown};
use crate::test_server::TestServer;

#[test]
fn a_short_break_is_seen_by_nobody() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    bob.say("/names");
    bob.expect("2 members are here.");
    bob.expect("Here, bob, ann");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
    ann.say("/seq 1 back");
    bob.expect("ann: back");
    bob.say("hello");
    ann.expect_with_id("bob: hello");
}

#[test]
fn after_the_leave_was_told_the_return_is_told_too() {
    let server = hasty();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    for _ in 0..3 {
        break_off(&server, ann, "ann");
        bob.expect("ann has left the chat room.");
        ann = resume(&server, &token, &id);
        bob.expect("ann has joined the chat room.");
        ann.expect_missed(&[]);
    }
    ann.say("/seq 1 back");
    bob.expect("ann: back");
}

#[test]
fn the_leave_is_told_after_the_delay_and_not_before() {
    let delay = Duration::from_secs(1);
    let server = TestServer::with_limits(|limits| limits.leave_delay = delay);
    let (mut bob, ann, _token) = bob_and_ann(&server);
    let broken_at = std::time::Instant::now();
    break_off(&server, ann, "ann");
    bob.expect("ann has left the chat room.");
    assert!(broken_at.elapsed() >= delay);
}

#[test]
fn a_member_without_a_token_leaves_at_once() {
    let server = patient();
    let mut bob = server.join("bob");
    let ann = TestClient::join_with(server.address, "/cap time id", "ann");
    bob.expect("ann has joined the chat room.");
    drop(ann);
    bob.expect("ann has left the chat room.");
}

#[test]
fn an_open_connection_is_taken_over() {
    let server = patient();
    let (mut bob, mut old, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut old, "hi");
    old.say("/seq 1 from the old one");
    bob.expect("ann: from the old one");
    let mut new = TestClient::resume(server.address, ("ann", &token), &id, 1);
    new.expect_missed(&[]);
    old.expect_quit();
    server.wait_for_log("[CONNECTION CLOSED] ann disconnected (reset).");
    new.say("/seq 2 from the new one");
    bob.expect("ann: from the new one");
    bob.say("hello");
    new.expect_with_id("bob: hello");
}

#[test]
fn a_connection_that_is_not_read_is_taken_over() {
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::from_secs(60);
        limits.stall_timeout = Duration::from_secs(60);
    });
    let (mut bob, mut old, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut old, "hi");
    // Until ann lags, her connection takes all of it.
    let line = format!("{}\n", "x".repeat(4000));
    for _ in 0..2000 {
        bob.send(line.as_bytes());
    }
    bob.say("last");
    bob.say("");
    bob.expect("");
    let mut new = TestClient::resume(server.address, ("ann", &token), &id, 0);
    new.expect_start("--- ");
    new.expect_sometime("--- now ---");
    bob.say("hello");
    new.expect_with_id("bob: hello");
}

#[test]
fn lines_that_the_old_connection_still_holds_are_said_once() {
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::from_secs(60);
        limits.rate = server::limits::Rate::Limited {
            per_second: 20,
            burst: 1,
        };
    });
    let (mut bob, mut old, token) = bob_and_ann(&server);
    let lines: String = (1..=20).map(|it| format!("/seq {it} {it}\n")).collect();
    old.send(lines.as_bytes());
    bob.expect("ann: 1");
    let mut new = TestClient::request_resume(server.address, &token, "");
    new.expect_tagged_start("Welcome, ann.");
    new.expect(&format!("/cap resume={token}"));
    let ack = new.expect_start("/ack ");
    let dealt_with: usize = ack["/ack ".len()..].parse().unwrap();
    assert!(dealt_with < 20, "all lines came before the takeover");
    new.send(lines.as_bytes());
    for number in 2..=20 {
        bob.expect(&format!("ann: {number}"));
    }
    new.say("/seq 21 end");
    bob.expect("ann: end");
}

#[test]
fn two_connections_that_resume_at_once_leave_one_member() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    for _ in 0..20 {
        let mut both = std::thread::scope(|scope| {
            let request = || TestClient::request_resume(server.address, &token, &id);
            let handles = [scope.spawn(request), scope.spawn(request)];
            handles.map(|handle| handle.join().unwrap())
        });
        // Each has resumed, or has lost its connection to the other before.
        for client in &mut both {
            client.receive();
        }
        let ended = both.each_mut().map(ends);
        assert_eq!(ended.iter().filter(|&&it| it).count(), 1);
        bob.say("/names");
        bob.expect("2 members are here.");
        bob.expect("Here, bob, ann");
    }
}

/// Returns `true` if the connection ends, and `false` if it answers.
fn ends(client: &mut TestClient) -> bool {
    let _it_may_be_closed = client.try_send(b"/ping\n");
    std::iter::from_fn(|| client.receive()).all(|line| line != "pong")
}
