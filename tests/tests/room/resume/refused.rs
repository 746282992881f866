//! Refused: tokens that bring nobody back.

use std::time::Duration;

use tests::TestClient;

use super::{bob_and_ann, both, break_off, expect_leave, patient, resume, shown};
use crate::test_server::TestServer;

const NO_TOKEN: &str = "! Unknown or expired token.";

/// Expects that `token` brings nobody back, and that its client may join by name.
fn expect_refused(server: &TestServer, token: &str) {
    let mut client = TestClient::request_resume(server.address, token, "");
    client.expect(NO_TOKEN);
    client.say("newcomer");
    client.expect_tagged_start("Welcome, newcomer.");
    assert_ne!(client.expect_token(), token);
    client.say("q:quit");
    client.expect_sometime("q:quit");
}

#[test]
fn a_guessed_token_is_refused() {
    let server = patient();
    let (_bob, _ann, token) = bob_and_ann(&server);
    let last = if token.ends_with('0') { "1" } else { "0" };
    let nearly = format!("{}{last}", &token[..31]);
    for guess in [
        &nearly,
        &"0".repeat(32),
        &token[..31],
        &format!("{token}0"),
        "",
        "x",
    ] {
        expect_refused(&server, guess);
    }
}

#[test]
fn a_token_is_written_in_either_case() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    let mut ann = TestClient::connect_with(server.address, "/cap time id resume");
    ann.say(&format!("/RESUME {} {id}", token.to_uppercase()));
    ann.expect_tagged_start("Welcome, ann.");
}

#[test]
fn five_refused_tokens_are_enough() {
    let server = patient();
    let mut peer = TestClient::connect(server.address);
    for _ in 0..2 {
        peer.say("/resume x");
        peer.expect(NO_TOKEN);
        peer.say("not a name");
        peer.expect_start("! Invalid name");
    }
    peer.say("/resume x");
    peer.expect("! Unknown or expired token. That was the last of 5 tries.");
    peer.expect_quit();
}

#[test]
fn a_token_ends_when_its_member_leaves() {
    let server = patient();
    for leave in ["q:quit", "/quit", "/seq 1 /quit bye"] {
        let (mut ann, token) = TestClient::join_resumable(server.address, "ann");
        ann.say(leave);
        ann.expect_sometime("q:quit");
        expect_refused(&server, &token);
    }
}

#[test]
fn a_token_ends_with_a_kick_and_with_a_ban() {
    let server = patient();
    for command in ["/kick ann", "/ban ann 1s"] {
        let (mut ann, token) = TestClient::join_resumable(server.address, "ann");
        server.operator(command);
        ann.expect_sometime("q:quit");
        expect_refused(&server, &token);
        server.operator("/unban ann");
        server.wait_for_log("ann is not banned.");
    }
}

#[test]
fn a_kick_during_the_break_ends_the_token_and_is_told() {
    let server = patient();
    let (mut bob, ann, token) = bob_and_ann(&server);
    break_off(&server, ann, "ann");
    server.operator("/kick ann");
    server.wait_for_log("Kicked ann.");
    expect_refused(&server, &token);
    bob.expect_sometime("ann has left the chat room.");
    let mut ann = server.join("ann");
    ann.say("a new one");
    bob.expect_sometime("ann: a new one");
    expect_refused(&server, &token);
}

#[test]
fn a_banned_member_does_not_come_back() {
    for (server, is_told) in both() {
        let (mut bob, ann, token) = bob_and_ann(&server);
        break_off(&server, ann, "ann");
        expect_leave(&mut bob, "ann", is_told);
        server.operator("/ban ann");
        server.wait_for_log("Banned ann forever");
        let mut ann = TestClient::request_resume(server.address, &token, "");
        // The ban of a member ends its token.
        ann.expect(NO_TOKEN);
        expect_leave(&mut bob, "ann", !is_told);
        ann.say("anna");
        ann.expect_tagged_start("Welcome, anna.");
        bob.expect("anna has joined the chat room.");
    }
}

#[test]
fn a_locked_server_lets_nobody_come_back() {
    let server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    let mut waiting = TestClient::connect_with(server.address, "/cap time id resume");
    break_off(&server, ann, "ann");
    server.operator("/lock");
    server.wait_for_log("The server is locked.");
    waiting.say(&format!("/resume {token} {id}"));
    waiting.expect("! The server is locked. Try again later.");
    let mut other = TestClient::connect(server.address);
    other.expect("! The server is locked. Try again later.");
    other.expect_quit();
    server.operator("/unlock");
    server.wait_for_log("The server is unlocked.");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
}

#[test]
fn a_token_expires() {
    let lifetime = Duration::from_secs(1);
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::ZERO;
        limits.token_lifetime = lifetime;
    });
    let (mut bob, ann, token) = bob_and_ann(&server);
    let broken_at = std::time::Instant::now();
    break_off(&server, ann, "ann");
    bob.expect("ann has left the chat room.");
    // The other ann keeps it from coming back, which would begin its lifetime again.
    let _other = server.join("ann");
    let ask = || TestClient::request_resume(server.address, &token, "").receive();
    tests::eventually("the end of the token", || match ask()?.as_str() {
        NO_TOKEN => Some(()),
        answer => {
            assert_eq!(answer, "! ann is already in use.");
            None
        }
    });
    assert!(broken_at.elapsed() >= lifetime, "it ended too early");
}

