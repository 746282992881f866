//! Moderated words: all ways in which a muted or banned member could still say
//! something, and nothing of it is told.

use std::net::SocketAddr;

use common::command::entries;
use tests::{Running, TestClient, UdpTestClient};

use super::fixture::{FaultFixture, Scratch, serve};
use super::sharing::{SharedFolder, Transfer, request_ticket};

/// Lines that say something to others. A muted member is refused.
const SPEAKING: [&str; 21] = [
    "words",
    "bob: words",
    "//words",
    "/me words",
    "/msg ann words",
    "/tell ann words",
    "/dm ann,carl words",
    "/w ann words",
    "/reply words",
    "/r words",
    "/topic words",
    "/TOPIC words",
    "/away words",
    "/nick words",
    "/nick BOB",
    "/join words",
    "/join #words",
    "/put words.pdf 5",
    "/put words 1",
    "bob:words",
    " words",
];

/// Lines that say nothing of the member's own.
const SILENT: [&str; 24] = [
    "/help",
    "/who",
    "/names",
    "/whois ann",
    "/rooms",
    "/topic",
    "/away",
    "/back",
    "/history",
    "/search words",
    "/ignore",
    "/ignore carl",
    "/unignore carl",
    "/quiet",
    "/quiet",
    "/files",
    "/get 1",
    "/forget 1",
    "/join games",
    "/leave",
    "/ping",
    "/version",
    "/uptime",
    "/words",
];

/// The last line, after which the others see that the member has left.
const LAST: &str = "/quit words";

#[test]
fn the_lists_contain_every_command() {
    let all = SPEAKING.iter().chain(&SILENT).chain([&LAST]);
    let words: Vec<&str> = all.map(|line| line.split(' ').next().unwrap()).collect();
    for entry in entries() {
        for word in [entry.word].iter().chain(entry.aliases) {
            let is_typed = words.contains(&format!("/{word}").as_str());
            let is_private = ["?", "list", "users", "part", "log"].contains(word);
            assert!(is_typed || is_private, "/{word}");
        }
    }
}

/// Joins ann and bob in the lobby, and carl in games. Ann has written to bob.
fn join(address: SocketAddr) -> [TestClient; 3] {
    let join = |name| TestClient::join(address, name).ignoring("bystander");
    let (mut ann, mut bob, mut carl) = (join("ann"), join("bob"), join("carl"));
    ann.expect("bob has joined the chat room.");
    for other in [&mut ann, &mut bob] {
        other.expect("carl has joined the chat room.");
    }
    carl.say("/join games");
    carl.expect("You are in games now. You are the first here.");
    for other in [&mut ann, &mut bob] {
        other.expect("carl has gone from lobby to games.");
    }
    ann.say("/msg bob hi");
    bob.expect("ann -> bob: hi");
    [ann, bob, carl]
}

/// Types every line as bob, who is muted. Neither the others nor the log may contain
/// its words.
fn say_everything(server: &Running, [ann, bob, carl]: &mut [TestClient; 3], refusal: &str) {
    for line in SPEAKING {
        bob.say(line);
        bob.expect(refusal);
    }
    for line in SILENT {
        bob.say(line);
    }
    bob.say("/search the end");
    bob.expect_sometime("! No line in this room matches.");
    bob.say(LAST);
    bob.expect_sometime("q:quit");
    for notice in [
        "bob is away.",
        "bob is back.",
        "bob has gone from lobby to games.",
        "bob has come from games to lobby.",
        "bob has left the chat room.",
    ] {
        ann.expect(notice);
    }
    carl.expect("bob has come from lobby to games.");
    carl.expect("bob has gone from games to lobby.");
    carl.say("/ping");
    carl.expect("pong");
    server.wait_for("[CONNECTION CLOSED] bob disconnected (quit).");
    assert_eq!(server.lines_with("words"), [""; 0]);
}

/// Fault 54.
#[test]
fn nothing_of_a_muted_member_is_told() {
    let mut fixture = FaultFixture::start(&[]);
    let mut members = join(fixture.address);
    fixture.server.type_line("/mute bob");
    members[1].expect("You are muted.");
    say_everything(&fixture.server, &mut members, "! You are muted.");
    fixture.expect_reason("bob", "quit");
    // The mute is the name's, also on a new connection.
    let mut again = fixture.join("bob");
    members[0].expect("bob has joined the chat room.");
    again.say("words");
    again.expect("! You are muted.");
    // And after joining under another name.
    again.say("/quit");
    again.expect_quit();
    members[0].expect("bob has left the chat room.");
    let mut renamed = fixture.join("robert");
    members[0].expect("robert has joined the chat room.");
    renamed.say("/nick bob");
    renamed.expect("You are now called bob.");
    members[0].expect("robert is now called bob.");
    renamed.say("words");
    renamed.expect("! You are muted.");
    drop((members, renamed));
    fixture.check();
}

/// Fault 54. The bystanders would be muted as well, so there are none.
#[test]
fn nothing_is_told_while_everybody_is_muted() {
    let mut server = serve(&[]);
    let mut members = join(server.address());
    server.type_line("/mute all");
    for member in &mut members {
        member.expect("Server: Everybody is muted for now.");
    }
    say_everything(&server, &mut members, "! Everybody is muted for now.");
}

