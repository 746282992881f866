//! Bans: they hold for every form of an address, and for connections that were open
//! before them.

use std::net::{Ipv4Addr, SocketAddr};

use common::HEARTBEAT_OPT_IN;
use tests::{Running, TestClient, eventually};

use super::fixture::{FaultFixture, program};

/// A server that listens at `::1`, from where the bystanders come, and in two other
/// places. So an address can be banned without them.
struct ThreeListeners {
    fixture: FaultFixture,
    /// Listens for IPv4. The peer's address is 127.0.0.1.
    v4: SocketAddr,
    /// Listens for both. The peer's address is ::ffff:127.0.0.1.
    both: SocketAddr,
}

impl ThreeListeners {
    fn start() -> ThreeListeners {
        let mut program = program();
        program.args(["::1", "0"]);
        program.args(["--listen", "127.0.0.1:0", "--listen", "[::]:0"]);
        let server = Running::start(&mut program);
        let address = |start: &str| -> SocketAddr {
            let line = server.wait_for(start);
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        let v4 = address("listening at 127.0.0.1:");
        let both = (Ipv4Addr::LOCALHOST, address("listening at [::]:").port()).into();
        ThreeListeners {
            fixture: FaultFixture::around(server),
            v4,
            both,
        }
    }

    /// Types a command, and waits for its reply, which may have come before.
    fn order(&mut self, command: &str, reply: &str) {
        let server = &mut self.fixture.server;
        let before = server.lines_with(reply).len();
        server.type_line(command);
        eventually(reply, || {
            (server.lines_with(reply).len() > before).then_some(())
        });
    }
}

fn join(address: SocketAddr, name: &str) -> TestClient {
    TestClient::join(address, name).ignoring("bystander")
}

/// Fault 55.
#[test]
fn a_banned_address_is_banned_in_every_form() {
    let mut listeners = ThreeListeners::start();
    for (ban, unban, disconnected) in [
        ("127.0.0.1", "::ffff:127.0.0.1", "forever, disconnected 2."),
        (
            "::ffff:127.0.0.1",
            "127.0.0.1",
            "for 10 min, disconnected 2.",
        ),
    ] {
        let mut plain = join(listeners.v4, "plain");
        let mut both = join(listeners.both, "mapped");
        plain.expect("mapped has joined the chat room.");
        let time = if ban == "127.0.0.1" { "" } else { " 10m" };
        listeners.order(&format!("/ban {ban}{time}"), disconnected);
        plain.expect("! You are banned.");
        both.expect_sometime("! You are banned.");
        for place in [listeners.v4, listeners.both] {
            let mut late = TestClient::connect(place);
            late.expect("! You are banned.");
            late.expect_quit();
        }
        // The bystanders' address is another one.
        let mut local = listeners.fixture.join("local");
        local.say("/quit");
        local.expect_quit();
        listeners.order(&format!("/unban {unban}"), "Unbanned 127.0.0.1.");
        let mut again = join(listeners.both, "again");
        again.say("/quit");
        again.expect_quit();
    }
    let mapped = "[NEW CONNECTION] mapped connected from [::ffff:127.0.0.1]:";
    assert_eq!(listeners.fixture.server.lines_with(mapped).len(), 2);
    listeners.fixture.check();
}

/// Fault 55.
#[test]
fn a_connection_opened_before_a_ban_does_not_join_after_it() {
    let mut listeners = ThreeListeners::start();
    let mut ann = listeners.fixture.join("ann");
    let mut early = [listeners.v4, listeners.both].map(TestClient::connect);
    for client in &mut early {
        // The answer shows that the session runs.
        client.say("a name with spaces");
        client.expect_start("! Invalid name, ");
    }
    listeners.order(
        "/ban 127.0.0.1",
        "Banned 127.0.0.1 forever, disconnected 0.",
    );
    for client in &mut early {
        for name in ["mallory", "eve"] {
            client.say(name);
            client.expect("! You are banned. Try another.");
        }
        client.say("/resume 00000000000000000000000000000000");
        client.expect_start("! ");
        client.say("eve");
        client.expect("! You are banned. That was the last of 5 tries.");
        client.expect_quit();
    }
    ann.say("/ping");
    ann.expect("pong");
    drop(ann);
    listeners.fixture.check();
}

/// Fault 55: the token is good, and comes from a banned address.
#[test]
fn a_member_does_not_come_back_from_a_banned_address() {
    let mut listeners = ThreeListeners::start();
    let asking = |address| TestClient::connect_with(address, "/cap resume").ignoring("bystander");
    let mut early = asking(listeners.v4);
    let mut ann = asking(listeners.fixture.address);
    ann.say("ann");
    ann.expect_start("Welcome, ann.");
    let token = ann.expect_token();
    listeners.order(
        "/ban 127.0.0.1",
        "Banned 127.0.0.1 forever, disconnected 0.",
    );
    early.say(&format!("/resume {token}"));
    early.expect("! You are banned.");
    // Her connection was not closed for it.
    ann.say("/ping");
    ann.expect("pong");
    drop(ann);
    let broken = "[CONNECTION CLOSED] ann disconnected (";
    listeners.fixture.server.wait_for(broken);
    early.say(&format!("/resume {token}"));
    early.expect("! You are banned.");
    let mut ann = asking(listeners.fixture.address);
    ann.say(&format!("/resume {token}"));
    ann.expect_start("Welcome, ann.");
    ann.say("q:quit");
    ann.expect_sometime("q:quit");
    drop((ann, early));
    listeners.fixture.check();
}

/// Fault 55: two connections wait for the name of a member that does not answer. The ban
/// takes the name from the member, and must not give it to those that wait.
#[test]
fn a_ban_holds_for_those_that_wait_for_a_name() {
    for (order, refusal) in [
        ("/ban bob", "! bob is banned. Try another."),
        ("/ban 127.0.0.1", "! You are banned. Try another."),
    ] {
        let mut listeners = ThreeListeners::start();
        let mut ann = listeners.fixture.join("ann");
        let mut bob = join(listeners.v4, "bob");
        ann.expect("bob has joined the chat room.");
        bob.say(HEARTBEAT_OPT_IN);
        bob.expect("");
        let mut waiting = [listeners.v4, listeners.both].map(TestClient::connect);
        for client in &mut waiting {
            client.say("bob");
            // The probe, so it waits now.
            bob.expect("");
        }
        listeners.order(order, "forever, disconnected 1.");
        // Perhaps after other probes.
        bob.expect_sometime("! You are banned.");
        bob.expect_quit();
        for client in &mut waiting {
            // Or the name is still in use, at the moment of the ban.
            let answer = client.expect_start("! ");
            let is_taken = answer == "! bob is already in use. Try another.";
            assert!(answer == refusal || is_taken, "{answer}");
            client.say("bob");
            client.expect(refusal);
        }
        ann.expect("bob has left the chat room.");
        ann.say("/ping");
        ann.expect("pong");
        listeners.fixture.expect_reason("bob", "kicked");
        drop((ann, waiting));
        listeners.fixture.check();
    }
}
