//! Texts: imitations of other lines, text that is unsafe for a terminal, and floods.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use tests::TestClient;

use super::fixture::FaultFixture;

/// Returns `true` for an unsafe character. This repeats the list of the design on
/// purpose.
fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{a}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}

/// Returns every code point up to FF, and all unsafe ones beyond.
fn suspects() -> impl Iterator<Item = char> {
    let beyond = ('\u{100}'..=char::MAX).filter(|&c| is_forbidden(c));
    let suspects = ('\0'..='\u{ff}').chain(beyond);
    suspects.filter(|&c| c != '\n') // which ends the line
}

/// The escape sequences of terminals, in their forms of seven and of eight bits.
const SEQUENCES: [&str; 10] = [
    "\u{1b}[2J",                                     // clear the screen
    "\u{9b}31m",                                     // red from here on
    "\u{1b}[6n",                                     // type where the cursor is
    "\u{1b}]0;title\u{7}",                           // name the window
    "\u{1b}]52;c;cm0gLXJm\u{1b}\\",                  // fill the clipboard
    "\u{9d}52;c;cm0gLXJm\u{9c}",                     // the same
    "\u{1b}]8;;http://x\u{1b}\\bank\u{1b}]8;;\u{7}", // a false link
    "\u{1b}P+q544e\u{1b}\\",                         // ask the terminal (DCS)
    "\u{1b}c",                                       // reset it
    "\u{e}\u{1b}(0lqqk\u{f}",                        // other characters
];

/// Fault 26.
#[test]
fn an_imitating_text_still_has_its_sender() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    for text in [
        "ann: hi",
        "ann has left the chat room.",
        "Server: hi",
        "--- history ---",
        "! no",
        "* ann waves",
        "ann -> bob: psst",
        "[CONNECTION CLOSED] ann disconnected (kicked).",
    ] {
        bob.say(text);
        ann.expect(&format!("bob: {text}"));
        fixture.server.wait_for(&format!("[bob] {text}"));
    }
    bob.say("one\rServer: two");
    ann.expect("bob: oneServer: two");
    bob.say("bob: bob: hi");
    ann.expect("bob: bob: hi");
    fixture.server.type_line("hi");
    ann.expect("Server: hi");
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "quit");
    drop([ann, bob]);
    fixture.check();
}

/// Fault 26: nobody is shown as a recipient who is not in the chat.
#[test]
fn a_private_message_names_members_alone_and_as_they_write_themselves() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob, carl] = fixture.join_all(["ann", "Bob", "carl"]);
    ann.say("/msg teacher,BOB,cARL,head hi");
    bob.expect("ann -> Bob,carl: hi");
    ann.expect("! Not sent. No such user, teacher.");
    ann.expect("! Not sent. No such user, head.");
    drop((ann, bob, carl));
    fixture.check();
}

/// Fault 27.
#[test]
fn unsafe_characters_reach_nobody_and_no_log() {
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let mut texts: Vec<String> = suspects().map(|c| format!("a{c}b")).collect();
    texts.extend(SEQUENCES.map(|sequence| format!("a{sequence}b")));
    texts.push(format!("a{}b", "\u{7}".repeat(1000)));
    let mut expected = String::new();
    for text in &texts {
        bob.say(text);
        let clean: String = text.chars().filter(|&c| !is_forbidden(c)).collect();
        expected += &format!("bob: {clean}\n");
    }
    bob.say("q:quit");
    bob.expect_quit();
    let raw = receive_raw_until(&mut ann, "bob has left the chat room.\n");
    let bobs = raw
        .split_inclusive('\n')
        .filter(|line| line.starts_with("bob: "));
    assert_eq!(bobs.collect::<String>(), expected);
    assert_eq!(raw.replace('\n', "").find(is_forbidden), None);
    fixture.expect_reason("bob", "quit");
    let logged = fixture.server.lines_with("[bob] ").join("\n") + "\n";
    assert_eq!(logged, expected.replace("bob: ", "[bob] "));
    drop(ann);
    expect_clean_output(&fixture);
    fixture.check();
}

/// Fault 27.
#[test]
fn unsafe_characters_are_in_no_name_and_not_repeated() {
    let fixture = FaultFixture::start(&[]);
    let forbidden: Vec<char> = suspects().filter(|&c| is_forbidden(c)).collect();
    for few in forbidden.chunks(4) {
        let mut peer = fixture.connect();
        for c in few {
            peer.say(&format!("a{c}b"));
            let refusal = peer.expect_start("! Invalid name, ");
            assert_eq!(refusal.find(is_forbidden), None);
            assert!(refusal.contains(&format!("not U+{:04X}", u32::from(*c))));
        }
        peer.say("q:quit");
        peer.expect_quit();
    }
    for sequence in SEQUENCES {
        let mut peer = fixture.connect();
        let address = peer.stream().local_addr().unwrap().to_string();
        peer.say(sequence);
        let refusal = peer.expect_start("! Invalid name, ");
        assert_eq!(refusal.find(is_forbidden), None);
        peer.say("q:quit");
        peer.expect_quit();
        fixture.expect_reason(&address, "quit");
    }
    expect_clean_output(&fixture);
    fixture.check();
}

