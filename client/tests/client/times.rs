//! Times before the lines.

use std::process::Stdio;

use crate::capabilities::ALL;
use crate::support::{Client, FakePeer, FakeServer, program};

/// Starts ann with a zone five hours west of UTC.
fn joined(server: &FakeServer, options: &[&str], zone: &str) -> (FakePeer, Client) {
    let mut command = program();
    command.args([&[&server.port, "--name", "ann"], options].concat());
    let client = Client::spawn(command.env("TZ", zone).stdin(Stdio::piped()));
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect("ann");
    peer.say("@time=2026-03-01T23:58:00.000Z Welcome, ann. bob is here.");
    (peer, client)
}

#[test]
fn each_line_has_the_local_time_at_which_it_was_said() {
    let server = FakeServer::open();
    let (mut peer, client) = joined(&server, &["--time", "%H:%M:%S"], "XXX+5");
    client.shows("18:58:00 Welcome, ann. bob is here.");
    peer.say("@time=2026-03-02T04:59:59.999Z;id=lobby-k3f9-1 bob: good night");
    peer.say("@time=2026-03-02T05:00:00.000Z;id=lobby-k3f9-2 bob: good morning");
    client.shows("23:59:59 bob: good night");
    client.shows("--- 2026-03-02 ---");
    client.shows("00:00:00 bob: good morning");
}

#[test]
fn a_line_without_a_tag_has_the_time_now() {
    let server = FakeServer::open();
    let (mut peer, client) = joined(&server, &["--time", "%Y"], "UTC");
    client.shows("2026 Welcome, ann. bob is here.");
    peer.say("/who  who is here");
    // The test does not know the day, but the year has four digits.
    let mut line = client.line().unwrap();
    if line.starts_with("---") {
        line = client.line().unwrap();
    }
    let (year, rest) = line.split_once(' ').unwrap();
    assert!(year.parse::<u32>().unwrap() >= 2026, "{line}");
    assert_eq!(rest, "/who  who is here");
}

#[test]
fn a_pipe_has_no_times_unless_it_asks() {
    let server = FakeServer::open();
    for options in [&[][..], &["--time", "off"]] {
        let (_peer, client) = joined(&server, options, "UTC");
        client.shows("Welcome, ann. bob is here.");
    }
}

#[test]
fn without_the_program_date_the_time_is_utc() {
    let server = FakeServer::open();
    let mut command = program();
    command.args([&server.port, "--name", "ann", "--time", "%H.%M"]);
    command.env("PATH", "/nowhere").stdin(Stdio::piped());
    let client = Client::spawn(&mut command);
    let mut peer = server.accept();
    peer.grants(ALL);
    peer.expect("ann");
    peer.say("@time=2026-03-01T23:58:00.000Z Welcome, ann. bob is here.");
    client.shows("23.58Z Welcome, ann. bob is here.");
}
