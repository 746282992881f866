//! Names: the name of a member whose connection broke, and others that want it.

use std::time::Duration;

use tests::TestClient;

use super::{bob_and_ann, break_off, hasty, patient, resume, shown};
use crate::test_server::TestServer;

#[test]
fn the_name_is_free_when_its_holder_does_not_come_back() {
    let server = TestServer::with_limits(|limits| limits.leave_delay = Duration::from_secs(1));
    let (mut bob, ann, _token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    let mut other = TestClient::connect(server.address);
    other.say("ANN");
    bob.expect("ann has left the chat room.");
    bob.expect("ANN has joined the chat room.");
    other.expect("Welcome, ANN. bob is here.");
}

#[test]
fn the_name_is_in_use_when_its_holder_comes_back() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    let mut other = TestClient::connect_with(server.address, "/cap time");
    // The answer shows that the session has read the name as well.
    other.send(b"/cap id\nann\n");
    other.expect("/cap time id");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
    other.expect("! ann is already in use. Try another.");
    other.say("anna");
    other.expect_tagged_start("Welcome, anna.");
    bob.expect("anna has joined the chat room.");
    ann.expect_with_time("anna has joined the chat room.");
}

#[test]
fn a_name_that_was_taken_meanwhile_is_in_use() {
    let server = hasty();
    let (mut bob, ann, token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    bob.expect("ann has left the chat room.");
    let other = server.join("Ann");
    bob.expect("Ann has joined the chat room.");
    TestClient::request_resume(server.address, &token, "").expect("! ann is already in use.");
    // The token is not spent by it.
    drop(other);
    bob.expect("Ann has left the chat room.");
    // The name is free a moment after the notice.
    tests::eventually("the name to be free", || {
        let mut ann = TestClient::request_resume(server.address, &token, "");
        ann.receive()?
            .ends_with(" Welcome, ann. bob is here.")
            .then_some(ann)
    });
    bob.expect("ann has joined the chat room.");
}

#[test]
fn after_the_name_was_taken_another_one_may_be_used() {
    let server = hasty();
    let (mut bob, ann, token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    bob.expect("ann has left the chat room.");
    let _other = server.join("ann");
    bob.expect("ann has joined the chat room.");
    let mut ann = TestClient::request_resume(server.address, &token, "");
    ann.expect("! ann is already in use.");
    ann.say("anna");
    ann.expect_tagged_start("Welcome, anna.");
    assert_ne!(ann.expect_token(), token);
    bob.expect("anna has joined the chat room.");
}

#[test]
fn a_member_cannot_take_the_name_of_one_whose_connection_is_broken() {
    let server = patient();
    let (mut bob, ann, token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    bob.say("/nick ann");
    bob.expect("! ann is already in use.");
    resume(&server, &token, "");
}

#[test]
fn a_renamed_member_comes_back_under_its_new_name() {
    for server in [patient(), hasty()] {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        ann.say("/seq 1 /nick anna");
        ann.expect("You are now called anna.");
        bob.expect("ann is now called anna.");
        break_off(&server, ann, "anna");
        TestClient::resume(server.address, ("anna", &token), "", 1);
        let mut other = server.join("ann");
        other.say("hello anna");
        bob.expect_sometime("ann: hello anna");
    }
}
