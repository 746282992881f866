//! Cuts: two clients whose connections to the real server break at random bytes, while
//! both talk.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use server::ServerConfig;
use server::limits::{Limits, Rate};
use server::shutdown;
use tests::{CuttingProxy, Running, eventually};

use crate::support::program;

/// The number of cuts for each client. They are few, because its pauses grow.
const CUTS: usize = 3;

/// The bytes that pass before a cut. They are enough to join, because a client without a
/// token has nothing to resume.
const MIN_BYTES: u64 = 600;

/// The time in which all cuts must be made.
const MAX_TIME: Duration = Duration::from_secs(60);

/// The pause between two lines of one client.
const PAUSE: Duration = Duration::from_millis(10);

fn client(address: SocketAddr, name: &str) -> Command {
    let mut client = program();
    client.args([&address.to_string(), "--name", name, "--reconnect"]);
    client
}

#[test]
fn no_line_is_lost_or_shown_twice_when_connections_break_at_random_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = shutdown::channel();
    let config = ServerConfig::minimal(Limits {
        rate: Rate::Unlimited,
        history_lines: 100_000,
        ..Limits::default()
    });
    let on_stop = stopper.clone();
    thread::spawn(move || server::run(listener, config, on_stop, stop));
    let proxies = [(); 2].map(|()| CuttingProxy::start(address, CUTS, MIN_BYTES));
    let mut ann = Running::start(&mut client(proxies[0].address, "ann"));
    ann.wait_for("Welcome, ann.");
    let mut bob = Running::start(&mut client(proxies[1].address, "bob"));
    ann.wait_for("bob has joined the chat room.");
    let mut said = 0;
    let end = Instant::now() + MAX_TIME;
    while !proxies.iter().all(CuttingProxy::is_done) && Instant::now() < end {
        said += 1;
        for client in [&mut ann, &mut bob] {
            client.type_line(&said.to_string());
        }
        thread::sleep(PAUSE);
    }
    for (client, other) in [(&ann, "bob"), (&bob, "ann")] {
        let expected: Vec<String> = (1..=said).map(|it| format!("{other}: {it}")).collect();
        let last = expected.last().unwrap();
        eventually("the last line", || client.lines_with(last).pop());
        assert_eq!(client.lines_with(&format!("{other}: ")), expected);
        assert_eq!(client.lines_with("Trying again").len(), CUTS);
    }
    for client in [&mut ann, &mut bob] {
        client.end_input();
        assert_eq!(client.wait().code(), Some(0));
        assert!(client.lines_with("perhaps not said").is_empty());
        assert!(client.lines_with("may be missing").is_empty());
    }
    stopper.trigger();
}
