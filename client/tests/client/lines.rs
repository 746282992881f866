//! Lines from and to pipes: typed lines arrive, and received lines are shown.

use crate::support::{Client, FakeServer};

#[test]
fn piped_lines_are_delivered_when_the_client_exits() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port, "--name", "bot"]);
    client.types("hi");
    client.ends_input();
    let mut peer = server.accept();
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
fn received_lines_are_shown_unchanged() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
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
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    let mut check = |typed: &str, line: &str| {
        client.types(typed);
        peer.expect(line);
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
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    for blank in ["", "  ", "\t", "\u{200b}"] {
        client.types(blank);
    }
    client.types("end");
    // The empty line is the heartbeat right after joining.
    assert_eq!(peer.receive().as_deref(), Some(""));
    assert_eq!(peer.receive().as_deref(), Some("end"));
}

#[test]
fn an_unsendable_line_is_refused_and_nothing_else_is_lost() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
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
fn every_quit_word_leaves() {
    let server = FakeServer::open();
    for word in ["/quit", "q", "exit", "bye", "q:quit"] {
        let (mut peer, mut client) = server.welcome("ann", &[]);
        client.types(word);
        peer.expect_quit();
        client.exits_with(0);
        peer.expect_end();
    }
}

#[test]
fn a_quit_may_have_a_reason() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    client.types("/quit so long");
    client.types("not this");
    peer.expect("/quit so long");
    peer.say("q:quit");
    client.exits_with(0);
    peer.expect_end();
}

/// A pipe contains only the lines of the server, no echo of a command.
#[test]
fn commands_add_nothing_to_a_pipe() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
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

/// The server throttles a fast sender. Few lines may be unacknowledged, or heartbeats
/// and the goodbye would wait in a long queue.
#[test]
fn a_long_file_waits_for_the_server_while_messages_are_shown() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    let lines: Vec<String> = (0..500).map(|number| format!("line {number}")).collect();
    client.types(&lines.join("\n"));
    client.ends_input();
    // Without an answer to a heartbeat exactly the window arrives.
    let mut came = Vec::new();
    while came.len() < 50 {
        came.extend(peer.receive().filter(|line| !line.is_empty()));
    }
    peer.expect_silence();
    peer.say("bob: meanwhile");
    client.shows("bob: meanwhile");
    // With answers all lines arrive.
    peer.send(b"\n\n\n");
    while came.len() < lines.len() {
        came.extend(peer.next_line());
    }
    assert_eq!(came, lines);
    peer.expect_quit();
    client.exits_with(0);
}
