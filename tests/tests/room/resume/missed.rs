//! Missed: the lines that a member receives when it resumes.

use tests::TestClient;

use super::{bob_and_ann, both, break_off, expect_leave, patient, resume, shown};
use crate::test_server::TestServer;

#[test]
fn each_missed_line_is_shown_once_and_in_order() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "one");
        ann.say("/seq 1 my own");
        bob.expect("ann: my own");
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        bob.say("two");
        bob.say("/me waves");
        bob.say("/ping");
        bob.expect("pong");
        server.operator("tea is ready");
        bob.expect("Server: tea is ready");
        let mut ann = TestClient::resume(server.address, ("ann", &token), &id, 1);
        ann.expect_missed(&["bob: two", "* bob: waves", "Server: tea is ready"]);
        bob.say("three");
        ann.expect_with_id("bob: three");
    }
}

#[test]
fn lines_that_came_and_were_not_shown_are_missed_too() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let one = shown(&mut bob, &mut ann, "one");
    let two = shown(&mut bob, &mut ann, "two");
    let three = shown(&mut bob, &mut ann, "three");
    for (id, missed) in [
        (&one, &["bob: two", "bob: three"][..]),
        (&two, &["bob: three"]),
        (&three, &[]),
    ] {
        ann = resume(&server, &token, id);
        ann.expect_missed(missed);
    }
}

#[test]
fn a_missed_line_has_the_tags_of_when_it_was_said() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "one");
    bob.say("two");
    bob.say("/msg ann three");
    let received = [(); 2].map(|()| ann.receive().unwrap());
    let mut ann = resume(&server, &token, &id);
    ann.expect_start("--- 2 missed lines, ");
    received.iter().for_each(|line| ann.expect(line));
    ann.expect("--- now ---");
}

#[test]
fn private_messages_stand_where_they_were_said() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        bob.say("/msg ann p1");
        let private = ann.expect_with_id("bob -> ann: p1");
        let public = shown(&mut bob, &mut ann, "one");
        bob.send(b"two\n/msg ann p2\nthree\nfour\n/msg ann p3\n");
        let all = [
            "bob: one",
            "bob: two",
            "bob -> ann: p2",
            "bob: three",
            "bob: four",
            "bob -> ann: p3",
        ];
        let last_private = all[1..].iter().map(|line| ann.expect_with_id(line)).last();
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        let mut ann = resume(&server, &token, &private);
        ann.expect_missed(&all);
        let mut ann = resume(&server, &token, &public);
        ann.expect_missed(&all[1..]);
        let mut ann = resume(&server, &token, &last_private.unwrap());
        ann.expect_missed(&[]);
    }
}

#[test]
fn lines_of_ignored_members_are_not_missed() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "one");
        let mut carl = server.join("carl");
        bob.expect("carl has joined the chat room.");
        ann.say("/ignore carl");
        ann.expect_sometime("Ignoring carl. /unignore carl to undo.");
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        carl.say("from carl");
        bob.expect("carl: from carl");
        bob.say("two");
        carl.expect_sometime("bob: two");
        let mut ann = resume(&server, &token, &id);
        ann.expect_missed(&["bob: two"]);
    }
}

#[test]
fn all_that_the_room_keeps_is_sent() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "one");
    break_off(&server, ann, "ann");
    let missed: Vec<String> = (1..1000).map(|it| it.to_string()).collect();
    bob.send(format!("{}\n", missed.join("\n")).as_bytes());
    bob.say("");
    bob.expect("");
    let mut ann = resume(&server, &token, &id);
    let missed: Vec<String> = missed.iter().map(|text| format!("bob: {text}")).collect();
    let missed: Vec<&str> = missed.iter().map(String::as_str).collect();
    ann.expect_missed(&missed);
}

#[test]
fn a_member_that_has_shown_nothing_receives_all() {
    let server = patient();
    let (mut bob, ann, token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    let mut ann = resume(&server, &token, "");
    ann.expect_missed(&[]);
    bob.say("hi");
    ann.expect_with_id("bob: hi");
    for malformed in ["", "lobby", "lobby-x-", "lobby-x-y"] {
        let mut ann = resume(&server, &token, malformed);
        ann.expect_missed(&["bob: hi"]);
    }
}

#[test]
fn a_line_from_before_the_join_is_not_missed() {
    let server = patient();
    let mut bob = server.join("bob");
    bob.say("before");
    bob.say("/ping");
    bob.expect("pong");
    let (mut ann, token) = TestClient::join_resumable(server.address, "ann");
    ann.expect_start("--- the last 1 line, ");
    let id = ann.expect_with_id("bob: before");
    ann.expect("--- now ---");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
}

#[test]
fn after_a_move_the_lines_of_the_new_room_are_sent() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    bob.say("/msg ann shown");
    ann.expect_with_id("bob -> ann: shown");
    let lobby = shown(&mut bob, &mut ann, "in the lobby");
    ann.say("/join games");
    ann.expect_start("You are in games now.");
    bob.say("/join games");
    bob.expect_sometime("You are in games now. ann is here.");
    ann.expect_with_time("bob has come from lobby to games.");
    bob.say("in games");
    bob.say("/msg ann psst");
    ann.expect_with_id("bob: in games");
    let mut ann = resume(&server, &token, &lobby);
    ann.expect_start("--- 2 missed lines, ");
    let games = ann.expect_with_id("bob: in games");
    ann.expect_with_id("bob -> ann: psst");
    ann.expect("--- now ---");
    let mut ann = resume(&server, &token, &games);
    ann.expect_missed(&["bob -> ann: psst"]);
}

#[test]
fn a_client_that_did_not_ask_for_tags_receives_none() {
    let server = patient();
    let mut bob = server.join("bob");
    let mut ann = TestClient::connect_with(server.address, "/cap resume");
    ann.say("ann");
    ann.expect("Welcome, ann. bob is here.");
    let token = ann.expect_token();
    bob.say("hi");
    ann.expect("bob: hi");
    bob.say("/msg ann psst");
    ann.expect("bob -> ann: psst");
    let mut ann = TestClient::connect_with(server.address, "/cap resume");
    ann.say(&format!("/resume {token}"));
    ann.expect("Welcome, ann. bob is here.");
    ann.expect_token();
    ann.expect_sometime("You are in lobby now. bob is here.");
    ann.expect_start("--- 2 missed lines, ");
    ann.expect("bob: hi");
    ann.expect("bob -> ann: psst");
    ann.expect("--- now ---");
}

#[test]
fn lines_that_are_said_during_the_return_are_neither_lost_nor_repeated() {
    const ROUNDS: usize = 50;
    const LINES: usize = 100;
    let server = TestServer::with_limits(|limits| limits.history_lines = ROUNDS * LINES);
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let mut id = shown(&mut bob, &mut ann, "begin");
    let mut expected = 0;
    let talk = std::thread::spawn(move || {
        for number in 0..ROUNDS * LINES {
            bob.say(&number.to_string());
        }
        bob
    });
    for round in 1..=ROUNDS {
        ann = TestClient::request_resume(server.address, &token, &id);
        while expected < round * LINES {
            let line = ann.receive().unwrap();
            let (tags, rest) = common::Tags::split(&line);
            if let Some(text) = rest.strip_prefix("bob: ") {
                assert_eq!(text, expected.to_string());
                expected += 1;
                id = tags.id.unwrap().to_string();
            }
        }
    }
    drop(talk.join().unwrap());
}
