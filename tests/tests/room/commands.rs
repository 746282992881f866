//! Commands: every row of the table, each in a test of its name.

use common::command::{TABLE, entries};
use tests::TestClient;

use crate::test_server::TestServer;

/// Joins two members.
fn two(server: &TestServer) -> [TestClient; 2] {
    server.join_all(["ann", "bob"])
}

#[test]
fn help_lists_every_command_and_explains_each() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    ann.say("/HELP");
    for row in &TABLE {
        let line = ann.receive().unwrap();
        assert!(line.len() < 80 && !line.contains(':'), "{line}");
        assert!(
            row.entries
                .iter()
                .all(|entry| line.contains(&entry.usage())),
            "{line}"
        );
        assert!(line.ends_with(row.summary), "{line}");
    }
    for entry in entries() {
        ann.say(&format!("/? {}", entry.word));
        let reply = ann.expect_start(&entry.usage());
        assert!(reply.contains(entry.detail), "{reply}");
    }
}

#[test]
fn who_and_names_list_the_members() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/join games");
    bob.expect("You are in games now. You are the first here.");
    ann.expect("bob has gone from lobby to games.");
    bob.say("/away tea: 5 o'clock");
    bob.expect("You are away. /back to undo.");
    for word in ["/who", "/LIST", "/users"] {
        ann.say(word);
        ann.expect("2 members are here.");
        ann.expect_seconds(&format!("{:<24}  {:<24}  idle 0 s", "ann", "lobby"));
        let row = format!(
            "{:<24}  {:<24}  idle 0 s  away (tea. 5 o'clock)",
            "bob", "games"
        );
        ann.expect_seconds(&row);
    }
    ann.say("/names");
    ann.expect("2 members are here.");
    ann.expect("Here, ann, bob");
    bob.say(&format!("/away {}", "é".repeat(1000)));
    bob.expect("You are away. /back to undo.");
    ann.say("/who");
    ann.expect("2 members are here.");
    ann.expect_start("ann ");
    let row = ann.expect_start("bob ");
    assert!(
        row.ends_with(&format!("  away ({}...)", "é".repeat(24))),
        "{row}"
    );
}

#[test]
fn whois_describes_a_member_also_after_it_left() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("/whois BOB");
    ann.expect_seconds("bob has been here for 0 s, is in lobby, idle 0 s.");
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    ann.say("/whois bob");
    ann.expect_start("bob was last here ");
    ann.say("/whois carl");
    ann.expect("! No such user, carl.");
}

#[test]
fn msg_reaches_its_recipients_and_nobody_else() {
    let server = TestServer::start();
    let [mut ann, mut bob, mut carl, mut dora] = server.join_all(["ann", "bob", "carl", "dora"]);
    for word in ["/msg", "/tell", "/dm", "/W"] {
        ann.say(&format!("{word} bob,CARL a: secret"));
        bob.expect("ann -> bob,carl: a: secret");
        carl.expect("ann -> bob,carl: a: secret");
    }
    ann.say("/msg eve,bob hi");
    ann.expect("! Not sent. No such user, eve.");
    bob.expect("ann -> bob: hi");
    ann.say("/msg ANN hi");
    ann.expect_start("! You cannot message yourself");
    ann.say("to all");
    dora.expect("ann: to all");
    dora.say("/history");
    dora.expect_start("--- the last 1 line,");
    dora.expect("ann: to all");
    dora.expect("--- now ---");
}

#[test]
fn a_message_to_a_leaving_member_is_received_or_refused() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    for round in 0..200 {
        let mut bob = server.join("bob");
        ann.expect("bob has joined the chat room.");
        // Both send at once, so that either may come first.
        bob.say("q:quit");
        ann.say(&format!("/msg bob {round}"));
        let mut received = 0;
        while let Some(line) = bob.receive() {
            received += usize::from(line == format!("ann -> bob: {round}"));
        }
        ann.say("/ping");
        let mut refused = 0;
        loop {
            match ann.receive().unwrap().as_str() {
                "pong" => break,
                "bob has left the chat room." => {}
                "! bob has just left." | "! Not sent. No such user, bob." => {
                    refused += 1;
                }
                line => panic!("{line}"),
            }
        }
        assert_eq!(received + refused, 1, "round {round}");
        // The name is free after its previous holder has left.
        tests::eventually("bob to be gone", || {
            ann.say("/whois bob");
            let reply = ann.receive()?;
            let reply = if reply.ends_with("chat room.") {
                ann.receive()?
            } else {
                reply
            };
            reply.contains("was last here").then_some(())
        });
    }
}

