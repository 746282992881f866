//! Numbering: the numbers that a client puts before its own lines.

use common::MAX_LINE;
use common::numbering::MAX_NUMBER_BYTES;
use tests::TestClient;

use crate::test_server::TestServer;

/// Joins ann, who numbers her lines, and bob, who receives them.
fn two(server: &TestServer) -> (TestClient, TestClient) {
    let mut bob = server.join("bob");
    let ann = TestClient::join_with(server.address, "/cap id", "ann");
    bob.expect("ann has joined the chat room.");
    (ann, bob)
}

/// Expects that the lines up to `number` are dealt with.
fn expect_ack(client: &mut TestClient, number: u64) {
    client.say("");
    client.expect(&format!("/ack {number}"));
}

#[test]
fn a_heartbeat_is_answered_by_the_number_of_the_last_line() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    expect_ack(&mut ann, 0);
    for number in 1..=3 {
        ann.say(&format!("/seq {number} line {number}"));
        bob.expect(&format!("ann: line {number}"));
        expect_ack(&mut ann, number);
    }
    ann.send(b"/seq 4 a\n/seq 5 b\n\n/seq 6 c\n \t \n");
    ann.expect("/ack 5");
    ann.expect("/ack 6");
    for text in ["a", "b", "c"] {
        bob.expect(&format!("ann: {text}"));
    }
}

#[test]
fn a_repeated_number_is_dropped_without_a_word() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.send(b"/seq 1 one\n/seq 1 one\n/seq 2 two\n/seq 1 other\n/seq 0 x\n/seq 2 /me x\n");
    expect_ack(&mut ann, 2);
    ann.say("/seq 3 three");
    for text in ["one", "two", "three"] {
        bob.expect(&format!("ann: {text}"));
    }
}

#[test]
fn a_number_that_is_too_high_is_refused_and_nothing_is_said() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.say("/seq 2 two");
    ann.expect("! Line 1 is missing.");
    ann.say("/seq 18446744073709551615 last");
    ann.expect("! Line 1 is missing.");
    expect_ack(&mut ann, 0);
    ann.send(b"/seq 1 one\n/seq 2 two\n");
    bob.expect("ann: one");
    bob.expect("ann: two");
    expect_ack(&mut ann, 2);
}

#[test]
fn commands_and_refused_lines_are_numbered_too() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.say("/seq 1 /ping");
    ann.expect("pong");
    ann.say("/seq 2 /dance");
    ann.expect_start("! Unknown command /dance.");
    ann.say("/seq 3 /msg bob psst");
    bob.expect("ann -> bob: psst");
    ann.say("/seq 4 ann: with her name");
    bob.expect("ann: with her name");
    ann.say("/seq 5 //home");
    bob.expect("ann: /home");
    ann.send(b"/seq 6 \xff\n");
    ann.expect("! Not sent, line is not valid UTF-8.");
    ann.say("/seq 7 /nick anna");
    ann.expect("You are now called anna.");
    bob.expect("ann is now called anna.");
    expect_ack(&mut ann, 7);
    ann.say("/seq 8 /quit");
    ann.expect_quit();
}

#[test]
fn a_muted_members_lines_are_dealt_with() {
    let server = TestServer::start();
    let (mut ann, _bob) = two(&server);
    server.operator("/mute ann");
    ann.expect_with_time("You are muted.");
    ann.say("/seq 1 hi");
    ann.expect("! You are muted.");
    expect_ack(&mut ann, 1);
}

#[test]
fn a_number_takes_nothing_from_the_longest_line() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let longest = "x".repeat(MAX_LINE - 1);
    ann.say(&format!("/seq 1 {longest}"));
    bob.expect(&format!("ann: {longest}"));
    expect_ack(&mut ann, 1);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_counted() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let lengths = [MAX_LINE, MAX_LINE + MAX_NUMBER_BYTES, 3 * MAX_LINE];
    for (number, length) in (1..).zip(lengths) {
        ann.say(&format!("/seq {number} {}", "x".repeat(length)));
        ann.expect("! Not sent, line is longer than 4096 bytes.");
        expect_ack(&mut ann, number);
    }
    ann.say("/seq 4 hi");
    bob.expect("ann: hi");
}

#[test]
fn the_number_adds_nothing_to_a_line_without_one() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.say(&"x".repeat(MAX_LINE));
    ann.expect("! Not sent, line is longer than 4096 bytes.");
    let longest = "x".repeat(MAX_LINE - 1);
    ann.say(&longest);
    bob.expect(&format!("ann: {longest}"));
}

#[test]
fn a_line_without_a_number_is_said_and_not_counted() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.say("hi");
    bob.expect("ann: hi");
    expect_ack(&mut ann, 0);
}

#[test]
fn without_the_capability_a_number_is_an_unknown_command() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    for request in ["/cap", "/cap time heartbeat"] {
        ann.say(request);
        ann.expect(request);
        ann.say("/seq 1 hi");
        ann.expect_start("! Unknown command /seq.");
        ann.say("");
        ann.expect("");
    }
    ann.say("hello");
    bob.expect("ann: hello");
}

#[test]
fn a_line_that_its_connection_cut_off_is_not_dealt_with() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    ann.send(b"/seq 1 whole\n/seq 2 only the begi");
    ann.end_sending();
    bob.expect("ann: whole");
    bob.expect("ann has left the chat room.");
}

#[test]
fn a_burst_of_lines_is_said_in_order() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let lines: String = (1..=1000).map(|it| format!("/seq {it} {it}\n")).collect();
    ann.send(lines.as_bytes());
    ann.send(lines.as_bytes());
    for number in 1..=1000 {
        bob.expect(&format!("ann: {number}"));
    }
    expect_ack(&mut ann, 1000);
    ann.say("/seq 1001 end");
    bob.expect("ann: end");
}
