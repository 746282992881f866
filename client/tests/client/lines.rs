//! What is typed arrives, what arrives is shown: from and to pipes.

use crate::support::{Client, FakeServer};

#[test]
fn what_is_echoed_into_it_is_delivered_when_it_exits() {
    let room = FakeServer::open();
    let mut client = Client::start(&[&room.port, "--name", "bot"]);
    client.types("hi");
    client.ends_input();
    let mut peer = room.accept();
    peer.welcome("bot");
    peer.expect("hi");
    peer.expect("q:quit");
    assert!(client.is_running(), "it has not waited for the answer");
    peer.say("bob: late");
    peer.say("q:quit");
    client.shows(&crate::support::greeting("bot"));
    client.shows("bob: late");
    client.exits_with(0);
}

#[test]
fn lines_are_shown_as_the_wire_has_them() {
    let room = FakeServer::open();
    let (mut peer, client) = room.welcome("ann", &[]);
    let lines = [
        "bob: hi",
        "bob: a: b",
        "Server: tea",
        "* bob: waves",
        "bob has left the chat room.",
        "! no such command",
        "--- history ---",
        "bob -> ann: hi",
        "bob: hi ann",
        "You are in games now. bob is here.",
        "Мария: привет 👋",
        "bob: a\tb",
    ];
    for line in lines {
        peer.say(line);
        client.shows(line);
    }
}

#[test]
fn lines_are_encoded_for_the_server() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    let mut check = |typed: &str, wire: &str| {
        client.types(typed);
        peer.expect(wire);
    };
    check("hi", "hi");
    check("  spaced ", "  spaced ");
    check("ann: hi", "ann: ann: hi");
    check("bob: hi", "bob: hi");
    check("/who", "/who");
    check("/WHO x  y", "/WHO x  y");
    check("//home", "//home");
    check("\u{1b}[2Jhi", "[2Jhi");
    check("a\tb", "a\tb");
}

#[test]
fn blank_lines_are_not_sent() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    for blank in ["", "  ", "\t", "\u{200b}"] {
        client.types(blank);
    }
    client.types("end");
    // The one empty line is the heartbeat right after joining.
    assert_eq!(peer.receive().as_deref(), Some(""));
    assert_eq!(peer.receive().as_deref(), Some("end"));
}

#[test]
fn what_no_server_takes_is_refused_here_and_nothing_else_is_lost() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    let full = "x".repeat(common::MAX_LINE - 1);
    client.types(&full);
    peer.expect(&full);
    client.types(&format!("{full}x"));
    client.complains("! not sent, the line is longer than 4096 bytes");
    client.types(&"x".repeat(1 << 20));
    client.complains("! not sent, the line is longer than 4096 bytes");
    client.types_bytes(b"caf\xe9\n");
    client.complains("! not sent, the line is not valid UTF-8");
    client.types("still here");
    peer.expect("still here");
}

#[test]
fn the_words_that_leave() {
    let room = FakeServer::open();
    for word in ["/quit", "q", "exit", "bye", "q:quit"] {
        let (mut peer, mut client) = room.welcome("ann", &[]);
        client.types(word);
        peer.expect_quit();
        client.exits_with(0);
        peer.expect_end();
    }
}

#[test]
fn one_may_say_why_one_leaves() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    client.types("/quit so long");
    client.types("not this");
    peer.expect("/quit so long");
    peer.say("q:quit");
    client.exits_with(0);
    peer.expect_end();
}

/// What we say by command is sent, and a pipe reads only what the server says.
#[test]
fn commands_add_nothing_to_a_pipe() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    for line in ["/help", "/msg bob hi", "/me waves", "/reply yes"] {
        client.types(line);
        peer.expect(line);
    }
    peer.say("/who  who is here");
    client.shows("/who  who is here");
    client.ends_input();
    peer.expect_quit();
    client.exits_with(0);
}

/// The server holds back who sends too much. What is under way has to stay
/// small, or the heartbeats and the farewell would stand in a long queue.
#[test]
fn a_long_file_waits_for_the_server_while_messages_are_shown() {
    let room = FakeServer::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    let lines: Vec<String> = (0..500).map(|number| format!("line {number}")).collect();
    client.types(&lines.join("\n"));
    client.ends_input();
    // Not one heartbeat is answered: so many lines come, and no more.
    let mut came = Vec::new();
    while came.len() < 50 {
        came.extend(peer.receive().filter(|line| !line.is_empty()));
    }
    peer.expect_silence();
    peer.say("bob: meanwhile");
    client.shows("bob: meanwhile");
    // With answers, all of it.
    peer.send(b"\n\n\n");
    while came.len() < lines.len() {
        came.extend(peer.next_line());
    }
    assert_eq!(came, lines);
    peer.expect_quit();
    client.exits_with(0);
}