#[test]
fn msg_reports_a_recipient_that_is_away() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/away lunch");
    ann.expect("* bob: is away, lunch");
    ann.say("/msg bob hi");
    ann.expect("bob is away (lunch).");
    bob.expect("You are away. /back to undo.");
    bob.expect("ann -> bob: hi");
}

#[test]
fn reply_goes_to_the_last_private_sender() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/r hello?");
    bob.expect_start("! No private message to reply to");
    ann.say("/msg bob hi");
    bob.expect("ann -> bob: hi");
    bob.say("/reply hello");
    ann.expect("bob -> ann: hello");
    ann.say("/R again");
    bob.expect("ann -> bob: again");
}

#[test]
fn me_sends_an_action() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("ann: /me waves: hello");
    bob.expect("* ann: waves: hello");
}

#[test]
fn nick_changes_the_name_for_all() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("/nick bob");
    ann.expect("! bob is already in use.");
    ann.say("/nick Ann");
    ann.expect("You are now called Ann.");
    bob.expect("ann is now called Ann.");
    ann.say("/nick eve");
    ann.expect("You are now called eve.");
    bob.expect("Ann is now called eve.");
    ann.say("eve: hi");
    bob.expect("eve: hi");
    let mut other = server.join("ann");
    bob.expect("ann has joined the chat room.");
    other.say("/msg eve hi");
    ann.expect("ann has joined the chat room.");
    ann.expect("ann -> eve: hi");
    ann.say("q:quit");
    bob.expect("eve has left the chat room.");
}

#[test]
fn join_and_leave_notify_both_rooms_and_rooms_are_separate() {
    let server = TestServer::start();
    let [mut ann, mut bob, mut carl] = server.join_all(["ann", "bob", "carl"]);
    bob.say("/join #Games");
    bob.expect("You are in Games now. You are the first here.");
    ann.expect("bob has gone from lobby to Games.");
    carl.expect("bob has gone from lobby to Games.");
    carl.say("/JOIN games");
    carl.expect("You are in Games now. bob is here.");
    bob.expect("carl has come from lobby to Games.");
    ann.expect("carl has gone from lobby to Games.");
    carl.say("/join games");
    carl.expect("! You are already in games.");
    ann.say("lobby only");
    bob.say("games only");
    carl.expect("bob: games only");
    ann.say("/ping");
    ann.expect("pong");
    carl.say("/part");
    carl.expect("You are in lobby now. ann is here.");
    carl.expect_start("--- 1 line since you left, ");
    carl.expect("ann: lobby only");
    carl.expect("--- now ---");
    ann.expect("carl has come from Games to lobby.");
    bob.expect("carl has gone from Games to lobby.");
}

#[test]
fn rooms_lists_rooms_with_their_members_counted() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/join games");
    ann.expect("bob has gone from lobby to games.");
    ann.say("/rooms");
    ann.expect(&format!("{:<24}  {:>5}", "games", 1));
    ann.expect(&format!("{:<24}  {:>5}", "lobby", 1));
    bob.say("/leave");
    ann.expect("bob has come from games to lobby.");
    ann.say("/rooms");
    ann.expect(&format!("{:<24}  {:>5}", "lobby", 2));
}

#[test]
fn topic_is_announced_and_shown_to_new_members() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("/topic");
    ann.expect_start("This room has no topic.");
    ann.say("/topic see https://example.org");
    bob.expect("* ann: set the topic to see https://example.org");
    ann.expect("* ann: set the topic to see https://example.org");
    bob.say("/topic");
    bob.expect("* ann: set the topic to see https://example.org");
    let mut carl = server.join("carl");
    carl.expect("* ann: set the topic to see https://example.org");
}

