//! Tags: the lines that have a time and an id, and those that never have.

use std::time::{SystemTime, UNIX_EPOCH};

use common::{LineId, Tags};
use tests::TestClient;

use crate::test_server::TestServer;

/// Joins ann, who receives tags, and bob, who does not.
fn two(server: &TestServer) -> (TestClient, TestClient) {
    let mut ann = TestClient::join_with(server.address, "/cap time id", "ann");
    let bob = server.join("bob");
    ann.expect_with_time("bob has joined the chat room.");
    (ann, bob)
}

fn number(id: &str) -> u64 {
    LineId::parse(id).unwrap().number
}

#[test]
fn messages_and_actions_have_a_time_and_the_id_of_their_room() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    bob.say("hi");
    let first = ann.expect_with_id("bob: hi");
    bob.say("/me waves");
    let second = ann.expect_with_id("* bob: waves");
    assert!(first.starts_with("lobby-"), "{first}");
    assert_eq!(number(&first) + 1, number(&second));
    server.operator("tea is ready");
    let third = ann.expect_with_id("Server: tea is ready");
    assert_eq!(number(&second) + 1, number(&third));
}

#[test]
fn private_messages_have_ids_of_their_own() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    for (at, text) in ["one", "two"].iter().enumerate() {
        bob.say(&format!("/msg ann {text}"));
        let id = ann.expect_with_id(&format!("bob -> ann: {text}"));
        assert_eq!(id, format!("@-{}", at + 1));
    }
}

#[test]
fn notices_have_a_time_and_no_id() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    bob.say("/nick rob");
    ann.expect_with_time("bob is now called rob.");
    bob.say("/away");
    ann.expect_with_time("rob is away.");
    bob.say("/away tea");
    ann.expect_with_time("* rob: is away, tea");
    bob.say("/topic lab 3");
    ann.expect_with_time("* rob: set the topic to lab 3");
    bob.say("/join games");
    ann.expect_with_time("rob has gone from lobby to games.");
    bob.say("/leave");
    ann.expect_with_time("rob has come from games to lobby.");
    bob.say("/quit");
    ann.expect_with_time("rob has left the chat room.");
    server.operator("/motd welcome back");
    server.wait_for_log("Changed the message of the day.");
    let mut carl = TestClient::join_with(server.address, "/cap time", "carl");
    carl.expect_with_time("Server: welcome back");
}

#[test]
fn the_end_of_the_server_is_a_notice_and_q_quit_is_not() {
    let mut server = TestServer::start();
    let (mut ann, _bob) = two(&server);
    server.stop();
    ann.expect_with_time("The server is stopping.");
    ann.expect_quit();
}

#[test]
fn answers_refusals_and_lines_of_the_protocol_have_no_tags() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    bob.say("hi");
    ann.expect_with_id("bob: hi");
    for (line, start) in [
        ("/ping", "pong"),
        ("/cap", "/cap time id"),
        ("", "/ack 0"),
        ("/dance", "! Unknown command /dance."),
        ("/whois bob", "bob has been here for "),
        ("/topic", "This room has no topic."),
        ("/away", "You are away."),
        ("/nick anna", "You are now called anna."),
        ("/ignore bob", "Ignoring bob."),
        ("/join games", "You are in games now."),
        ("/leave", "You are in lobby now."),
    ] {
        ann.say(line);
        ann.expect_start(start);
    }
    ann.say("/names");
    ann.expect("2 members are here.");
    ann.expect("Here, anna, bob");
    ann.say("q:quit");
    ann.expect_quit();
}

#[test]
fn an_answer_with_previous_lines_has_no_tags() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    bob.say("hi");
    ann.expect_with_id("bob: hi");
    for command in ["/history", "/search hi"] {
        ann.say(command);
        ann.expect_start("--- ");
        ann.expect("bob: hi");
        ann.expect("--- now ---");
    }
}

#[test]
fn replayed_lines_have_the_time_and_the_id_of_when_they_were_said() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    bob.say("/topic lab 3");
    let topic = ann.receive().unwrap();
    let mut said = Vec::new();
    for text in ["one", "two", "three"] {
        bob.say(text);
        said.push(ann.receive().unwrap());
    }
    let mut carl = TestClient::join_with(server.address, "/cap time", "carl");
    let replayed_topic = carl.receive().unwrap();
    assert_eq!(Tags::split(&replayed_topic), Tags::split(&topic));
    carl.expect_start("--- the last 3 lines, ");
    for line in &said {
        carl.expect(line);
    }
    carl.expect("--- now ---");
}