/// Fault 27.
#[test]
fn the_operators_text_is_sanitized_too() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let dirty: String = suspects().filter(|&c| is_forbidden(c)).collect();
    let why = format!("x{dirty}{}y", SEQUENCES.concat());
    let clean: String = why.chars().filter(|&c| !is_forbidden(c)).collect();
    fixture.server.type_line(&why);
    ann.expect(&format!("Server: {clean}"));
    bob.expect(&format!("Server: {clean}"));
    fixture.server.type_line(&format!("/kick nobody{why}"));
    fixture.server.wait_for("No such user, nobodyx");
    fixture.server.type_line(&format!("/no{why}"));
    fixture.server.wait_for("Unknown command /nox");
    fixture.server.type_line(&format!("/kick bob {why}"));
    let clean = clean.replace(':', ".");
    bob.expect(&format!("! You were kicked, {clean}"));
    bob.expect_quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    expect_clean_output(&fixture);
    drop(ann);
    fixture.check();
}

/// Fault 30.
#[test]
fn of_a_flood_without_a_limit_nothing_is_lost() {
    let fixture = FaultFixture::start(&["--rate", "off", "--quiet"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let flood = thread::spawn(move || {
        bob.send(numbers(100_000).as_bytes());
        bob
    });
    for n in 0..100_000 {
        ann.expect(&format!("bob: {n}"));
    }
    let mut bob = flood.join().unwrap();
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 30.
#[test]
fn a_flood_at_the_usual_rate_is_slowed_and_nothing_is_lost() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let begin = Instant::now();
    let mut socket = bob.stream().try_clone().unwrap();
    // Most of it waits in the socket until bob is kicked, and is discarded. The write
    // must still end.
    let flood = thread::spawn(move || socket.write_all(numbers(1_000_000).as_bytes()));
    for n in 0..60 {
        ann.expect(&format!("bob: {n}"));
    }
    // Fifty lines are sent at once, and then ten a second.
    assert!(begin.elapsed() >= Duration::from_millis(900));
    fixture.server.type_line("/kick bob that is enough");
    bob.expect("! You were kicked, that is enough");
    bob.expect_quit();
    ann.expect_sometime("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    drop(ann);
    fixture.check();
    let _taken_or_cut_short = flood.join().unwrap();
}

/// Fault 30.
#[test]
fn a_flood_of_commands_is_answered_to_the_last() {
    let fixture = FaultFixture::start(&["--rate", "20000:50", "--quiet"]);
    let mut bob = fixture.join("bob");
    bob.send("/dance\n".repeat(10_000).as_bytes());
    for _ in 0..10_000 {
        bob.expect_start("! Unknown command /dance.");
    }
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Returns the lines `0` to `count - 1`.
fn numbers(count: usize) -> String {
    (0..count).map(|n| format!("{n}\n")).collect()
}

/// Returns all bytes that `peer` receives, up to and including `last`.
fn receive_raw_until(peer: &mut TestClient, last: &str) -> String {
    let mut received = Vec::new();
    while !received.ends_with(last.as_bytes()) {
        let mut some = [0; 4096];
        let count = peer.read_some(&mut some).expect("more");
        assert!(count > 0, "the end came too early");
        received.extend_from_slice(&some[..count]);
    }
    String::from_utf8(received).expect("text")
}

/// Checks that the operator was shown nothing unsafe.
fn expect_clean_output(fixture: &FaultFixture) {
    for line in fixture.server.lines_with("") {
        assert_eq!(line.find(is_forbidden), None, "{line:?}");
    }
}

/// Fault 27, for all texts that a command sends to others.
#[test]
fn unsafe_characters_are_in_no_text_of_a_command() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let dirty: String = suspects().filter(|&c| is_forbidden(c)).collect();
    let text = format!("x{dirty}{}y", SEQUENCES.concat());
    let clean: String = text.chars().filter(|&c| !is_forbidden(c)).collect();
    for (command, received) in [
        ("/me", "* ann: "),
        ("/msg bob", "ann -> bob: "),
        ("/topic", "* ann: set the topic to "),
        ("/away", "* ann: is away, "),
    ] {
        ann.say(&format!("{command} {text}"));
        bob.expect(&format!("{received}{clean}"));
    }
    bob.say("/whois ann");
    let plain = clean.replace(':', ".");
    bob.expect_seconds(&format!(
        "ann has been here for 0 s, is in lobby, idle 0 s, and away ({plain})."
    ));
    ann.say(&format!("/join {text}"));
    ann.say(&format!("/quit {text}"));
    ann.expect_sometime("q:quit");
    bob.expect(&format!("ann has left the chat room ({plain})."));
    expect_clean_output(&fixture);
    drop((ann, bob));
    fixture.check();
}

/// A private message is visible to nobody else, not even the operator.
#[test]
fn a_private_message_is_in_no_log_and_no_transcript() {
    let file = std::env::temp_dir().join(format!("private-{}", std::process::id()));
    let path = file.display().to_string();
    let mut server = crate::fixture::serve(&["--transcript", &path]);
    let [mut ann, mut bob] = tests::TestClient::join_all(server.address(), ["ann", "bob"]);
    ann.say("/msg bob a secret");
    bob.expect("ann -> bob: a secret");
    bob.say("/r another secret");
    ann.expect("bob -> ann: another secret");
    ann.say("no news");
    bob.expect("ann: no news");
    server.type_line("/stop");
    assert!(server.wait().success());
    let transcript = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(transcript.contains(" lobby ann: no news\n"), "{transcript}");
    assert!(!transcript.contains("secret"), "{transcript}");
    server.wait_for("[ann] no news");
    assert!(server.lines_with("secret").is_empty());
}
