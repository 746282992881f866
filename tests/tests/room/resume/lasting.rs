//! Lasting: what a member has, is and may do is the same after it resumed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::transfer::TicketGrant;
use server::files::config::FilesConfig;
use tests::{DEADLINE, TestClient};

use super::{bob_and_ann, both, break_off, expect_leave, patient, resume, shown};
use crate::test_server::TestServer;

#[test]
fn the_token_stays_the_same() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "hi");
        for _ in 0..10 {
            break_off(&server, ann, "ann");
            expect_leave(&mut bob, "ann", is_told);
            // It compares the token with the one in the line of the server.
            ann = resume(&server, &token, &id);
        }
        ann.expect_missed(&[]);
        ann.say("/cap resume");
        ann.expect("/cap time id resume");
    }
}

#[test]
fn the_numbers_of_lines_go_on() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        ann.say("/seq 1 one");
        ann.say("/seq 2 /dance");
        ann.expect_start("! Unknown command");
        break_off(&server, ann, "ann");
        bob.expect_sometime("ann: one");
        expect_leave(&mut bob, "ann", is_told);
        let mut ann = TestClient::resume(server.address, ("ann", &token), "", 2);
        ann.send(b"/seq 2 again\n/seq 1 again\n/seq 3 three\n");
        bob.expect_sometime("ann: three");
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        TestClient::resume(server.address, ("ann", &token), "", 3);
    }
}

#[test]
fn name_room_filters_and_absence_stay() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let mut carl = server.join("carl");
        ann.expect_with_time("carl has joined the chat room.");
        ann.say("/ignore carl");
        ann.expect_start("Ignoring carl.");
        ann.say("/quiet");
        ann.expect_start("Join and leave notices are off.");
        for member in [&mut bob, &mut carl, &mut ann] {
            member.say("/join games");
            while !member.receive().unwrap().starts_with("You are in games") {}
        }
        ann.say("/nick anna");
        ann.expect("You are now called anna.");
        ann.say("/away tea");
        ann.expect("You are away. /back to undo.");
        bob.say("/msg anna psst");
        bob.expect_sometime("anna is away (tea).");
        break_off(&server, ann, "anna");
        expect_leave(&mut bob, "anna", is_told);
        let mut ann = TestClient::request_resume(server.address, &token, "@-1");
        ann.expect_tagged_start("Welcome, anna.");
        ann.expect_token();
        ann.expect("/ack 0");
        ann.expect_start("You are in games now.");
        ann.expect_sometime("--- now ---");
        ann.say("/ignore");
        ann.expect("You ignore carl.");
        carl.say("ignored");
        bob.expect_sometime("carl: ignored");
        carl.say("/join elsewhere");
        carl.expect_sometime("You are in elsewhere now. You are the first here.");
        bob.say("not ignored");
        ann.expect_with_id("bob: not ignored");
        ann.say("/quiet");
        ann.expect("Join and leave notices are on.");
        ann.say("/whois anna");
        let row = ann.expect_start("anna has been here for ");
        assert!(
            row.contains("is in games, ") && row.ends_with("and away (tea)."),
            "{row}"
        );
        ann.say("/reply you too");
        bob.expect_sometime("anna -> bob: you too");
    }
}

#[test]
fn a_member_that_was_renamed_during_the_break_is_still_ignored() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        ann.say("/ignore bob");
        ann.expect_start("Ignoring bob.");
        break_off(&server, ann, "ann");
        let mut carl = server.join("carl");
        expect_leave(&mut bob, "ann", is_told);
        bob.say("/nick rob");
        bob.expect_sometime("You are now called rob.");
        let mut ann = resume(&server, &token, "");
        ann.expect_start("--- ");
        ann.expect("--- now ---");
        bob.say("ignored");
        carl.expect_sometime("rob: ignored");
        carl.say("hi");
        ann.expect_with_id("carl: hi");
    }
}

#[test]
fn a_muted_member_stays_muted_until_it_is_unmuted() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "hi");
        server.operator("/mute ann");
        ann.expect_with_time("You are muted.");
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        let mut ann = resume(&server, &token, &id);
        ann.expect_missed(&[]);
        ann.say("/seq 1 hi");
        ann.expect("! You are muted.");
        server.operator("/unmute ann");
        ann.expect_with_time("You are no longer muted.");
        ann.say("/seq 2 at last");
        bob.expect_sometime("ann: at last");
    }
}

#[test]
fn the_operator_mutes_and_unmutes_during_the_break() {
    for (server, is_told) in both() {
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "hi");
        server.operator("/mute ann");
        ann.expect_with_time("You are muted.");
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        server.operator("/unmute ann");
        server.wait_for_log("Unmuted ann.");
        let mut ann = resume(&server, &token, &id);
        ann.expect_missed(&[]);
        ann.say("/seq 1 unmuted");
        bob.expect_sometime("ann: unmuted");
    }
}

#[test]
fn a_member_that_is_muted_during_the_break_comes_back_muted() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    server.operator("/mute ann");
    server.wait_for_log("Muted ann, also after joining again.");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
    ann.say("/seq 1 hi");
    ann.expect("! You are muted.");
}

#[test]
fn tickets_stay_valid_and_an_upload_goes_on() {
    for (leave_delay, is_told) in [(DEADLINE, false), (Duration::ZERO, true)] {
        let folder = std::env::temp_dir().join(format!("chat-resume-{}", std::process::id()));
        let files = FilesConfig::new(&folder);
        let server =
            TestServer::with_files_and_limits(files, |limits| limits.leave_delay = leave_delay);
        let (mut bob, mut ann, token) = bob_and_ann(&server);
        let id = shown(&mut bob, &mut ann, "hi");
        ann.say("/put notes.txt 10");
        let grant = TicketGrant::parse(&ann.expect_start("Ticket ")).unwrap();
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        let mut put = put_half(&server, &grant.ticket.to_string());
        assert_eq!(put, "ok 0\n");
        let mut ann = resume(&server, &token, &id);
        ann.expect_missed(&[]);
        ann.say("/put notes.txt 10");
        let grant = TicketGrant::parse(&ann.expect_start("Ticket ")).unwrap();
        put = put_half(&server, &grant.ticket.to_string());
        assert_eq!(put, "ok 5\nok\n");
        bob.expect_sometime("ann shares notes.txt, 10 B. Type /get 1 to fetch it.");
        ann.say("/forget 1");
        ann.expect_sometime("notes.txt is removed.");
        drop(server);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// Sends five bytes with a ticket, and returns the reply.
fn put_half(server: &TestServer, ticket: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
        .write_all(format!("/put {ticket}\n").as_bytes())
        .unwrap();
    stream.write_all(b"hello").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_private_message_during_the_break_is_not_refused() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    bob.say("/msg ann psst");
    bob.say("/ping");
    bob.expect("pong");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&["bob -> ann: psst"]);
}
