//! Conversation: joining, sending messages and leaving.

use tests::TestClient;

use crate::test_server::TestServer;

#[test]
fn two_people_talk() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("hi");
    bob.expect("ann: hi");
    bob.say("hello");
    ann.expect("bob: hello");
}

#[test]
fn a_sender_does_not_receive_its_own_message() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("mine");
    bob.expect("ann: mine");
    bob.say("yours");
    ann.expect("bob: yours");
}

#[test]
fn a_new_member_sees_the_others_and_they_see_it_join() {
    let server = TestServer::start();
    let mut ann = TestClient::connect(server.address);
    ann.say("ann");
    ann.expect("Welcome, ann. You are the first here.");
    let mut bob = TestClient::connect(server.address);
    bob.say("bob");
    bob.expect("Welcome, bob. ann is here.");
    ann.expect("bob has joined the chat room.");
}

#[test]
fn leaving_is_answered_and_announced() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    bob.say("bye all");
    bob.say("q:quit");
    bob.expect_quit();
    ann.expect("bob: bye all");
    ann.expect("bob has left the chat room.");
}

#[test]
fn a_name_is_free_again_when_its_holder_has_left() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    let _bob = server.join("bob");
    ann.expect("bob has joined the chat room.");
}

#[test]
fn a_peer_with_a_taken_name_may_send_another() {
    let server = TestServer::start();
    let _ann = server.join("Ann");
    let mut other = TestClient::connect(server.address);
    other.say("aNN");
    other.expect("! aNN is already in use. Try another.");
    other.say("anna");
    other.expect("Welcome, anna. Ann is here.");
}

#[test]
fn five_refused_names_are_enough() {
    let server = TestServer::start();
    let mut peer = TestClient::connect(server.address);
    for _ in 0..4 {
        peer.say("not a name");
        peer.expect("! Invalid name, a name contains only letters, digits, _ . and -, not a space. Try another.");
    }
    peer.say("!");
    peer.expect_start("! Invalid name");
    peer.expect_quit();
}

#[test]
fn the_classroom_clients_prefix_is_dropped() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("ann: hi");
    bob.expect("ann: hi");
    ann.say("bob: I am bob");
    bob.expect("ann: bob: I am bob");
}

#[test]
fn an_empty_line_is_answered_by_one() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("one");
    ann.say("");
    ann.say("two");
    ann.expect("");
    bob.expect("ann: one");
    bob.expect("ann: two");
}

#[test]
fn an_unknown_command_never_reaches_the_room() {
    let server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("/dance");
    ann.expect_start("! Unknown command /dance.");
    ann.say("//dance");
    bob.expect("ann: /dance");
}

#[test]
fn a_stopping_server_says_so_and_ends_every_conversation() {
    let mut server = TestServer::start();
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    let mut unnamed = TestClient::connect(server.address);
    unnamed.say("");
    ann.say("last words");
    bob.expect("ann: last words");
    server.stop();
    for peer in [&mut ann, &mut bob] {
        peer.expect("The server is stopping.");
        peer.expect_quit();
    }
    unnamed.expect_quit();
}
