//! Lines: too long, with unusual ends, cut at any byte, or not text.

use std::fs;

use super::fixture::FaultFixture;

const TOO_LONG: &str = "! Not sent, line is longer than 4096 bytes.";
const NOT_UTF8: &str = "! Not sent, line is not valid UTF-8.";

/// Fault 3.
#[test]
fn an_unterminated_line_is_refused_and_uses_no_memory() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let before = peak_memory(&fixture);
    let piece = [b'x'; 64 * 1024];
    bob.send(&piece);
    bob.expect(TOO_LONG);
    bob.expect("! That line has no newline at its end.");
    bob.expect_quit();
    // All of a GiB is sent, if the server still accepts it.
    let sent = (0..16 * 1024).take_while(|_| bob.try_send(&piece).is_ok());
    eprintln!("{} KiB were taken", sent.count() * 64);
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "line");
    assert!(peak_memory(&fixture) < before + 4 * 1024, "memory is flat");
    drop(ann);
    fixture.check();
}

/// Fault 4.
#[test]
fn a_line_at_the_limit_is_whole_and_one_past_it_is_refused() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    for fits in [
        "x".repeat(4094),
        "x".repeat(4095),
        "x".repeat(4091) + "👋",
        "👋".repeat(1023),
    ] {
        bob.say(&fits);
        ann.expect(&format!("bob: {fits}"));
    }
    for long in ["x".repeat(4096), "x".repeat(4092) + "👋", "👋".repeat(1024)] {
        bob.say(&long);
        bob.expect(TOO_LONG);
    }
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 5.
#[test]
fn the_room_receives_the_same_wherever_the_bytes_are_cut() {
    // Otherwise a piece of a name would be a name, if the next came 250 ms later.
    let fixture = FaultFixture::start(&["--strict"]);
    let mut ann = fixture.join("ann");
    let input = |name: &str| format!("{name}\r\nhi\n/x\nzwei 👋\r\n\nq:quit\n").into_bytes();
    let mut check = |name: String, pieces: Vec<&[u8]>| {
        let mut bob = fixture.connect();
        for piece in pieces {
            bob.send(piece);
        }
        bob.expect_start(&format!("Welcome, {name}."));
        bob.expect_start("! Unknown command /x.");
        bob.expect("");
        bob.expect_quit();
        ann.expect(&format!("{name} has joined the chat room."));
        ann.expect(&format!("{name}: hi"));
        ann.expect(&format!("{name}: zwei 👋"));
        ann.expect(&format!("{name} has left the chat room."));
        fixture.expect_reason(&name, "quit");
    };
    for at in 0..input("b00").len() {
        let name = format!("b{at:02}");
        let bytes = input(&name);
        let (a, b) = bytes.split_at(at);
        check(name, vec![a, b]);
    }
    check("bob".to_string(), input("bob").chunks(1).collect());
    drop(ann);
    fixture.check();
}

/// Fault 6.
#[test]
fn a_thousand_lines_in_one_write_all_arrive() {
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let lines: String = (0..1000).map(|n| format!("{n}\n")).collect();
    bob.send(lines.as_bytes());
    for n in 0..1000 {
        ann.expect(&format!("bob: {n}"));
    }
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 7.
#[test]
fn line_ends_of_every_kind_and_blanks() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    bob.send(b"lf\ncrlf\r\nlo\rne\n\n\r\n  \n\t\r\n\rcr cr\r\r\n");
    for blank in ["", "", "", ""] {
        bob.expect(blank);
    }
    for text in ["lf", "crlf", "lone", "cr cr"] {
        ann.expect(&format!("bob: {text}"));
    }
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 28.
#[test]
fn invalid_utf8_is_refused_to_its_sender_alone() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let wrong: [&[u8]; 8] = [
        b"\xff",
        b"caf\xe9",
        b"\x80",
        b"\xc0\xaf",                 // overlong
        b"\xe0\x80\xaf",             // longer still
        b"\xed\xa0\xbd\xed\xb1\x8b", // surrogates
        b"\xf4\x90\x80\x80",         // past the last code point
        b"\xf0\x9f\x91",             // cut
    ];
    for wrong in wrong {
        bob.send(wrong);
        bob.send(b"\ngood\n");
        bob.expect(NOT_UTF8);
        ann.expect("bob: good");
    }
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Fault 31.
#[test]
fn an_unknown_command_is_answered_and_the_connection_kept() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let huge = format!("/{}", "x".repeat(4000));
    let argument = format!("/dance {}", "y".repeat(4000));
    // The last three are commands of the operator alone.
    let commands = [
        "/dance",
        "/dan",
        "/DANCE",
        "/",
        "/ dance",
        "/é",
        "/\u{1b}[2J",
        "/a:b",
        &huge,
        &argument,
        "/q:quit",
        "/kick ann",
        "/stop",
        "/KICK ann",
    ];
    for command in commands {
        bob.say(command);
        let refusal = bob.expect_start("! ");
        assert!(
            refusal.len() < 200 && !refusal.contains(':'),
            "short, {refusal:?}"
        );
    }
    bob.say("still here");
    ann.expect("bob: still here");
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    drop(ann);
    fixture.check();
}

/// Returns the peak memory of the server in KiB, where the kernel reports it.
fn peak_memory(fixture: &FaultFixture) -> usize {
    let status = format!("/proc/{}/status", fixture.server.id());
    let status = fs::read_to_string(status).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
