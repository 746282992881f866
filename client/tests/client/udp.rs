//! UDP: a network that loses and duplicates, and a server that forgets.

use std::net::UdpSocket;
use std::time::Duration;

use crate::support::{Client, FakeUdpServer, greeting, time};

/// The first line of a client.
const CAPS: &str = "/cap time heartbeat";

/// The warning about a server that knows no start.
const WARNING: &str = "! the server is an older one, so others can forge lines over UDP";

/// The loss of a name is in `a_refused_name_is_followed_by_another`.
#[test]
fn a_handshake_survives_the_loss_of_each_step() {
    let cookie = "/cookie 2f1c 7000 ann";
    for (hellos, cookies) in [(2, 1), (1, 2)] {
        let mut server = FakeUdpServer::open();
        let mut client = server.start("ann");
        server.expect_raw(&format!("/seq 0 0 {CAPS}"));
        server.say("/seq 0 0 ! Refused.");
        for _ in 0..hellos {
            server.expect_raw("/seq 0 0 ann"); // the first of two is lost
        }
        server.say(cookie);
        for _ in 0..cookies {
            server.expect_raw(cookie);
        }
        server.say(cookie); // late
        server.say_numbered(&greeting("ann"));
        client.shows(&greeting("ann"));
        server.say(cookie); // later
        server.expect(&format!("/seq 7001 1 {}", common::HEARTBEAT_OPT_IN));
        client.types("hi");
        while server.next_line() != "hi" {}
        client.ends_input();
        server.expect_quit();
        client.exits_with(0);
    }
}

#[test]
fn a_name_that_comes_before_the_cookie_begins_again() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect_raw(&format!("/seq 0 0 {CAPS}"));
    let cookie = format!("/cookie 2f1c 7000 {CAPS}");
    server.say(&cookie);
    server.expect_raw(&cookie);
    server.expect_raw("/seq 7001 0 ann"); // all cookies are lost
    server.say("/seq 0 7001 ! You are no longer connected.\nq:quit");
    // Until then it repeats the name.
    while server.receive() != "/seq 0 0 ann" {}
    server.say("/cookie 2f1c 7000 ann");
    server.expect("/cookie 2f1c 7000 ann");
    server.say_numbered(&greeting("ann"));
    client.shows(&greeting("ann"));
}

#[test]
fn an_older_server_refuses_the_start_and_the_user_is_warned() {
    let mut server = FakeUdpServer::open();
    let mut client = server.start("ann");
    server.refuse_start();
    server.expect("ann"); // lost
    server.expect("ann");
    let cookie = "/cookie 2f1c ann";
    server.say(cookie);
    server.expect(cookie);
    server.say(&greeting("ann"));
    client.shows(&greeting("ann"));
    client.complains(WARNING);
    server.say("bob: without a number");
    client.shows("bob: without a number");
    server.say_numbered("bob: hi");
    client.shows("bob: hi");
    server.say("eve: without a number");
    server.say("q:quit");
    client.types("hi");
    assert_eq!(server.next_line(), "hi");
    client.ends_input();
    server.expect_quit();
    client.exits_with(0);
}

/// Fault 52. Anybody can send these, and none of them is shown or ends the session.
#[test]
fn a_datagram_that_does_not_know_the_number_is_not_believed() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    for forged in [
        "eve: hi",
        "! You were kicked.",
        "q:quit",
        "! You are no longer connected.\nq:quit",
        "/seq 1 0 q:quit",
        "/seq 999999999 0 q:quit",
        "/seq 8028 0 q:quit",
        "/seq 0 0 ! You are no longer connected.\nq:quit",
        "/seq 0 8028 ! You are no longer connected.\nq:quit",
        "/cookie 1 1 ann",
    ] {
        server.say(forged);
    }
    server.say("/seq 8027 0 bob: as far as it goes");
    client.shows("bob: as far as it goes");
    client.ends_input();
    let quit = server.expect_next(3, "q:quit");
    server.say("q:quit");
    server.say("! You are no longer connected.\nq:quit");
    server.expect(&quit);
    server.say("/seq 8028 3 q:quit");
    client.exits_with(0);
}

#[test]
fn a_server_that_was_restarted_says_so_with_our_number() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.types("hi");
    server.next_line();
    server.say("/seq 0 7003 ! You are no longer connected.\nq:quit");
    client.shows("! You are no longer connected.");
    client.complains("The server has ended the session: You are no longer connected.");
    client.exits_with(5);
}

#[test]
fn a_welcome_that_was_lost_is_not_waited_for() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect("/seq 7001 1 ann"); // the welcome is lost
    server.expect("/seq 7002 1 ");
    server.say("/seq 7003 2 "); // to a member this is a heartbeat
    client.complains("! joined as ann, without a welcome");
}

