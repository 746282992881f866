//! Stopped: a server and a client that get no processor time for a while, as on a laptop
//! whose lid is closed, and a server that is killed. Both programs are the real ones.
//!
//! Two of the tests take a long time, so they run only on request:
//!
//! ```text
//! cargo test -p server --test faults stopped -- --ignored
//! ```

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use tests::{Running, TestClient, eventually};

use super::fixture::{program, serve};

/// The pause between two lines of one member.
const PAUSE: Duration = Duration::from_millis(500);

/// The client's program. Cargo does not build it for the tests of this package alone, so
/// it is built here, beside the server.
static CLIENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let server = Path::new(env!("CARGO_BIN_EXE_chat-server"));
    let profile = server.parent().expect("a folder");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--package", "client"]);
    build.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    if cfg!(feature = "full") {
        build.args(["--features", "full"]);
    }
    assert!(build.status().expect("cargo").success(), "{build:?}");
    server.with_file_name("chat-client")
});

/// Starts the client, which reconnects.
fn start_client(address: SocketAddr, name: &str, options: &[&str]) -> Running {
    let mut client = Command::new(&*CLIENT);
    client.args([&address.to_string(), "--name", name, "--reconnect"]);
    Running::start(client.args(options))
}

/// Two members with the real client, and one as plain as `nc`.
struct Trio {
    server: Running,
    ann: Running,
    bob: Running,
    plain: TestClient,
    /// All that `plain` has received.
    view: Vec<String>,
    /// The number of lines that ann and bob have said each.
    said: usize,
}

impl Trio {
    /// Starts all, the clients with `options`.
    fn start(options: &[&str]) -> Trio {
        let mut server = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        let server = Running::start(server.args(["127.0.0.1", "0"]));
        let mut plain = TestClient::join(server.address(), "plain");
        let [ann, bob] = ["ann", "bob"].map(|name| {
            let client = start_client(server.address(), name, options);
            plain.expect(&format!("{name} has joined the chat room."));
            client
        });
        Trio {
            server,
            ann,
            bob,
            plain,
            view: Vec::new(),
            said: 0,
        }
    }

    /// Lets both talk. The lines of a stopped client wait in its input.
    fn talk_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.said += 1;
            for client in [&mut self.ann, &mut self.bob] {
                client.type_line(&self.said.to_string());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Says a line as `plain`, and waits until the server has posted it.
    fn say_plainly(&mut self, line: &str) {
        self.plain.say(line);
        self.plain.say("/ping");
        self.receive_until(|view| view.last().is_some_and(|line| line == "pong"));
    }

    fn receive_until(&mut self, is_done: impl Fn(&[String]) -> bool) {
        while !is_done(&self.view) {
            self.view.push(self.plain.receive().expect("no end"));
        }
    }

    /// Checks that each has shown the lines of the others once and in order. Notices may
    /// tell that a member was away.
    fn check(mut self) {
        let last = self.said.to_string();
        for (client, name) in [(&self.ann, "bob"), (&self.bob, "ann")] {
            let prefix = format!("{name}: ");
            let line = format!("{prefix}{last}");
            eventually("the last line", || client.lines_with(&line).pop());
            expect_all(&client.lines_with(&prefix), &prefix, self.said);
        }
        let is_last = |line: &&String| line.ends_with(&format!(": {last}"));
        self.receive_until(|view| view.iter().filter(is_last).count() == 2);
        for prefix in ["ann: ", "bob: "] {
            let lines = self.view.iter().filter(|line| line.starts_with(prefix));
            let lines: Vec<String> = lines.cloned().collect();
            expect_all(&lines, prefix, self.said);
        }
        self.server.type_line("/stop");
        self.server.wait();
    }
}

/// Checks that `lines` are `prefix` with the numbers from 1 to `count`.
fn expect_all(lines: &[String], prefix: &str, count: usize) {
    let expected: Vec<String> = (1..=count).map(|it| format!("{prefix}{it}")).collect();
    assert_eq!(lines, expected);
}

/// Checks that the client has shown `line` once, between the rules around what it has
/// missed.
fn expect_missed(client: &Running, line: &str) {
    client.wait_for(line);
    client.wait_for("--- now ---");
    let shown = client.lines_with("");
    let is_rule = |line: &&String| line.starts_with("--- ");
    let mut parts = shown.split(|shown| shown == line);
    let (before, after) = (parts.next().unwrap(), parts.next().unwrap());
    assert_eq!(parts.next(), None, "{line} is shown again");
    let header = before.iter().rfind(is_rule).expect("a rule before");
    assert!(header.contains(" missed line"), "{header}");
    assert_eq!(after.iter().find(is_rule).unwrap(), "--- now ---");
}

/// It is stopped for long enough that an attempt to reconnect fails as well.
#[test]
fn clients_that_a_stopped_server_has_lost_miss_and_double_nothing() {
    let mut trio = Trio::start(&["--heartbeat", "2"]);
    trio.talk_for(Duration::from_secs(1));
    trio.server.signal("STOP");
    trio.talk_for(Duration::from_secs(1));
    for client in [&trio.ann, &trio.bob] {
        client.wait_for("connection lost: no line received for 6 s. Trying again in 1 s");
        client.wait_for("does not answer. Trying again in ");
        // So it comes back after the line that it misses.
        client.signal("STOP");
    }
    trio.server.signal("CONT");
    trio.say_plainly("you miss this");
    for client in [&trio.ann, &trio.bob] {
        client.signal("CONT");
    }
    trio.talk_for(Duration::from_secs(1));
    for client in [&trio.ann, &trio.bob] {
        expect_missed(client, "plain: you miss this");
    }
    trio.check();
}

#[test]
#[ignore = "takes 30 s; see the head of the file"]
fn a_server_that_is_stopped_for_20_seconds_loses_and_doubles_nothing() {
    let mut trio = Trio::start(&[]);
    trio.talk_for(Duration::from_secs(3));
    trio.server.signal("STOP");
    trio.talk_for(Duration::from_secs(20));
    trio.server.signal("CONT");
    trio.talk_for(Duration::from_secs(5));
    trio.check();
}

#[test]
#[ignore = "takes 130 s; see the head of the file"]
fn a_client_that_is_stopped_for_two_minutes_loses_and_doubles_nothing() {
    let mut trio = Trio::start(&[]);
    trio.talk_for(Duration::from_secs(3));
    trio.bob.signal("STOP");
    trio.talk_for(Duration::from_secs(120));
    trio.bob.signal("CONT");
    trio.talk_for(Duration::from_secs(5));
    trio.check();
}

#[test]
fn a_line_that_a_killed_server_has_not_confirmed_is_not_said_by_itself() {
    let server = serve(&[]);
    let address = server.address();
    let mut ann = start_client(address, "ann", &[]);
    ann.wait_for("Welcome, ann.");
    server.signal("STOP");
    ann.type_line("lost");
    // The client answers this itself, after it has sent the line.
    ann.type_line("/transfers");
    ann.wait_for("no transfers");
    ann.signal("STOP");
    drop(server);
    let server = Running::start(program().arg(address.to_string()));
    let mut bob = TestClient::join(server.address(), "bob");
    ann.signal("CONT");
    bob.expect("ann has joined the chat room.");
    ann.wait_for("! perhaps not said: 1 line");
    ann.wait_for("!   lost");
    ann.type_line("next");
    bob.expect("ann: next");
}
