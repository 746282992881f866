//! Moderation: decisions of the operator, and the notices about them.

use tests::TestClient;

use crate::fixture::FaultFixture;

#[test]
fn a_banned_member_is_disconnected_and_refused() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    fixture.server.type_line("/ban bob 10m");
    bob.expect("! You are banned.");
    bob.expect_quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    let mut again = fixture.connect();
    again.say("BOB");
    again.expect("! BOB is banned. Try another.");
    ann.say("/nick bob");
    ann.expect("! bob is banned.");
    fixture.server.type_line("/bans");
    fixture
        .server
        .wait_for("bob                                          9 min");
    fixture.server.type_line("/unban bob");
    fixture.server.wait_for("Unbanned bob.");
    again.say("bob");
    again.expect_start("Welcome, bob.");
    drop((ann, bob, again));
    fixture.check();
}

#[test]
fn a_banned_address_and_a_locked_server_admit_nobody() {
    let mut fixture = FaultFixture::start(&[]);
    fixture.server.type_line("/lock");
    fixture.server.wait_for("The server is locked.");
    let mut ann = fixture.connect();
    ann.expect("! The server is locked. Try again later.");
    ann.expect_quit();
    fixture.server.type_line("/unlock");
    fixture.server.wait_for("The server is unlocked.");
    let ann = fixture.join("ann");
    fixture.server.type_line("/ban 10.0.0.2");
    fixture
        .server
        .wait_for("Banned 10.0.0.2 forever, disconnected 0.");
    fixture.server.type_line("/bans");
    fixture.server.wait_for("forever");
    drop(ann);
    fixture.check();
}

#[test]
fn a_muted_member_sends_nothing_until_unmuted() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    fixture.server.type_line("/mute bob");
    bob.expect("You are muted.");
    for line in [
        "hi",
        "/me waves",
        "/msg ann hi",
        "/topic hi",
        "/away hi",
        "/nick hi",
    ] {
        bob.say(line);
        bob.expect("! You are muted.");
    }
    fixture.server.type_line("/unmute bob");
    bob.expect("You are no longer muted.");
    bob.say("at last");
    ann.expect("bob: at last");
    drop((ann, bob));
    fixture.check();
}

#[test]
fn in_silence_only_the_operator_sends() {
    let mut server = crate::fixture::serve(&[]);
    let [mut ann, mut bob] = TestClient::join_all(server.address(), ["ann", "bob"]);
    server.type_line("/mute all");
    ann.expect("Server: Everybody is muted for now.");
    ann.say("hi");
    ann.expect("! Everybody is muted for now.");
    let mut carl = TestClient::join(server.address(), "carl");
    ann.expect("carl has joined the chat room.");
    carl.say("/quit with a speech");
    ann.expect("carl has left the chat room.");
    server.type_line("/unmute all");
    ann.expect("Server: Everybody may speak again.");
    server.type_line("/private off");
    ann.expect("Server: Private messages are off.");
    ann.say("/msg bob hi");
    ann.expect("! Private messages are off.");
    server.type_line("/private on");
    ann.expect("Server: Private messages are on.");
    ann.say("/msg bob hi");
    bob.expect_sometime("ann -> bob: hi");
}

#[test]
fn the_operator_writes_to_one_room_and_to_new_members() {
    let mut server = crate::fixture::serve(&[]);
    let [mut ann, mut bob] = TestClient::join_all(server.address(), ["ann", "bob"]);
    bob.say("/join games");
    bob.expect_start("You are in games now.");
    ann.expect("bob has gone from lobby to games.");
    server.type_line("/say GAMES your move");
    bob.expect("Server: your move");
    server.wait_for("[Server@games] your move");
    server.type_line("/rooms");
    server.wait_for(&format!("{:<24}  {:>7}", "games", 1));
    server.type_line("/motd Lab 3: see https://example.org");
    server.wait_for("Changed the message of the day.");
    let mut carl = TestClient::join(server.address(), "carl");
    carl.expect("Server: Lab 3: see https://example.org");
    ann.expect("carl has joined the chat room.");
}

/// A member that resumes is no new one.
#[test]
fn the_message_of_the_day_is_not_shown_at_a_resume() {
    let mut server = crate::fixture::serve(&[]);
    server.type_line("/motd Lab 3");
    server.wait_for("Changed the message of the day.");
    let (mut ann, token) = TestClient::join_resumable(server.address(), "ann");
    ann.expect_with_time("Server: Lab 3");
    drop(ann);
    server.wait_for("[CONNECTION CLOSED] ann disconnected (");
    let mut ann = TestClient::resume(server.address(), ("ann", &token), "", 0);
    // There is no history.
    ann.expect_start("--- ");
    ann.expect("--- now ---");
    ann.say("/ping");
    ann.expect("pong");
}