/// Fault 54: over UDP, without lines, and on the next connection of the same member.
#[test]
fn a_mute_does_not_depend_on_how_the_member_speaks() {
    let mut fixture = FaultFixture::start(&["--udp"]);
    let mut ann = fixture.join("ann");
    let mut udp = UdpTestClient::join(fixture.address, "udp").ignoring("bystander");
    let mut script = fixture.connect();
    script.send(b"script");
    receive_text(&mut script, "Welcome, script.");
    let (mut broken, token) = TestClient::join_resumable(fixture.address, "broken");
    for name in ["udp", "script", "broken"] {
        fixture.server.type_line(&format!("/mute {name}"));
        fixture.server.wait_for(&format!("Muted {name}"));
    }
    udp.expect_sometime("You are muted.");
    udp.say("words");
    udp.expect("! You are muted.");
    script.send(b"script: words");
    receive_text(&mut script, "! You are muted.");
    broken.stream().shutdown(std::net::Shutdown::Both).unwrap();
    let mut resumed = TestClient::request_resume(fixture.address, &token, "");
    resumed.expect_tagged_start("Welcome, broken.");
    resumed.expect_sometime("--- now ---");
    resumed.say("/seq 1 words");
    // Lines of the bystanders have tags here, and come in between.
    resumed.expect_sometime("! You are muted.");
    for name in ["udp", "script", "broken"] {
        ann.expect(&format!("{name} has joined the chat room."));
    }
    ann.say("/ping");
    ann.expect("pong");
    udp.say("q:quit");
    fixture.expect_reason("udp", "quit");
    drop((ann, script, resumed));
    fixture.check();
}

/// Receives texts without newlines until one contains `part`.
fn receive_text(script: &mut TestClient, part: &str) {
    let mut received = String::new();
    while !received.contains(part) {
        received += &script.recv();
    }
}

/// Begins an upload of bob, types `order`, and sends the rest. Expects `reply`, and that
/// nothing is told of the file.
fn check_upload(order: &str, reply: &str) {
    let mut shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let ticket = request_ticket(&mut bob, "/put words.pdf 5").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    transfer.send(b"hell");
    shared.fixture.server.type_line(order);
    bob.expect_start(if order.starts_with("/mute") {
        "You are "
    } else {
        "! You "
    });
    if !order.starts_with("/mute") {
        ann.expect("bob has left the chat room.");
    }
    transfer.send(b"o");
    assert_eq!(transfer.line(), reply, "{order}");
    assert!(transfer.rest().is_empty());
    ann.say("/files");
    ann.expect("No files yet.");
    let shown = shared.fixture.server.lines_with("shares");
    assert_eq!(shown, [""; 0], "{order}");
    drop((ann, bob));
    shared.check();
}

/// Fault 54.
#[test]
fn an_upload_that_ends_after_a_mute_is_not_told() {
    check_upload("/mute bob", "! You are muted.");
}

/// Fault 54.
#[test]
fn an_upload_that_ends_after_a_ban_or_a_kick_is_not_told() {
    check_upload("/ban bob", "");
    check_upload("/kick bob", "");
}

/// Fault 54. The bystanders would be muted as well, so there are none.
#[test]
fn an_upload_that_ends_while_everybody_is_muted_is_not_told() {
    let scratch = Scratch::new();
    let mut server = serve(&["--files", &scratch.file("store")]);
    let address = server.address();
    let [mut ann, mut bob] = TestClient::join_all(address, ["ann", "bob"]);
    let ticket = request_ticket(&mut bob, "/put words.pdf 5").ticket;
    let mut transfer = Transfer::connect(address, &format!("/put {ticket}"));
    transfer.expect("ok 0");
    server.type_line("/mute all");
    ann.expect("Server: Everybody is muted for now.");
    transfer.send(b"hello");
    transfer.expect("! Everybody is muted for now.");
    ann.say("/files");
    ann.expect("No files yet.");
    assert_eq!(server.lines_with("shares"), [""; 0]);
}

/// Fault 54: a mute and a kick hold for a member whose departure was announced.
/// Waits until bob has left and nobody finds it any more, which is a moment after the notice.
fn expect_departure(ann: &mut TestClient) {
    ann.expect_sometime("bob has left the chat room.");
    let mut is_here = true;
    while is_here {
        ann.say("/whois bob");
        let answer =
            std::iter::from_fn(|| ann.receive()).find(|line| !line.starts_with("bystander"));
        is_here = !answer.unwrap().starts_with("bob was last here ");
    }
}

#[test]
fn a_departed_member_can_be_muted_and_kicked() {
    let mut fixture = FaultFixture::start(&["--leave-delay", "0.1"]);
    let address = fixture.server.address();
    let mut ann = fixture.join("ann");
    let (bob, token) = TestClient::join_resumable(address, "bob");
    drop(bob);
    expect_departure(&mut ann);
    fixture.server.type_line("/mute bob");
    fixture.server.wait_for("bob is not here, and is muted");
    let mut bob = TestClient::request_resume(address, &token, "");
    bob.expect_tagged_start("Welcome, bob.");
    bob.say("hi");
    bob.expect_sometime("! You are muted.");
    drop(bob);
    expect_departure(&mut ann);
    fixture.server.type_line("/kick bob");
    fixture
        .server
        .wait_for("bob has left, and cannot come back");
    let mut bob = TestClient::request_resume(address, &token, "");
    bob.expect("! Unknown or expired token.");
    drop((ann, bob));
    fixture.check();
}
