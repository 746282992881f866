//! Identity: a reference to a member means that member, and not the next holder of its
//! name.

use std::net::Shutdown;
use std::process::Command;

use tests::{Running, TestClient};

use super::fixture::FaultFixture;
use super::sharing::{SharedFolder, Transfer, id_in, noise, request_ticket};

/// Renames the member `old`, which the other members see.
fn rename(client: &mut TestClient, old: &str, new: &str, others: &mut [&mut TestClient]) {
    client.say(&format!("/nick {new}"));
    client.expect(&format!("You are now called {new}."));
    for other in others {
        other.expect(&format!("{old} is now called {new}."));
    }
}

/// Joins a client under a name that another member had, which the other members see.
fn take_name(fixture: &FaultFixture, name: &str, others: &mut [&mut TestClient]) -> TestClient {
    let client = fixture.join(name);
    for other in others {
        other.expect(&format!("{name} has joined the chat room."));
    }
    client
}

/// Leaves, which the other member sees.
fn quit(fixture: &FaultFixture, mut client: TestClient, name: &str, other: &mut TestClient) {
    client.say("q:quit");
    client.expect_quit();
    other.expect(&format!("{name} has left the chat room."));
    fixture.expect_reason(name, "quit");
}

/// Fault 53.
#[test]
fn a_reply_goes_to_the_member_under_its_present_name() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    bob.say("/msg ann the code is 1234");
    ann.expect("bob -> ann: the code is 1234");
    rename(&mut bob, "bob", "rob", &mut [&mut ann]);
    let mut mallory = take_name(&fixture, "bob", &mut [&mut ann, &mut bob]);
    ann.say("/reply I changed it to 5678");
    bob.expect("ann -> rob: I changed it to 5678");
    // The reply is not for the new holder of the name.
    ann.say("hello");
    mallory.expect("ann: hello");
    drop((ann, bob, mallory));
    fixture.check();
}

/// Fault 53.
#[test]
fn a_reply_to_a_member_that_left_goes_to_nobody() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    bob.say("/msg ann hi");
    ann.expect("bob -> ann: hi");
    quit(&fixture, bob, "bob", &mut ann);
    ann.say("/reply secret");
    ann.expect("! Not sent. bob has left.");
    let mut mallory = take_name(&fixture, "bob", &mut [&mut ann]);
    ann.say("/reply secret");
    ann.expect("! Not sent. bob has left.");
    ann.say("hello");
    mallory.expect("ann: hello");
    // The new bob has written now, so it is the one to reply to.
    mallory.say("/msg ann it is me");
    ann.expect("bob -> ann: it is me");
    ann.say("/reply secret");
    ann.expect_start("! Not sent. The last message is from bob now,");
    ann.say("/reply who are you?");
    mallory.expect("ann -> bob: who are you?");
    drop((ann, mallory));
    fixture.check();
}

/// Fault 53.
#[test]
fn a_file_belongs_to_the_member_and_not_to_its_name() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let first = shared.share(&mut bob, "first", b"hello");
    ann.expect_start("bob shares first");
    let second = shared.share(&mut bob, "second", b"hello");
    ann.expect_start("bob shares second");
    rename(&mut bob, "bob", "rob", &mut [&mut ann]);
    let mut mallory = take_name(&shared.fixture, "bob", &mut [&mut ann, &mut bob]);
    mallory.say(&format!("/forget {first}"));
    mallory.expect("! Only the member who shared first can remove it.");
    bob.say(&format!("/forget {first}"));
    bob.expect("first is removed.");
    quit(&shared.fixture, bob, "rob", &mut ann);
    mallory.expect("rob has left the chat room.");
    for name in ["bob", "rob"] {
        mallory.say(&format!("/nick {name}"));
        mallory.receive();
        mallory.say(&format!("/forget {second}"));
        mallory.expect("! Only the member who shared second can remove it.");
    }
    drop((ann, mallory));
    shared.check();
}

/// Fault 53.
#[test]
fn a_file_is_shared_under_the_present_name_of_its_sender() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let ticket = request_ticket(&mut bob, "/put notes.pdf 5").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    rename(&mut bob, "bob", "rob", &mut [&mut ann]);
    let mut mallory = take_name(&shared.fixture, "bob", &mut [&mut ann, &mut bob]);
    transfer.send(b"hello");
    transfer.expect("ok");
    let notice = "rob shares notes.pdf, 5 B. Type /get 1 to fetch it.";
    for member in [&mut ann, &mut bob, &mut mallory] {
        member.expect(notice);
    }
    ann.say("/files");
    ann.expect("1 file.");
    ann.expect_start("   1       5 B  notes.pdf  from rob, ");
    drop((ann, bob, mallory));
    shared.check();
}

