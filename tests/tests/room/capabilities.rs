//! Capabilities: asking for them, what is granted, and when.

use tests::{TestClient, UdpTestClient};

use crate::test_server::TestServer;

const ALL: &str = "/cap time id resume heartbeat";

#[test]
fn all_capabilities_are_granted_before_and_after_the_name() {
    let server = TestServer::start();
    let mut ann = TestClient::join_with(server.address, ALL, "ann");
    ann.expect_token();
    let mut bob = server.join("bob");
    ann.expect_with_time("bob has joined the chat room.");
    bob.say(ALL);
    bob.expect(ALL);
    bob.expect_token();
    ann.say("/seq 1 hi");
    bob.expect_with_id("ann: hi");
}

#[test]
fn unknown_words_are_left_out() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    for (request, granted) in [
        ("/cap", "/cap"),
        ("/cap sasl", "/cap"),
        ("/cap resume=1", "/cap"),
        ("/cap TIME", "/cap"),
        ("/CAP  sasl time,id time ", "/cap time"),
        ("/cap id=2 id", "/cap time id"),
    ] {
        ann.say(request);
        ann.expect(granted);
    }
}

#[test]
fn a_second_request_adds_and_a_repeated_one_changes_nothing() {
    let server = TestServer::start();
    let mut ann = TestClient::connect_with(server.address, "/cap id");
    ann.say("/cap time");
    ann.expect("/cap time id");
    ann.say("ann");
    ann.expect_tagged_start("Welcome, ann.");
    ann.say("/cap resume");
    ann.expect("/cap time id resume");
    ann.expect_token();
    // A second token would end the first one.
    ann.say("/cap resume");
    ann.expect("/cap time id resume");
    ann.say("/cap");
    ann.expect("/cap time id resume");
}

#[test]
fn requests_and_the_name_may_come_in_one_segment() {
    let server = TestServer::start();
    let mut bob = server.join("bob");
    let mut ann = TestClient::connect(server.address);
    ann.send(b"/cap time id\n/cap sasl\r\nann\n/seq 1 hi\n/cap resume\n\n");
    ann.expect("/cap time id");
    ann.expect("/cap time id");
    ann.expect_with_time("Welcome, ann. bob is here.");
    bob.expect("ann has joined the chat room.");
    bob.expect("ann: hi");
    ann.expect("/cap time id resume");
    ann.expect_token();
    ann.expect("/ack 1");
}

#[test]
fn a_request_costs_no_attempt_and_is_never_a_name() {
    let server = TestServer::start();
    let mut ann = TestClient::connect(server.address);
    for _ in 0..20 {
        ann.say("/cap sasl");
        ann.expect("/cap");
    }
    for _ in 0..4 {
        ann.say("not a name");
        ann.expect_start("! Invalid name");
    }
    ann.say("ann");
    ann.expect("Welcome, ann. You are the first here.");
    ann.say("/names");
    ann.expect("You are alone here.");
    ann.expect("Here, ann");
}

#[test]
fn a_request_that_only_looks_like_one_is_an_attempt() {
    let server = TestServer::start();
    let mut ann = TestClient::connect(server.address);
    for line in ["/caps time", "//cap time", " /cap time"] {
        ann.say(line);
        ann.expect_start("! Invalid name");
    }
}

#[test]
fn a_request_in_a_message_is_a_message() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    for (line, text) in [("//cap time", "/cap time"), ("cap time", "cap time")] {
        ann.say(line);
        bob.expect(&format!("ann: {text}"));
    }
}

#[test]
fn nobody_else_receives_a_byte_of_it() {
    let server = TestServer::start();
    let mut bob = server.join("bob");
    let mut ann = TestClient::join_with(server.address, ALL, "ann");
    bob.expect("ann has joined the chat room.");
    ann.expect_token();
    ann.say(ALL);
    ann.expect(ALL);
    ann.say("");
    ann.expect("/ack 0");
    ann.say("/seq 1 hi");
    bob.expect("ann: hi");
}

#[test]
fn only_time_and_heartbeat_are_granted_over_udp() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    let mut bob = UdpTestClient::join(server.udp, "bob");
    ann.expect("bob has joined the chat room.");
    bob.say(ALL);
    bob.expect("/cap time heartbeat");
    ann.say("hi");
    let line = bob.expect_start("@time=");
    assert!(line.ends_with(" ann: hi"), "{line}");
    bob.say("");
    bob.expect("");
    bob.say("/seq 1 0 numbered as a datagram");
    ann.expect("bob: numbered as a datagram");
}

#[test]
fn an_unframed_peer_may_ask_for_the_time() {
    let server = TestServer::start();
    let mut bob = server.join("bob");
    let mut ann = TestClient::connect(server.address);
    ann.send(b"/cap time id resume");
    assert_eq!(ann.recv(), "/cap time");
    ann.send(b"ann");
    let welcome = ann.recv();
    assert!(welcome.starts_with("@time="), "{welcome}");
    assert!(
        welcome.ends_with(" Welcome, ann. bob is here."),
        "{welcome}"
    );
    bob.expect("ann has joined the chat room.");
    bob.say("hi");
    let line = ann.recv();
    assert!(
        line.starts_with("@time=") && line.ends_with(" bob: hi"),
        "{line}"
    );
}

#[test]
fn a_program_that_promised_a_heartbeat_before_its_name_is_probed() {
    let server = TestServer::start();
    let mut bob = TestClient::connect_with(server.address, "/cap heartbeat");
    bob.say("bob");
    bob.expect("Welcome, bob. You are the first here.");
    let mut other = TestClient::connect(server.address);
    other.say("bob");
    bob.expect("");
    bob.say("");
    bob.expect("");
    other.expect("! bob is already in use. Try another.");
}
