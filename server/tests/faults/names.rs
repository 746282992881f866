//! Names: requested by many at once, or invalid.

use std::sync::Barrier;
use std::thread;

use tests::eventually;

use super::fixture::FaultFixture;

const RIVALS: usize = 50;
const ROUNDS: usize = 200;

/// Fault 24.
#[test]
fn a_name_has_one_winner_however_it_is_spelled() {
    let fixture = FaultFixture::start(&["--quiet"]);
    let barrier = Barrier::new(RIVALS);
    let (room, barrier) = (&fixture, &barrier);
    let rounds_won = move |rival| {
        let won = (0..ROUNDS).filter(|&round| wins(room, barrier, rival, round));
        won.collect::<Vec<usize>>()
    };
    let mut won: Vec<usize> = thread::scope(|scope| {
        let rivals = (0..RIVALS).map(|rival| scope.spawn(move || rounds_won(rival)));
        let rivals: Vec<_> = rivals.collect();
        rivals.into_iter().flat_map(|r| r.join().unwrap()).collect()
    });
    won.sort();
    assert_eq!(won, Vec::from_iter(0..ROUNDS), "each round once");
    eventually("a reason for each connection", || {
        let quit = fixture.server.lines_with("disconnected (quit).").len();
        // One that was here before takes part too.
        (quit == RIVALS * ROUNDS + 1).then_some(())
    });
    fixture.check();
}

/// Returns `true` if `rival` gets the name of this round. All request it at once, each
/// with its own spelling. The holder keeps it until all have a reply.
fn wins(fixture: &FaultFixture, barrier: &Barrier, rival: usize, round: usize) -> bool {
    let letters = "winner".chars().enumerate();
    let letters = letters.map(|(at, letter)| match rival >> at & 1 {
        1 => letter.to_ascii_uppercase(),
        _ => letter,
    });
    let name = format!("{}{round}", letters.collect::<String>());
    let mut peer = fixture.connect();
    barrier.wait();
    peer.say(&name);
    let answer = peer.receive().expect("an answer");
    let taken = format!("! {name} is already in use. Try another.");
    assert!(answer == taken || answer.starts_with(&format!("Welcome, {name}.")));
    barrier.wait();
    peer.say("q:quit");
    peer.expect_sometime("q:quit");
    answer != taken
}

/// Fault 25.
#[test]
fn a_bad_name_is_refused_with_the_reason_and_another_may_be_tried() {
    let fixture = FaultFixture::start(&[]);
    check(&fixture, b"a b", "not a space");
    check(&fixture, b"a:b", "not a colon");
    check(&fixture, b"q:quits", "not a colon");
    check(&fixture, b"*", "not *");
    check(&fixture, b"/who", "not /");
    check(&fixture, b"../x", "not /");
    check(&fixture, b"C:\\x", "not a colon");
    check(&fixture, b"..", "cannot begin with .");
    check(&fixture, b"-h", "cannot begin with -");
    check(&fixture, b"server", "is reserved");
    check(&fixture, b"SERVER", "is reserved");
    check(&fixture, "bystander\u{200b}1".as_bytes(), "not U+200B");
    check(&fixture, "bystander\u{ad}1".as_bytes(), "not U+00AD");
    check(&fixture, "\u{200d}".as_bytes(), "not U+200D");
    check(&fixture, "x\u{202e}y".as_bytes(), "not U+202E");
    check(&fixture, "\u{3164}".as_bytes(), "not U+3164");
    check(
        &fixture,
        "b\u{443}stander1".as_bytes(),
        "mixes Latin and Cyrillic",
    );
    check(
        &fixture,
        "b\u{966}b".as_bytes(),
        "mixes Latin and Devanagari",
    );
    check(
        &fixture,
        "a\u{1c0}ice".as_bytes(),
        "'\u{1c0}' is not a letter",
    );
    check(
        &fixture,
        "\u{1d41b}ob".as_bytes(),
        "another form of a plain",
    );
    check(&fixture, "bystander1\u{301}".as_bytes(), "U+0301");
    check(&fixture, "\u{e34}".as_bytes(), "U+0E34 does not follow");
    check(&fixture, b"all", "is reserved");
    check(&fixture, b"Files", "is reserved");
    check(&fixture, b"9.9.9.9", "cannot be an address");
    check(&fixture, b"a\0b", "not U+0000");
    check(&fixture, b"a\xffb", "is not valid UTF-8");
    check(&fixture, b"BYSTANDER1", "is already in use");
    check(&fixture, &[b'x'; 25], "at most 24 characters, this has 25");
    check(&fixture, &[b'x'; 5000], "Name is too long");
    fixture.check();
}

/// Sends `name`, is refused for `reason`, and joins under a good one.
#[track_caller]
fn check(fixture: &FaultFixture, name: &[u8], reason: &str) {
    let good = format!("ok-{}", fixture.server.lines_with("ok-").len());
    let mut peer = fixture.connect();
    peer.send(name);
    peer.send(b"\n");
    let refusal = peer.expect_start("! ");
    assert!(refusal.contains(reason), "{refusal:?} for {reason:?}");
    assert!(refusal.ends_with(" Try another.") && !refusal.contains(':'));
    peer.say(&good);
    peer.expect_start(&format!("Welcome, {good}."));
    peer.say("q:quit");
    peer.expect_quit();
    fixture.expect_reason(&good, "quit");
}

/// Fault 25.
#[test]
fn blank_lines_before_the_name_are_skipped() {
    let fixture = FaultFixture::start(&[]);
    let mut bob = fixture.connect();
    bob.send(b"\n \t\n\r\n bob \n");
    bob.expect_start("Welcome, bob.");
    bob.say("q:quit");
    bob.expect_quit();
    fixture.expect_reason("bob", "quit");
    fixture.check();
}

/// Fault 25.
#[test]
fn a_peer_that_quits_before_its_name_leaves() {
    let fixture = FaultFixture::start(&[]);
    let mut nobody = fixture.connect();
    let address = nobody.stream().local_addr().unwrap().to_string();
    nobody.say("q:quit");
    nobody.expect_quit();
    fixture.expect_reason(&address, "quit");
    fixture.check();
}

/// Fault 25.
#[test]
fn a_name_of_a_megabyte_is_refused() {
    let fixture = FaultFixture::start(&[]);
    let mut long = fixture.connect();
    let address = long.stream().local_addr().unwrap().to_string();
    // The connection may be closed before all of it is sent.
    let _ = long.try_send(&[b'x'; 1 << 20]);
    long.expect("! Name is too long. Try another.");
    long.expect("! That line has no newline at its end.");
    long.expect_quit();
    fixture.expect_reason(&address, "line");
    fixture.check();
}

/// Fault 25.
#[test]
fn a_peer_without_a_valid_name_in_five_attempts_is_disconnected() {
    let fixture = FaultFixture::start(&[]);
    let mut peer = fixture.connect();
    let address = peer.stream().local_addr().unwrap().to_string();
    for _ in 0..4 {
        peer.say("server");
        let refusal = peer.expect_start("! Invalid name, ");
        assert!(refusal.ends_with("Try another."));
    }
    peer.say("server");
    let refusal = peer.expect_start("! Invalid name, ");
    assert!(refusal.ends_with("That was the last of 5 tries."));
    peer.expect_quit();
    fixture.expect_reason(&address, "name");
    fixture.check();
}
