//! `--unframed`: with a server that knows no lines, as it is written in a
//! classroom.

use std::time::Duration;

use crate::support::{Client, FakeServer, script, time};

/// The server, and its port.
fn classroom(words: &[&str]) -> Option<(Client, String)> {
    let server = script("classroom_server.py", words)?;
    let port = server.line().expect("the server says its port");
    Some((server, port))
}

fn join(port: &str, name: &str) -> Client {
    let client = Client::start(&[port, "--unframed", "--name", name]);
    client.complains(&format!("! joined as {name}, without a welcome"));
    client
}

#[test]
fn a_classroom_hears_each_other() {
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
    bob.shows("ann: one");
    bob.shows("ann: two");
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

/// No heartbeat is answered, and the window of the pace is no obstacle.
#[test]
fn a_long_pipe_arrives_message_by_message() {
    let Some((_server, port)) = classroom(&[]) else {
        return;
    };
    let ann = join(&port, "ann");
    let mut bot = join(&port, "bot");
    ann.shows("bot has joined the chat room.");
    let lines: Vec<String> = (1..=90).map(|number| format!("line {number}")).collect();
    bot.types(&lines.join("\n"));
    bot.ends_input();
    for line in lines {
        ann.shows(&format!("bot: {line}"));
    }
    ann.shows("bot has left the chat room.");
    bot.exits_with(0);
}

#[test]
fn what_the_server_sends_back_is_not_shown_again() {
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
fn the_wire_has_no_newline_and_no_blank_line() {
    let room = FakeServer::open();
    let options = ["--unframed", "--name", "ann", "--heartbeat", "0.1"];
    let mut client = Client::start(&[&[room.port.as_str()], &options[..]].concat());
    let mut peer = room.accept();
    assert_eq!(peer.receive_chunk(), "ann");
    // The silence of the server is not taken for its end.
    client.complains("! joined as ann, without a welcome");
    peer.expect_silence();
    client.types("");
    client.types("hi");
    assert_eq!(peer.receive_chunk(), "ann: hi");
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
    assert_eq!(peer.receive_chunk(), "q:quit");
    peer.close();
    client.exits_with(0);
}

#[test]
fn a_server_that_does_not_close_is_left_after_5_s() {
    let room = FakeServer::open();
    let mut client = Client::start(&[&room.port, "--unframed", "--name", "ann"]);
    client.ends_input();
    let mut peer = room.accept();
    assert_eq!(peer.receive_chunk(), "ann");
    assert_eq!(peer.receive_chunk(), "q:quit");
    let taken = time(|| assert_eq!(client.code(), 0));
    assert!(taken < Duration::from_secs(8), "{taken:?}");
}

#[test]
fn a_server_that_closes_at_once_lets_nobody_in() {
    let room = FakeServer::open();
    let client = Client::start(&[&room.port, "--unframed", "--name", "ann"]);
    let mut peer = room.accept();
    assert_eq!(peer.receive_chunk(), "ann");
    peer.close();
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}

#[test]
fn a_refused_name_is_followed_by_another() {
    let room = FakeServer::open();
    let mut client = Client::start(&[&room.port, "--unframed"]);
    let mut peer = room.accept();
    client.types("ann");
    client.types("bob");
    assert_eq!(peer.receive_chunk(), "ann");
    peer.send(b"! taken");
    client.shows("! taken");
    assert_eq!(peer.receive_chunk(), "bob");
    peer.send(b"Hello bob");
    client.shows("Hello bob");
}
