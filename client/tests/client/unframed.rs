//! Unframed servers, as they are written in a classroom.

use std::time::{Duration, Instant};

use crate::support::{Client, FakeServer, script, time};

/// Starts the server; returns its port too.
fn classroom(words: &[&str]) -> Option<(Client, String)> {
    let server = script("classroom_server.py", words)?;
    let port = server.line().expect("the server says its port");
    Some((server, port))
}

/// Expects these messages. A busy script or client takes several at once for one, and the
/// goodbye for the end of the last.
#[track_caller]
fn shows_in_turn(client: &Client, messages: &[String]) {
    let mut shown = String::new();
    while !messages.last().is_some_and(|last| shown.ends_with(last)) {
        shown += &client.line().expect("more messages");
    }
    assert_eq!(shown.replace("q:quit", ""), messages.concat());
}

fn join(port: &str, name: &str) -> Client {
    let client = Client::start(&[port, "--unframed", "--name", name]);
    client.complains(&format!("! joined as {name}, without a welcome"));
    client
}

#[test]
fn a_classroom_chats() {
    let Some((_server, port)) = classroom(&[]) else {
        return;
    };
    let mut ann = join(&port, "ann");
    let mut bob = script("classroom_client.py", &[&port, "bob"]).unwrap();
    ann.shows("bob has joined the chat room.");
    bob.types("hello");
    ann.shows("bob: hello");
    ann.types("hello bob");
    bob.shows("ann: hello bob");
    ann.types("one");
    ann.types("two");
    shows_in_turn(&bob, &["ann: one", "ann: two"].map(String::from));
    let carl = join(&port, "carl");
    ann.shows("carl has joined the chat room.");
    bob.shows("carl has joined the chat room.");
    bob.types("q:quit");
    ann.shows("bob has left the chat room.");
    carl.shows("bob has left the chat room.");
    ann.types("/quit");
    carl.shows("ann has left the chat room.");
    ann.exits_with(0);
}

/// The client answers its own heartbeats, so the send window opens.
#[test]
fn a_long_pipe_arrives_whole() {
    let Some((_server, port)) = classroom(&[]) else {
        return;
    };
    let ann = join(&port, "ann");
    let mut bot = join(&port, "bot");
    ann.shows("bot has joined the chat room.");
    let lines: Vec<String> = (1..=90).map(|number| format!("line {number}")).collect();
    bot.types(&lines.join("\n"));
    bot.ends_input();
    let mut messages: Vec<String> = lines.iter().map(|line| format!("bot: {line}")).collect();
    messages.push("bot has left the chat room.".to_string());
    shows_in_turn(&ann, &messages);
    bot.exits_with(0);
}

#[test]
fn an_echo_of_the_server_is_not_shown() {
    let Some((_server, port)) = classroom(&["echo"]) else {
        return;
    };
    let mut ann = join(&port, "ann");
    let mut bob = script("classroom_client.py", &[&port, "bob"]).unwrap();
    ann.shows("bob has joined the chat room.");
    ann.types("hi");
    bob.shows("ann: hi");
    bob.types("hi");
    ann.shows("bob: hi");
}

#[test]
fn no_newline_and_no_blank_line_is_sent() {
    let server = FakeServer::open();
    let options = ["--unframed", "--name", "ann", "--heartbeat", "0.5"];
    let mut client = Client::start(&[&[server.port.as_str()], &options[..]].concat());
    let mut peer = server.accept();
    peer.expect_text("ann");
    // The silence of the server does not count as lost.
    client.complains("! joined as ann, without a welcome");
    for _ in 0..6 {
        peer.expect_silence(); // together longer than three heartbeats
    }
    client.types("");
    client.types("hi");
    peer.expect_text("ann: hi");
    peer.send("bob: á\nbob: b".as_bytes());
    client.shows("bob: á");
    client.shows("bob: b");
    client.types(&"x".repeat(1020));
    client.complains(
        "! not sent, the line is longer than 1024 bytes with your name, the most that an unframed \
         server reads at once",
    );
    client.types("/stats");
    client.complains("! nothing to count over TCP, which loses no line; see --udp");
    client.types("bye");
    peer.expect_text("q:quit");
    peer.close();
    client.exits_with(0);
}

#[test]
fn a_server_that_does_not_close_is_left_after_5_s() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port, "--unframed", "--name", "ann"]);
    client.ends_input();
    let mut peer = server.accept();
    peer.expect_text("ann");
    peer.expect_text("q:quit");
    let taken = time(|| assert_eq!(client.code(), 0));
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

#[test]
fn a_server_that_closes_at_once_is_lost() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--unframed", "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect_text("ann");
    peer.close();
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}

#[test]
fn a_refused_name_is_followed_by_another() {
    let server = FakeServer::open();
    // Half a second after the name it is no refusal. A busy machine may take as long.
    let (mut peer, client) = loop {
        let mut client = Client::start(&[&server.port, "--unframed"]);
        let mut peer = server.accept();
        let begin = Instant::now();
        client.types("ann");
        client.types("bob");
        peer.expect_text("ann");
        peer.send(b"! taken");
        if begin.elapsed() < Duration::from_millis(400) {
            break (peer, client);
        }
    };
    client.shows("! taken");
    peer.expect_text("bob");
    peer.send(b"Hello bob");
    client.shows("Hello bob");
}
