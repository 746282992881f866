//! Stopped: a server and a client that get no processor time for a while, as on a laptop
//! whose lid is closed. Both programs are the real ones.
//!
//! The tests take a long time, so they run only on request:
//!
//! ```text
//! cargo build && cargo test -p server --test faults stopped -- --ignored
//! ```

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tests::{Running, TestClient, eventually};

/// The pause between two lines of one member.
const PAUSE: Duration = Duration::from_millis(500);

/// Two members with the real client, and one as plain as `nc`.
struct Trio {
    server: Running,
    ann: Running,
    bob: Running,
    plain: TestClient,
    /// The number of lines that ann and bob have said each.
    said: usize,
}

impl Trio {
    /// Starts all, unless the client was not built.
    fn start() -> Option<Trio> {
        let program = Path::new(env!("CARGO_BIN_EXE_chat-server")).with_file_name("chat-client");
        if !program.exists() {
            eprintln!("skipped: there is no {}", program.display());
            return None;
        }
        let mut server = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        let server = Running::start(server.args(["127.0.0.1", "0"]));
        let mut plain = TestClient::join(server.address(), "plain");
        let [ann, bob] = ["ann", "bob"].map(|name| {
            let address = server.address().to_string();
            let mut client = Command::new(&program);
            client.args([&address, "--name", name, "--reconnect"]);
            let client = Running::start(&mut client);
            plain.expect(&format!("{name} has joined the chat room."));
            client
        });
        Some(Trio {
            server,
            ann,
            bob,
            plain,
            said: 0,
        })
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
        let mut view = Vec::new();
        let is_last = |line: &&String| line.ends_with(&format!(": {last}"));
        while view.iter().filter(is_last).count() < 2 {
            view.push(self.plain.receive().expect("no end"));
        }
        for prefix in ["ann: ", "bob: "] {
            let lines: Vec<String> = view
                .iter()
                .filter(|line| line.starts_with(prefix))
                .cloned()
                .collect();
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

#[test]
#[ignore = "takes 30 s; see the head of the file"]
fn a_server_that_is_stopped_for_20_seconds_loses_and_doubles_nothing() {
    let Some(mut trio) = Trio::start() else {
        return;
    };
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
    let Some(mut trio) = Trio::start() else {
        return;
    };
    trio.talk_for(Duration::from_secs(3));
    trio.bob.signal("STOP");
    trio.talk_for(Duration::from_secs(120));
    trio.bob.signal("CONT");
    trio.talk_for(Duration::from_secs(5));
    trio.check();
}