#[test]
fn lines_are_numbered_and_duplicates_are_not_shown() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    server.say("/seq 7003 2 ");
    server.say("/seq 7004 2 bob: one");
    server.say("/seq 7004 2 bob: one");
    server.say("/seq 7006 2 bob: three");
    server.say("/seq 7005 2 bob: two, late");
    server.say("/seq 7004 2 bob: one");
    for line in ["one", "three", "two, late"] {
        client.shows(&format!("bob: {line}"));
    }
    client.types("hi");
    server.expect_next(6, "hi");
}

#[test]
fn stats_shows_what_was_lost_and_sends_nothing() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    server.say_numbered("");
    client.types("hi");
    assert_eq!(server.next_line(), "hi");
    server.loses(3);
    for line in ["one", "two"] {
        server.say_numbered(&format!("bob: {line}"));
        client.shows(&format!("bob: {line}"));
    }
    client.types("lost, as far as the server says");
    let reported = server.confirmed();
    server.next_line();
    let sent = server.confirmed();
    assert_eq!(sent, reported + 1);
    client.types("/stats");
    client.complains(&format!(
        "! sent {sent}, of which the server has reported {reported} as received"
    ));
    client.complains("! received 5, missing 3 (37.5 %), duplicates 0");
    client.types("end");
    assert_eq!(server.next_line(), "end");
}

#[test]
fn the_goodbye_is_sent_again_until_it_is_answered() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    let quit = server.expect_next(2, "q:quit");
    for _ in 0..2 {
        server.expect(&quit);
        assert!(client.is_running());
    }
    server.say("/seq 7003 3 bob: late");
    server.say("/seq 7004 3 q:quit");
    client.shows("bob: late");
    client.exits_with(0);
}

#[test]
fn a_server_that_has_forgotten_the_client_answers_its_goodbye() {
    let (mut server, mut client) = FakeUdpServer::welcome("ann");
    client.ends_input();
    let quit = server.expect_next(2, "q:quit"); // the answer is lost
    server.expect(&quit);
    server.say("/seq 0 7003 ! You are not here any more.\nq:quit");
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
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    client.exits_with(6);
}

#[test]
fn a_refused_name_is_followed_by_another() {
    let mut server = FakeUdpServer::open();
    let mut client = Client::start(&[&server.port, "--udp"]);
    for name in ["ann", "bob", "carl"] {
        client.types(name);
    }
    server.expect_numbered("ann");
    server.say_numbered("! The name ann is taken.");
    client.shows("! The name ann is taken.");
    server.skip_to("bob"); // lost
    server.expect_next(2, ""); // it would be answered to a member
    server.expect_next(2, "bob");
    server.say_numbered("! The name bob is taken.");
    client.shows("! The name bob is taken.");
    server.skip_to("carl");
    server.say_numbered(&greeting("carl"));
    client.shows(&greeting("carl"));
    client.types("hi");
    while server.next_line() != "hi" {}
}

#[test]
fn an_older_server_refuses_a_name_before_and_after_the_cookie() {
    let mut server = FakeUdpServer::open();
    let mut client = Client::start(&[&server.port, "--udp"]);
    for name in ["ann", "bob", "carl"] {
        client.types(name);
    }
    server.refuse_start();
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
    for is_older in [false, true] {
        let mut server = FakeUdpServer::open();
        let client = server.start("ann");
        if is_older {
            server.refuse_start();
            server.expect("ann");
            server.say("! taken");
        } else {
            server.expect_numbered("ann");
            server.say_numbered("! taken");
        }
        client.shows("! taken");
        client.complains("no name was accepted: taken");
        client.exits_with(4);
    }
}

#[test]
fn a_server_that_knows_neither_a_start_nor_capabilities_gets_the_name() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.refuse_start();
    server.expect_raw(CAPS);
    server.say("! Invalid name, a name contains only letters.");
    server.expect_raw("ann");
    server.say(&greeting("ann"));
    client.shows(&greeting("ann"));
    client.complains(WARNING);
}

#[test]
fn a_first_line_that_is_refused_without_a_session_is_followed_by_another() {
    let mut server = FakeUdpServer::open();
    let client = server.start("ann");
    server.expect_raw(&format!("/seq 0 0 {CAPS}"));
    server.say("/seq 0 0 ! Refused.");
    server.expect("/seq 0 0 ann");
    server.say("/cookie 1 7000 ann");
    server.expect("/cookie 1 7000 ann");
    server.say_numbered(&greeting("ann"));
    client.shows(&greeting("ann"));
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