/// Fault 53.
#[test]
fn a_ticket_ends_with_its_member_and_not_with_its_name() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let kept = request_ticket(&mut bob, "/put kept 5").ticket;
    let lost = request_ticket(&mut bob, "/put lost 5").ticket;
    // It is valid under another name.
    rename(&mut bob, "bob", "rob", &mut [&mut ann]);
    let mut transfer = shared.connect(&format!("/put {kept}"));
    transfer.expect("ok 0");
    transfer.send(b"hello");
    transfer.expect("ok");
    ann.expect_start("rob shares kept");
    bob.expect_start("rob shares kept");
    rename(&mut bob, "rob", "bob", &mut [&mut ann]);
    quit(&shared.fixture, bob, "bob", &mut ann);
    let mallory = take_name(&shared.fixture, "bob", &mut [&mut ann]);
    let mut transfer = shared.connect(&format!("/put {lost}"));
    transfer.expect("! Invalid or expired ticket. Request one in the chat.");
    drop((ann, mallory));
    shared.check();
}

/// Sends `bytes` of an upload of `/put notes 10`, then breaks it. Expects that the
/// server has `received` bytes of it already.
fn send_part(shared: &SharedFolder, client: &mut TestClient, received: usize, bytes: &[u8]) {
    let mut transfer = begin(shared, client, received);
    transfer.send(bytes);
    transfer.0.shutdown(Shutdown::Write).unwrap();
    assert!(transfer.rest().is_empty());
}

fn begin(shared: &SharedFolder, client: &mut TestClient, received: usize) -> Transfer {
    let ticket = request_ticket(client, "/put notes 10").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect(&format!("ok {received}"));
    transfer
}

/// Fault 53: two members have sent parts of a file of the same name and size, under the
/// same name. None of them receives or completes what the other has sent.
#[test]
fn an_upload_is_resumed_by_its_own_member_alone() {
    let shared = SharedFolder::open(&[]);
    let bytes = noise(10);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    send_part(&shared, &mut bob, 0, &bytes[..4]);
    rename(&mut bob, "bob", "rob", &mut [&mut ann]);
    let mut mallory = take_name(&shared.fixture, "bob", &mut [&mut ann, &mut bob]);
    send_part(&shared, &mut mallory, 0, b"evil42");
    // The member that was renamed goes on where it was.
    let mut transfer = begin(&shared, &mut bob, 4);
    transfer.send(&bytes[4..]);
    transfer.expect("ok");
    let id = id_in(&ann.expect_start("rob shares notes"));
    let ticket = request_ticket(&mut ann, &format!("/get {id}")).ticket;
    let mut transfer = shared.connect(&format!("/get {ticket}"));
    transfer.expect("ok 10");
    assert_eq!(transfer.rest(), bytes);
    mallory.expect_start("rob shares notes");
    // A member that has left cannot be resumed by the next of its name.
    quit(&shared.fixture, mallory, "bob", &mut ann);
    let mut third = take_name(&shared.fixture, "bob", &mut [&mut ann]);
    send_part(&shared, &mut third, 0, b"mine");
    drop((ann, bob, third));
    shared.check();
}

/// Fault 53: a private message that comes while a reply is typed does not turn the reply
/// to another member.
#[test]
fn a_reply_is_refused_once_if_the_last_sender_has_just_changed() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob, mut carl] = ["ann", "bob", "carl"].map(|name| fixture.join(name));
    carl.say("/msg ann what is the code?");
    ann.expect_sometime("carl -> ann: what is the code?");
    bob.say("/msg ann x");
    ann.expect_sometime("bob -> ann: x");
    ann.say("/reply 42");
    ann.expect_sometime(
        "! Not sent. The last message is from bob now, /reply again to answer that.",
    );
    ann.say("/reply hello bob");
    bob.expect_sometime("ann -> bob: hello bob");
    drop((ann, bob, carl));
    fixture.check();
}

/// A server that keeps a history has no bystanders, who would be in it.
#[test]
fn the_missed_lines_of_a_name_are_shown_to_its_host_alone() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    let server = Running::start(program.args(["::1", "0", "--listen", "127.0.0.1:0"]));
    let line = server.wait_for("listening at 127.0.0.1:");
    let elsewhere = line.rsplit(' ').next().unwrap().parse().unwrap();
    let mut ann = TestClient::join(server.address(), "ann");
    let mut say = |text: &str| {
        ann.say(text);
        ann.say("/ping");
        ann.expect_sometime("pong");
    };
    let visit = |address, lines: &str| {
        let mut bob = TestClient::join(address, "bob");
        bob.expect_start(lines);
        bob.expect_sometime("--- now ---");
        bob.say("q:quit");
        bob.expect_quit();
    };
    say("one");
    visit(server.address(), "--- the last 1 line");
    say("two");
    visit(elsewhere, "--- the last 2 lines");
    visit(server.address(), "--- 1 line since you left");
}