#[test]
fn away_and_back_are_announced() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("/back");
    ann.expect("! You are not away.");
    ann.say("/away");
    ann.expect("You are away. /back to undo.");
    bob.expect("ann is away.");
    ann.say("/back");
    ann.expect("You are back.");
    bob.expect("ann is back.");
}

#[test]
fn history_and_search_show_previous_messages() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/history");
    bob.expect("! Nothing was said here yet.");
    for n in 0..30 {
        ann.say(&format!("line {n}"));
        bob.expect(&format!("ann: line {n}"));
    }
    bob.say("/log 2");
    bob.expect_seconds("--- the last 2 lines, the oldest from 0 s ago ---");
    bob.expect("ann: line 28");
    bob.expect("ann: line 29");
    bob.expect("--- now ---");
    bob.say("/search LINE 2");
    bob.expect_start("--- 11 lines found, ");
    bob.expect("ann: line 2");
    for n in 20..30 {
        bob.expect(&format!("ann: line {n}"));
    }
    bob.expect("--- now ---");
    bob.say("/search nothing like it");
    bob.expect("! No line in this room matches.");
    let mut carl = server.join("carl");
    carl.expect_start("--- the last 20 lines, ");
    for n in 10..30 {
        carl.expect(&format!("ann: line {n}"));
    }
    carl.expect("--- now ---");
}

#[test]
fn a_returning_member_is_shown_each_missed_line_once() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("seen");
    bob.expect("ann: seen");
    bob.say("/quit tea: 5");
    bob.expect_quit();
    ann.expect("bob has left the chat room (tea. 5).");
    for n in 0..300 {
        ann.say(&format!("missed {n}"));
    }
    ann.say("");
    ann.expect("");
    let mut bob = server.join("BOB");
    bob.expect_start("--- 200 lines since you left, ");
    for n in 100..300 {
        bob.expect(&format!("ann: missed {n}"));
    }
    bob.expect("--- now ---");
    ann.say("live");
    bob.expect("ann: live");
}

#[test]
fn ignore_hides_a_member_also_under_a_new_name() {
    let server = TestServer::start();
    let [mut ann, mut bob, mut carl] = server.join_all(["ann", "bob", "carl"]);
    ann.say("/ignore");
    ann.expect("You ignore nobody.");
    ann.say("/ignore bob");
    ann.expect_start("Ignoring bob.");
    bob.say("one");
    bob.say("/me two");
    bob.say("/msg ann three");
    bob.say("/nick rob");
    bob.say("four");
    carl.expect("bob: one");
    carl.expect("* bob: two");
    carl.expect("bob is now called rob.");
    carl.expect("rob: four");
    carl.say("done");
    ann.expect("bob is now called rob.");
    ann.expect("carl: done");
    ann.say("/ignore");
    ann.expect("You ignore rob.");
    ann.say("/unignore rob");
    ann.expect("No longer ignoring rob.");
    ann.say("/unignore rob");
    ann.expect("! You are not ignoring rob.");
    bob.expect("You are now called rob.");
    bob.expect("carl: done");
    bob.say("five");
    ann.expect("rob: five");
}

#[test]
fn quiet_hides_joining_and_leaving() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    ann.say("/quiet");
    ann.expect_start("Join and leave notices are off.");
    let mut carl = server.join("carl");
    bob.expect("carl has joined the chat room.");
    carl.say("hi");
    ann.expect("carl: hi");
    ann.say("/QUIET");
    ann.expect("Join and leave notices are on.");
    carl.say("q:quit");
    ann.expect("carl has left the chat room.");
}

#[test]
fn ping_version_and_uptime_are_answered() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    ann.say("/ping");
    ann.expect("pong");
    ann.say("/version");
    ann.expect_start("chat-server ");
    ann.say("/uptime");
    ann.expect_seconds("The server has been running for 0 s.");
}

#[test]
fn quit_leaves_with_a_reason() {
    let server = TestServer::start();
    let [mut ann, mut bob] = two(&server);
    bob.say("/quit");
    bob.expect_quit();
    ann.expect("bob has left the chat room.");
}

#[test]
fn an_unknown_command_suggests_the_nearest() {
    let server = TestServer::start();
    let mut ann = server.join("ann");
    ann.say("/jion games");
    ann.expect("! Unknown command /jion. Did you mean /join?");
}
