//! Incomplete: missed lines of which the server no longer keeps all.

use common::LineId;
use server::limits::{MAX_HISTORY_BYTES, MAX_MISSED_BYTES, MAX_PRIVATE_BYTES};

use super::{bob_and_ann, break_off, patient, resume, shown};
use crate::test_server::TestServer;

#[test]
fn lines_that_the_room_no_longer_keeps_may_be_missing() {
    for is_private in [false, true] {
        let server = TestServer::with_limits(|limits| limits.history_lines = 3);
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let mut id = shown(&mut bob, &mut ann, "0");
        if is_private {
            bob.say("/msg ann psst");
            id = ann.expect_with_id("bob -> ann: psst");
        }
        for number in 1..=4 {
            // Each is a post of its own, as it is received before the next.
            shown(&mut bob, &mut ann, &number.to_string());
            if number == 3 && !is_private {
                ann = resume(&server, &token, &id);
                ann.expect_missed(&["bob: 1", "bob: 2", "bob: 3"]);
            }
        }
        let mut ann = resume(&server, &token, &id);
        let header = ann.expect_start("--- 3 missed lines, the oldest from ");
        let end = " ago, earlier ones may be missing ---";
        assert!(header.ends_with(end), "{header}");
        for line in ["bob: 2", "bob: 3", "bob: 4"] {
            ann.expect_with_id(line);
        }
        ann.expect("--- now ---");
    }
}

#[test]
fn after_an_id_of_an_unknown_life_earlier_lines_may_be_missing() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    let stream = LineId::parse(&id).unwrap().stream.to_string();
    let (_, life) = stream.split_once('-').unwrap();
    for unknown in ["lobby-xxxx-1", &format!("games-{life}-1"), "@-7"] {
        let mut ann = resume(&server, &token, unknown);
        let header = ann.expect_start("--- 1 missed line, ");
        assert!(
            header.ends_with(" ago, earlier ones may be missing ---"),
            "{header}"
        );
        ann.expect_with_id("bob: hi");
        ann.expect("--- now ---");
    }
}

#[test]
fn after_an_id_of_an_unknown_life_all_that_is_kept_is_sent() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    for number in 1..300 {
        bob.say(&number.to_string());
    }
    bob.say("/ping");
    bob.expect("pong");
    let unknown = id.replacen("lobby-", "lobby-x", 1);
    let mut ann = resume(&server, &token, &unknown);
    ann.expect_start("--- 300 missed lines, ");
    ann.expect_with_id("bob: hi");
    for number in 1..300 {
        ann.expect_with_id(&format!("bob: {number}"));
    }
    ann.expect("--- now ---");
}

#[test]
fn a_room_that_ended_during_the_break_is_another_one() {
    let server = TestServer::with_limits(|limits| limits.leave_delay = std::time::Duration::ZERO);
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    for member in [&mut bob, &mut ann] {
        member.say("/join games");
        while !member.receive().unwrap().starts_with("You are in games") {}
    }
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    bob.expect_sometime("ann has left the chat room.");
    bob.say("/leave");
    bob.expect_start("You are in lobby now.");
    let mut ann = resume(&server, &token, &id);
    // The last line of the previous room was shown, and nobody has spoken in this one.
    ann.expect("--- nothing missed ---");
    ann.expect("--- now ---");
    ann.say("/rooms");
    ann.expect_start("games ");
}

#[test]
fn without_a_history_lines_may_be_missing() {
    let server = TestServer::with_limits(|limits| limits.history_lines = 0);
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    bob.say("hi");
    ann.expect_with_time("bob: hi");
    let mut ann = resume(&server, &token, "");
    ann.expect("--- some lines may be missing ---");
    ann.expect("--- now ---");
}

#[test]
fn the_oldest_of_very_many_missed_bytes_are_not_sent() {
    const LINES: usize = 200;
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    let text = "x".repeat(4000);
    // The room keeps them all.
    assert!(LINES * (text.len() + 100) < MAX_HISTORY_BYTES);
    for number in 0..LINES {
        bob.say(&format!("{number} {text}"));
    }
    bob.say("");
    bob.expect("");
    let mut ann = resume(&server, &token, &id);
    let header = ann.expect_start("--- ");
    let end = " ago, earlier ones may be missing ---";
    assert!(header.ends_with(end), "{header}");
    let count: usize = header.split(' ').nth(1).unwrap().parse().unwrap();
    let missed: Vec<String> = (0..count).map(|_| ann.receive().unwrap()).collect();
    ann.expect("--- now ---");
    assert!(missed[0].ends_with(&format!("bob: {} {text}", LINES - count)));
    let bytes: usize = missed.iter().map(|line| line.len() + 1).sum();
    let spare = MAX_MISSED_BYTES.checked_sub(bytes).expect("not too many");
    assert!(spare <= missed[0].len(), "{spare} bytes are left");
}

#[test]
fn the_oldest_private_messages_are_not_kept() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    let text = "x".repeat(1000);
    for number in 0..100 {
        bob.say(&format!("/msg ann {number} {text}"));
    }
    bob.say("/ping");
    bob.expect("pong");
    let mut ann = resume(&server, &token, &id);
    let header = ann.expect_start("--- ");
    assert!(
        header.ends_with("earlier ones may be missing ---"),
        "{header}"
    );
    let count: usize = header.split(' ').nth(1).unwrap().parse().unwrap();
    // Each takes some memory beside its bytes.
    assert!((50..MAX_PRIVATE_BYTES / text.len()).contains(&count));
    for number in 100 - count..100 {
        ann.expect_with_id(&format!("bob -> ann: {number} {text}"));
    }
    ann.expect("--- now ---");
}
