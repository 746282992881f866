//! Ignoring: nothing that an ignored member says is shown, under whatever name. That it
//! joins, leaves or is renamed is told in the server's own words.

use std::time::{Duration, Instant};

use tests::TestClient;

use super::fixture::FaultFixture;
use super::sharing::SharedFolder;

/// Makes ann ignore the member `name`.
fn ignore(ann: &mut TestClient, name: &str) {
    ann.say(&format!("/ignore {name}"));
    ann.expect(&format!("Ignoring {name}. /unignore {name} to undo."));
}

/// Fault 53.
#[test]
fn ignoring_follows_the_member_and_not_its_name() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    ignore(&mut ann, "bob");
    bob.say("/nick rob");
    bob.expect("You are now called rob.");
    ann.expect("bob is now called rob.");
    bob.say("unseen");
    bob.say("/msg ann unseen");
    bob.say("/ping");
    bob.expect("pong");
    let mut carl = fixture.join("carl");
    ann.expect("carl has joined the chat room.");
    bob.expect("carl has joined the chat room.");
    carl.say("/nick bob");
    carl.expect("You are now called bob.");
    ann.expect("carl is now called bob.");
    bob.expect("carl is now called bob.");
    // The present holder of the name is not ignored.
    carl.say("hello");
    ann.expect("bob: hello");
    bob.expect("bob: hello");
    ann.say("/ignore");
    ann.expect("You ignore rob.");
    ann.say("/unignore bob");
    ann.expect("No longer ignoring bob.");
    bob.say("seen");
    ann.expect("rob: seen");
    drop((ann, bob, carl));
    fixture.check();
}

/// Fault 53: the list contains the member once, however often it takes another name,
/// and a name costs the server little.
#[test]
fn four_hundred_names_of_one_member_do_not_fill_the_list_of_another() {
    const FLIPS: usize = 400;
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    ignore(&mut ann, "bob");
    let (begin, before) = (Instant::now(), fixture.server.cpu_time());
    for flip in 0..FLIPS {
        bob.say(&format!("/nick bob{flip}"));
        bob.expect(&format!("You are now called bob{flip}."));
    }
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    if let (Some(before), Some(after)) = (before, fixture.server.cpu_time()) {
        let busy = after - before;
        assert!(busy < Duration::from_secs(4), "it was busy for {busy:?}");
    }
    let last = format!("bob{}", FLIPS - 1);
    ann.expect_sometime(&format!("bob{} is now called {last}.", FLIPS - 2));
    ann.say("/ignore");
    ann.expect(&format!("You ignore {last}."));
    // There is room for the 99 others.
    let mut others: Vec<TestClient> = Vec::new();
    for number in 1..100 {
        others.push(TestClient::join(fixture.address, &format!("other{number}")));
        ann.expect(&format!("other{number} has joined the chat room."));
        ignore(&mut ann, &format!("other{number}"));
    }
    let carl = fixture.join("carl");
    ann.expect("carl has joined the chat room.");
    ann.say("/ignore carl");
    ann.expect("! You already ignore 100 members, the maximum.");
    bob.say("unseen");
    ann.say("/ping");
    ann.expect("pong");
    drop((ann, bob, carl, others));
    fixture.check();
}

/// Fault 53: a line from the server has at most 8,192 bytes.
#[test]
fn a_hundred_long_names_are_listed_in_several_lines() {
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let mut ann = fixture.join("ann");
    let mut others: Vec<TestClient> = Vec::new();
    for number in 0..100 {
        let name = format!("{}{number:02}", "\u{20021}".repeat(22));
        others.push(TestClient::join(fixture.address, &name));
        ann.expect(&format!("{name} has joined the chat room."));
        ignore(&mut ann, &name);
    }
    ann.say("/ignore");
    ann.say("/ping");
    let lines = std::iter::from_fn(|| ann.receive().filter(|line| line != "pong"));
    let lines: Vec<String> = lines.collect();
    assert!(lines.iter().all(|line| line.len() < 200), "{lines:?}");
    let names = lines.iter().map(|line| line.matches("\u{20021}0").count());
    assert_eq!(names.sum::<usize>(), 10);
    drop((ann, others));
    fixture.check();
}

/// Lines with which a member says something, each with what the others receive.
const WORDS: [(&str, &str); 6] = [
    ("unseen words", "bob: unseen words"),
    ("/me unseen", "* bob: unseen"),
    ("/topic unseen", "* bob: set the topic to unseen"),
    ("/away unseen", "* bob: is away, unseen"),
    ("/back", "bob is back."),
    ("/away", "bob is away."),
];

