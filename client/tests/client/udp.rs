//! `--udp`: with a network that loses, doubles and forgets.

use std::net::UdpSocket;
use std::time::Duration;

use crate::support::{Client, FakeUdpServer, greeting, time};

#[test]
fn a_handshake_survives_the_loss_of_each_step() {
    let mut room = FakeUdpServer::open();
    let mut client = room.start("ann");
    room.expect("ann"); // lost
    room.expect("ann");
    let cookie = "/cookie 2f1c ann";
    room.say(cookie);
    room.expect(cookie); // lost
    room.expect(cookie);
    room.say(cookie); // late
    room.say(&greeting("ann"));
    client.shows(&greeting("ann"));
    room.say(cookie); // later
    client.types("hi");
    assert_eq!(room.next_line(), "hi");
    client.ends_input();
    room.expect_quit();
    client.exits_with(0);
}

#[test]
fn a_welcome_that_was_lost_is_not_waited_for() {
    let mut room = FakeUdpServer::open();
    let client = room.start("ann");
    room.expect("ann");
    room.say("/cookie 1 ann");
    room.expect("/cookie 1 ann"); // the welcome is lost
    room.expect("/cookie 1 ann");
    room.say(""); // to one who is in, this is a heartbeat
    client.complains("! joined as ann, without a welcome");
}

#[test]
fn lines_are_numbered_and_doubles_are_not_shown() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    room.expect("/seq 1 0  \t ");
    room.say("/seq 1 1 ");
    room.say("/seq 2 1 bob: one");
    room.say("/seq 2 1 bob: one");
    room.say("/seq 4 1 bob: three");
    room.say("/seq 3 1 bob: two, late");
    room.say("/seq 2 1 bob: one");
    room.say("without a number");
    for line in ["one", "three", "two, late"] {
        client.shows(&format!("bob: {line}"));
    }
    client.shows("without a number");
    client.types("hi");
    room.expect("/seq 2 4 hi");
}

#[test]
fn stats_shows_what_was_lost_and_sends_nothing() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    client.types("hi");
    assert_eq!(room.next_line(), "hi"); // and a heartbeat, which is answered
    room.loses(3);
    for line in ["one", "two"] {
        room.say_numbered(&format!("bob: {line}"));
        client.shows(&format!("bob: {line}"));
    }
    client.types("lost, as far as the server says");
    room.next_line();
    client.types("/stats");
    client.complains("! sent 3, of which the server has reported 2 as received");
    client.complains("! received 3, missing 3 (50.0 %), duplicates 0");
    client.types("end");
    assert_eq!(room.next_line(), "end");
}

#[test]
fn the_farewell_is_repeated_until_it_is_answered() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    room.expect("/seq 1 0  \t ");
    for _ in 0..3 {
        room.expect("/seq 2 0 q:quit");
        assert!(client.is_running());
    }
    room.say("/seq 1 2 bob: late");
    room.say("/seq 2 2 q:quit");
    client.shows("bob: late");
    client.exits_with(0);
}

#[test]
fn who_has_left_is_told_by_a_server_that_has_forgotten_them() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    room.expect("/seq 1 0  \t ");
    room.expect("/seq 2 0 q:quit"); // the answer is lost
    room.expect("/seq 2 0 q:quit");
    room.say("! You are not here any more.\nq:quit");
    client.exits_with(0);
}

#[test]
fn a_farewell_without_answer_takes_5_s_and_is_told_to_a_pipe() {
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
    let mut room = FakeUdpServer::open();
    let mut client = Client::start(&[&room.port, "--udp"]);
    for name in ["ann", "bob", "carl"] {
        client.types(name);
    }
    room.expect("ann");
    room.say("! The name ann is taken.");
    client.shows("! The name ann is taken.");
    room.expect("bob"); // lost
    room.expect("bob");
    room.say("/cookie 1 bob");
    room.expect("/cookie 1 bob");
    room.say("! The name bob is taken.");
    client.shows("! The name bob is taken.");
    room.expect("carl"); // lost
    room.expect(""); // it would be answered to a member
    room.expect("carl");
    room.say(&greeting("carl"));
    client.shows(&greeting("carl"));
    client.types("hi");
    assert_eq!(room.next_line(), "hi");
}

#[test]
fn a_given_name_that_is_refused_ends_with_4() {
    let mut room = FakeUdpServer::open();
    let client = room.start("ann");
    room.expect("ann");
    room.say("! taken");
    client.shows("! taken");
    client.complains("no name was accepted: taken");
    client.exits_with(4);
}

#[test]
fn a_line_that_no_datagram_takes_is_refused_here() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    let full = "x".repeat(1152);
    client.types(&format!("{full}x"));
    client.complains(
        "! not sent, the line is longer than 1152 bytes, the most that a datagram takes",
    );
    client.types(&full);
    assert_eq!(room.next_line(), full);
}

#[test]
fn nobody_listens() {
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
fn a_server_that_says_nothing_does_not_answer() {
    let room = FakeUdpServer::open();
    let client = room.start("ann");
    let told = format!("the server at 127.0.0.1:{} does not answer", room.port);
    client.complains(&told);
    client.exits_with(3);
}

#[test]
fn a_server_that_ends_is_gone() {
    let (mut room, mut client) = FakeUdpServer::welcome("ann");
    client.types("hi");
    assert_eq!(room.next_line(), "hi");
    drop(room);
    client.types("are you there?");
    client.complains("connection lost: the server is gone, its port is closed");
    client.exits_with(6);
}