#[test]
fn the_member_that_left_first_makes_room_for_another() {
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::ZERO;
        limits.max_clients = 3;
    });
    let mut bob = server.join("bob");
    let tokens = ["ann", "carl", "dora", "emil"].map(|name| {
        let (client, token) = TestClient::join_resumable(server.address, name);
        break_off(&server, client, name);
        bob.expect_sometime(&format!("{name} has left the chat room."));
        token
    });
    expect_refused(&server, &tokens[0]);
    TestClient::resume(server.address, ("carl", &tokens[1]), "", 0);
}

#[test]
fn a_connected_members_token_does_not_expire() {
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::ZERO;
        limits.token_lifetime = Duration::ZERO;
    });
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    // Carl's token ends several rounds of the thread later.
    let (carl, carls) = TestClient::join_resumable(server.address, "carl");
    break_off(&server, carl, "carl");
    bob.expect_sometime("carl has left the chat room.");
    tests::eventually("the end of carl's token", || {
        let mut carl = TestClient::request_resume(server.address, &carls, "");
        (carl.receive()? == NO_TOKEN).then_some(())
    });
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
}

#[test]
fn another_server_does_not_know_the_token() {
    let mut server = patient();
    let (_bob, mut ann, token) = bob_and_ann(&server);
    ann.say("/seq 1 hi");
    server.stop();
    let server = patient();
    let mut bob = server.join("bob");
    let mut ann = TestClient::request_resume(server.address, &token, "lobby-x-1");
    ann.expect(NO_TOKEN);
    ann.say("ann");
    ann.expect_tagged_start("Welcome, ann.");
    assert_ne!(ann.expect_token(), token);
    // The numbers of a new token begin again.
    ann.say("");
    ann.expect("/ack 0");
    ann.say("/seq 1 hi");
    bob.expect("ann has joined the chat room.");
    bob.expect("ann: hi");
}

#[test]
fn a_full_server_lets_nobody_come_back_until_there_is_a_place() {
    let server = TestServer::with_limits(|limits| {
        limits.max_clients = 2;
        limits.leave_delay = Duration::from_secs(60);
    });
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    let mut carl = tests::eventually("a place for carl", || {
        let mut carl = TestClient::connect(server.address);
        carl.try_send(b"carl\n").ok()?;
        carl.receive()?.starts_with("Welcome").then_some(carl)
    });
    let mut refused = TestClient::connect(server.address);
    refused.expect("! Server is full.");
    refused.expect_quit();
    carl.say("q:quit");
    carl.expect_sometime("q:quit");
    drop((carl, refused));
    tests::eventually("a place for ann", || {
        let mut ann = TestClient::connect(server.address);
        ann.try_send(format!("/resume {token} {id}\n").as_bytes())
            .ok()?;
        ann.receive()?.starts_with("Welcome, ann.").then_some(())
    });
}

#[test]
fn a_large_room_counts_a_member_that_comes_back_after_its_leave() {
    let server = TestServer::with_limits(|limits| {
        limits.leave_delay = Duration::ZERO;
        limits.join_notice_limit = 0;
    });
    let mut bob = server.join("bob");
    let (ann, token) = TestClient::join_resumable(server.address, "ann");
    break_off(&server, ann, "ann");
    tests::eventually("the leave", || {
        bob.say("/whois ann");
        let reply = bob.receive()?;
        reply.starts_with("ann was last here").then_some(())
    });
    let _ann = resume(&server, &token, "");
    // The notice may take ten seconds.
    bob.expect("3 joined and 1 left recently, 2 are here.");
}

#[test]
fn the_token_never_stands_in_the_log() {
    let mut server = patient();
    let (mut bob, mut ann, token) = bob_and_ann(&server);
    let id = shown(&mut bob, &mut ann, "hi");
    break_off(&server, ann, "ann");
    let mut ann = resume(&server, &token, &id);
    ann.expect_missed(&[]);
    let mut wrong = TestClient::request_resume(server.address, &format!("{token}x"), "");
    wrong.expect(NO_TOKEN);
    ann.say(&format!("/resume {token}"));
    ann.expect_start("! Unknown command /resume.");
    server.operator("/who");
    ann.say("q:quit");
    server.wait_for_log("[CONNECTION CLOSED] ann disconnected (quit).");
    server.stop();
    assert!(!server.log().contains(&token), "{}", server.log());
    assert!(server.log().contains("bob: hi") || server.log().contains("[bob] hi"));
}

#[test]
fn over_udp_nobody_comes_back() {
    let server = patient();
    let (_bob, _ann, token) = bob_and_ann(&server);
    let mut udp = tests::UdpTestClient::new(server.udp);
    udp.say(&format!("/resume {token}"));
    udp.expect_start("! Invalid name");
}
