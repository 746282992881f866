//! Presence: notices of joining, leaving and moving, and the holder of a name.

use tests::TestClient;

use crate::test_server::TestServer;

#[test]
fn a_large_room_receives_counts_instead_of_names() {
    let server = TestServer::with_limits(|limits| limits.join_notice_limit = 2);
    let [mut ann, _bob] = server.join_all(["ann", "bob"]);
    let mut carl = server.join("carl");
    ann.say("hi");
    carl.expect("ann: hi");
    carl.say("hi");
    ann.expect("carl: hi");
    // The notice may take ten seconds.
    ann.expect("1 joined and 0 left recently, 3 are here.");
}

#[test]
fn too_many_rooms_are_refused_and_an_empty_one_is_freed() {
    let server = TestServer::with_limits(|limits| limits.max_rooms = 3);
    let [mut ann, mut bob] = server.join_all(["ann", "bob"]);
    ann.say("/join one");
    ann.expect_start("You are in one now.");
    bob.expect("ann has gone from lobby to one.");
    bob.say("/join two");
    bob.expect_start("You are in two now.");
    let mut carl = server.join("carl");
    carl.say("/join three");
    carl.expect_start("! Cannot create");
    for bad in ["../x", "a:b", "server", "\u{202e}", "q:quit", "*"] {
        carl.say(&format!("/join {bad}"));
        carl.expect_start("! ");
    }
    // A member alone in its room may move to a new room any number of times.
    for n in 0..500 {
        bob.say(&format!("/join r{n}"));
        bob.expect(&format!("You are in r{n} now. You are the first here."));
    }
    bob.say("/leave");
    bob.expect_start("You are in lobby now.");
    carl.expect_start("bob has come from r499");
    carl.say("/join three");
    carl.expect_start("You are in three now.");
}

#[test]
fn a_vanished_member_regains_its_name_and_sees_missed_lines() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    let mut lost = server.join("bob");
    ann.expect("bob has joined the chat room.");
    lost.say(common::HEARTBEAT_OPT_IN);
    lost.expect("");
    lost.say("my last");
    ann.expect("bob: my last");
    // From here on the member reads nothing and answers nothing.
    ann.say("are you there?");
    let mut bob = TestClient::join(server.address, "bob");
    ann.expect("bob has left the chat room.");
    ann.expect("bob has joined the chat room.");
    bob.expect_start("--- 1 line since you left, ");
    bob.expect("ann: are you there?");
    bob.expect("--- now ---");
}

#[test]
fn a_live_members_name_is_never_given_away() {
    let server = TestServer::start();
    let mut bob = server.join("bob");
    bob.say(common::HEARTBEAT_OPT_IN);
    bob.expect("");
    let mut other = TestClient::connect(server.address);
    other.say("bob");
    bob.expect("");
    bob.say("");
    bob.expect("");
    other.expect("! bob is already in use. Try another.");
    // A member without a declared heartbeat is not probed.
    let mut carl = server.join("carl");
    other.say("carl");
    other.expect("! carl is already in use. Try another.");
    carl.say("/ping");
    carl.expect("pong");
}