/// Fault 53: carl receives everything of bob. Ann, who ignores bob, receives nothing.
#[test]
fn nothing_that_an_ignored_member_says_is_shown() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob, mut carl] = shared.fixture.join_all(["ann", "bob", "carl"]);
    ignore(&mut ann, "bob");
    for (line, shown) in WORDS {
        bob.say(line);
        carl.expect(shown);
    }
    bob.say("/msg ann unseen");
    bob.say("/ping");
    bob.expect_sometime("pong");
    shared.share(&mut bob, "unseen.pdf", b"hello");
    carl.expect("bob shares unseen.pdf, 5 B. Type /get 1 to fetch it.");
    ann.say("/files");
    ann.expect("1 file.");
    ann.expect_start("   1       5 B  (name hidden)  from bob, ");
    ann.say("/topic");
    ann.expect("This room has no topic. /topic TEXT sets one.");
    ann.say("/reply who?");
    ann.expect("! No private message to reply to.");
    bob.say("/away unseen again");
    carl.expect("* bob: is away, unseen again");
    ann.say("/who");
    ann.expect("5 members are here.");
    for _ in ["ann", "bob", "carl"] {
        let row = ann.receive().unwrap();
        assert!(!row.contains("unseen"), "{row}");
    }
    ann.say("/whois bob");
    let row = ann.receive().unwrap();
    assert!(
        row.ends_with(", and away.") && !row.contains("unseen"),
        "{row}"
    );
    ann.say("/msg bob I do not read your answers");
    ann.expect("bob is away.");
    // Neither does ann receive the topic when she comes back to the room.
    ann.say("/join games");
    ann.expect("You are in games now. You are the first here.");
    ann.say("/leave");
    ann.expect_start("You are in lobby now. ");
    carl.expect("ann has gone from lobby to games.");
    carl.expect("ann has come from games to lobby.");
    carl.say("hello");
    ann.expect("carl: hello");
    drop((ann, bob, carl));
    shared.check();
}

/// Fault 53.
#[test]
fn the_history_is_shown_without_an_ignored_member() {
    let fixture = FaultFixture::start(&["--history", "1000"]);
    let mut ann = fixture.join("ann");
    let mut bob = fixture.join("bob");
    ann.expect_sometime("bob has joined the chat room.");
    ignore(&mut ann, "bob");
    let mut carl = fixture.join("carl");
    ann.expect("carl has joined the chat room.");
    bob.say("here is a keyword");
    carl.expect_sometime("bob: here is a keyword");
    carl.say("a keyword, too");
    ann.expect("carl: a keyword, too");
    ann.say("/search keyword");
    ann.expect_start("--- 1 line found, the oldest from ");
    ann.expect("carl: a keyword, too");
    ann.expect("--- now ---");
    ann.say("/join games");
    ann.expect("You are in games now. You are the first here.");
    bob.say("another keyword");
    carl.expect_sometime("bob: another keyword");
    carl.say("the last keyword");
    bob.expect_sometime("carl: the last keyword");
    for command in ["/leave", "/history 1000"] {
        ann.say(command);
        let lines = std::iter::from_fn(|| ann.receive().filter(|line| line != "--- now ---"));
        let lines: Vec<String> = lines.collect();
        let last = lines.last().unwrap();
        assert_eq!(last, "carl: the last keyword", "{command}");
        let of_bob = lines.iter().find(|line| line.starts_with("bob: "));
        assert_eq!(of_bob, None, "{command}");
    }
    drop((ann, bob, carl));
    fixture.check();
}

/// Fault 53.
#[test]
fn an_ignored_member_joins_and_leaves_without_its_words() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob, mut carl] = fixture.join_all(["ann", "bob", "carl"]);
    ignore(&mut ann, "bob");
    bob.say("/nick rob");
    for other in [&mut ann, &mut carl] {
        other.expect("bob is now called rob.");
    }
    bob.expect("You are now called rob.");
    bob.say("/join games");
    bob.expect_start("You are in games now.");
    bob.say("/leave");
    bob.expect_start("You are in lobby now.");
    // The name of a room is a word, too.
    ann.expect("rob has gone to another room.");
    ann.expect("rob has come from another room.");
    carl.expect("rob has gone from lobby to games.");
    carl.expect("rob has come from games to lobby.");
    bob.say("/quit you are all fools");
    bob.expect_quit();
    ann.expect("rob has left the chat room.");
    carl.expect("rob has left the chat room (you are all fools).");
    fixture.expect_reason("rob", "quit");
    // A member that joins is another one, and is not ignored.
    let mut other = fixture.join("rob");
    other.say("hello");
    for member in [&mut ann, &mut carl] {
        member.expect("rob has joined the chat room.");
        member.expect("rob: hello");
    }
    ann.say("/ignore");
    ann.expect("You ignore nobody. 1 of those that you ignored have left.");
    drop((ann, other, carl));
    fixture.check();
}