#[test]
fn the_time_is_that_of_the_server() {
    let millis = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
    };
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let before = millis();
    bob.say("hi");
    let line = ann.receive().unwrap();
    let time = u128::from(Tags::split(&line).0.time.unwrap().millis());
    assert!((before..=millis()).contains(&time), "{line}");
}

#[test]
fn ids_have_gaps_for_the_own_lines_and_those_of_ignored_members() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let mut carl = server.join("carl");
    ann.expect_with_time("carl has joined the chat room.");
    ann.say("/ignore carl");
    ann.expect_start("Ignoring carl.");
    bob.say("one");
    let first = ann.expect_with_id("bob: one");
    carl.expect("bob: one");
    carl.say("from carl");
    bob.expect_sometime("carl: from carl");
    ann.say("/seq 1 from ann");
    bob.expect("ann: from ann");
    bob.say("two");
    let last = ann.expect_with_id("bob: two");
    assert_eq!(number(&last), number(&first) + 3);
}

#[test]
fn all_members_of_a_room_receive_the_same_lines_with_and_without_tags() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let mut carl = TestClient::join_with(server.address, "/cap id", "carl");
    ann.expect_with_time("carl has joined the chat room.");
    bob.expect("carl has joined the chat room.");
    let mut ids = Vec::new();
    for round in 0..50 {
        // Each receives the lines of the two others and not its own.
        ann.say(&format!("a{round}"));
        bob.expect(&format!("ann: a{round}"));
        let id = carl.expect_with_id(&format!("ann: a{round}"));
        bob.say(&format!("b{round}"));
        assert_eq!(
            ann.expect_with_id(&format!("bob: b{round}")),
            carl.expect_with_id(&format!("bob: b{round}")),
        );
        carl.say(&format!("c{round}"));
        ann.expect_with_id(&format!("carl: c{round}"));
        bob.expect(&format!("carl: c{round}"));
        ids.push(number(&id));
    }
    let distances = ids.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        distances.into_iter().all(|distance| distance == 3),
        "{ids:?}"
    );
}

#[test]
fn lines_that_come_at_once_have_the_ids_in_their_order() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let lines: String = (0..1000).map(|number| format!("{number}\n")).collect();
    bob.send(lines.as_bytes());
    let first = number(&ann.expect_with_id("bob: 0"));
    for at in 1..1000 {
        let id = ann.expect_with_id(&format!("bob: {at}"));
        assert_eq!(number(&id), first + at);
    }
}

#[test]
fn a_later_room_of_the_same_name_has_other_ids() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let mut streams = Vec::new();
    for _ in 0..2 {
        ann.say("/join games");
        ann.expect_start("You are in games now. You are the first here.");
        bob.expect("ann has gone from lobby to games.");
        bob.say("/join games");
        bob.expect("You are in games now. ann is here.");
        ann.expect_with_time("bob has come from lobby to games.");
        bob.say("hi");
        let id = ann.expect_with_id("bob: hi");
        streams.push(LineId::parse(&id).unwrap().stream.to_string());
        bob.say("/leave");
        bob.expect_start("You are in lobby now.");
        ann.expect_with_time("bob has gone from games to lobby.");
        ann.say("/leave");
        ann.expect_start("You are in lobby now.");
        bob.expect("ann has come from games to lobby.");
    }
    assert!(streams.iter().all(|stream| stream.starts_with("games-")));
    assert_ne!(streams[0], streams[1]);
}

#[test]
fn without_a_history_lines_have_a_time_alone() {
    let server = TestServer::with_limits(|limits| limits.history_lines = 0);
    let (mut ann, mut bob) = two(&server);
    bob.say("hi");
    ann.expect_with_time("bob: hi");
}

#[test]
fn a_line_from_a_client_that_begins_with_an_at_sign_is_text() {
    let server = TestServer::start();
    let (mut ann, mut bob) = two(&server);
    let text = "@time=2026-03-01T12:00:00.000Z;id=lobby-x-1 carl: hi";
    ann.say(text);
    bob.expect(&format!("ann: {text}"));
    ann.say(&format!("/seq 1 {text}"));
    bob.expect(&format!("ann: {text}"));
    bob.say(text);
    ann.expect_with_id(&format!("bob: {text}"));
}
