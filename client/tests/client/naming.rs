//! Naming: the handshake without a terminal; `terminal` has the rest.

use std::thread;
use std::time::Duration;

use crate::support::{Client, FakeServer, greeting};

#[test]
fn a_given_name_is_sent_and_the_welcome_is_shown() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    client.ends_input();
    peer.expect_quit();
    client.exits_with(0);
}

#[test]
fn the_question_for_the_name_is_not_the_answer_to_it() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.say("Type your name and press Enter.");
    peer.say("");
    peer.welcome("ann");
    client.shows(&greeting("ann"));
    client.ends_input();
    peer.expect_quit();
    client.exits_with(0);
}

#[test]
fn a_given_name_that_is_refused_ends_with_4() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect("ann");
    peer.say("! the name ann is taken");
    client.shows("! the name ann is taken");
    client.complains("no name was accepted: the name ann is taken");
    client.exits_with(4);
}

#[test]
fn an_invalid_given_name_is_not_sent() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "a b"]);
    let mut peer = server.accept();
    let why = "a name contains only letters, digits, _ . and -, not a space";
    client.complains(&format!("! {why}"));
    client.complains(&format!("no name was accepted: {why}"));
    client.exits_with(4);
    peer.expect_end();
}

#[test]
fn without_a_name_the_first_lines_are_offered_until_one_is_accepted() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port]);
    let mut peer = server.accept();
    for line in ["", "a b", "ann", "bob", "hi"] {
        client.types(line);
    }
    peer.expect("ann");
    peer.say("! the name ann is taken");
    peer.welcome("bob");
    peer.expect("hi");
    client.shows("! the name ann is taken");
    client.shows(&greeting("bob"));
}

#[test]
fn an_input_that_ends_before_a_name_is_accepted_ends_with_4() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port]);
    client.ends_input();
    client.complains("no name was accepted: the input ended before there was a name");
    client.exits_with(4);

    let mut client = Client::start(&[&server.port]);
    let _first = server.accept();
    let mut peer = server.accept();
    client.types("ann");
    client.ends_input();
    peer.expect("ann");
    peer.say("! the name ann is taken");
    client.shows("! the name ann is taken");
    client.complains("no name was accepted: the name ann is taken");
    client.exits_with(4);
}

#[test]
fn too_many_refused_names_end_with_4_and_a_full_server_with_5() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port]);
    let mut peer = server.accept();
    client.types("ann");
    client.types("bob");
    peer.expect("ann");
    peer.say("! the name ann is taken");
    peer.expect("bob");
    peer.send(b"! too many names\nq:quit\n");
    assert_eq!(client.code(), 4);

    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.send(b"! The room is full.\n");
    peer.expect("ann");
    peer.close();
    client.shows("! The room is full.");
    client.complains("The server has ended the session: The room is full.");
    client.exits_with(5);
}

/// The user needs more than a second for the name.
#[test]
fn a_slow_user_gets_a_new_connection_without_a_word() {
    let server = FakeServer::open();
    let mut client = Client::start(&[&server.port]);
    let mut peer = server.accept();
    peer.say("Type your name and press Enter.");
    peer.say("! this takes too long");
    peer.say("q:quit");
    peer.close();
    thread::sleep(Duration::from_millis(1200));
    client.types("ann");
    let mut peer = server.accept();
    peer.welcome("ann");
    client.shows(&greeting("ann"));
}

#[test]
fn a_connection_that_breaks_in_the_handshake_is_lost() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect("ann");
    peer.close();
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}
