//! UDP: a network that loses and duplicates, and a server that forgets.

use std::net::UdpSocket;
use std::time::Duration;

use crate::support::{Client, FakeUdpServer, greeting, time};

#[test]
fn a_handshake_survives_the_loss_of_each_step() {
    let mut server = FakeUdpServer::open();
    let mut client = server.start("ann");
    server.expect("ann"); // lost
    server.expect("ann");
    let cookie = "/cookie 2f1c ann";
    server.say(cookie);
    server.expect(cookie); // lost
    server.expect(cookie);
    server.say(cookie); // late
    server.say(&greeting("ann"));
    client.shows(&greeting("ann"));
    server.say(cookie); // later
    client.types("hi");
    assert_eq!(server.next_line(), "hi");
    client.ends_input();
    server.expect_quit();
    client.exits_with(0);
}

#[test]
fn a_welcome_that_was_lost_is_not_waited_for() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect("ann");
    server.say("/cookie 1 ann");
    server.expect("/cookie 1 ann"); // the welcome is lost
    server.expect("/cookie 1 ann");
    server.say(""); // to a member this is a heartbeat
    client.complains("! joined as ann, without a welcome");
}

#[test]
fn lines_are_numbered_and_duplicates_are_not_shown() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    server.expect("/seq 1 0  \t ");
    server.say("/seq 1 1 ");
    server.say("/seq 2 1 bob: one");
    server.say("/seq 2 1 bob: one");
    server.say("/seq 4 1 bob: three");
    server.say("/seq 3 1 bob: two, late");
    server.say("/seq 2 1 bob: one");
    server.say("without a number");
    for line in ["one", "three", "two, late"] {
        client.shows(&format!("bob: {line}"));
    }
    client.shows("without a number");
    client.types("hi");
    server.expect("/seq 2 4 hi");
}

#[test]
fn stats_shows_what_was_lost_and_sends_nothing() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.types("hi");
    assert_eq!(server.next_line(), "hi"); // and a heartbeat, which is answered
    server.loses(3);
    for line in ["one", "two"] {
        server.say_numbered(&format!("bob: {line}"));
        client.shows(&format!("bob: {line}"));
    }
    client.types("lost, as far as the server says");
    server.next_line();
    client.types("/stats");
    client.complains("! sent 3, of which the server has reported 2 as received");
    client.complains("! received 3, missing 3 (50.0 %), duplicates 0");
    client.types("end");
    assert_eq!(server.next_line(), "end");
}

#[test]
fn the_goodbye_is_sent_again_until_it_is_answered() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    server.expect("/seq 1 0  \t ");
    for _ in 0..3 {
        server.expect("/seq 2 0 q:quit");
        assert!(client.is_running());
    }
    server.say("/seq 1 2 bob: late");
    server.say("/seq 2 2 q:quit");
    client.shows("bob: late");
    client.exits_with(0);
}

#[test]
fn a_server_that_has_forgotten_the_client_answers_its_goodbye() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    server.expect("/seq 1 0  \t ");
    server.expect("/seq 2 0 q:quit"); // the answer is lost
    server.expect("/seq 2 0 q:quit");
    server.say("! You are not here any more.\nq:quit");
    client.exits_with(0);
}

#[test]
fn a_goodbye_without_an_answer_takes_5_s_and_is_a_failure_of_a_pipe() {
    let (_room, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    let taken = time(|| {
        client.complains(
            "connection lost: the server has not answered q:quit; the last lines may be lost",
        );
    });
    assert!(taken < Duration::from_secs(8), "{taken:?}");
    client.exits_with(6);
}

#[test]
fn a_refused_name_is_followed_by_another_before_and_after_the_cookie() {
    let mut server = FakeUdpServer::open();
    let mut client = Client::start(&[&server.port, "--udp"]);
    for name in ["ann", "bob", "carl"] {
        client.types(name);
    }
    server.expect("ann");
    server.say("! The name ann is taken.");
    client.shows("! The name ann is taken.");
    server.expect("bob"); // lost
    server.expect("bob");
    server.say("/cookie 1 bob");
    server.expect("/cookie 1 bob");
    server.say("! The name bob is taken.");
    client.shows("! The name bob is taken.");
    server.expect("carl"); // lost
    server.expect(""); // it would be answered to a member
    server.expect("carl");
    server.say(&greeting("carl"));
    client.shows(&greeting("carl"));
    client.types("hi");
    assert_eq!(server.next_line(), "hi");
}

#[test]
fn a_given_name_that_is_refused_ends_with_4() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect("ann");
    server.say("! taken");
    client.shows("! taken");
    client.complains("no name was accepted: taken");
    client.exits_with(4);
}

#[test]
fn a_line_that_is_too_long_for_a_datagram_is_refused_here() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    let full = "x".repeat(1152);
    client.types(&format!("{full}x"));
    client.complains(
        "! not sent, the line is longer than 1152 bytes, the most that a datagram takes",
    );
    client.types(&full);
    assert_eq!(server.next_line(), full);
}

#[test]
fn a_closed_port_is_refused() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let client = Client::start(&[&port.to_string(), "--udp", "--name", "ann"]);
    client.complains(&format!(
        "cannot connect to 127.0.0.1:{port}: connection refused. \
         Is the server running over UDP (chat-server --udp)?"
    ));
    client.exits_with(3);
}

#[test]
fn a_silent_server_does_not_answer() {
    let server = FakeUdpServer::open();
    let client = server.start("ann");
    let message = format!("the server at 127.0.0.1:{} does not answer", server.port);
    client.complains(&message);
    client.exits_with(3);
}

#[test]
fn a_server_that_ends_is_gone() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.types("hi");
    assert_eq!(server.next_line(), "hi");
    drop(server);
    client.types("are you there?");
    client.complains("connection lost: the server is gone, its port is closed");
    client.exits_with(6);
}
