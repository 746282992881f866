//! Output: closed or full, and an empty input (fault 37).

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{FakePeer, FakeServer, program, time};

/// Starts a member with this stdout; its input stays open.
fn member(server: &FakeServer, stdout: Stdio) -> (FakePeer, Child) {
    let child = program()
        .args([&server.port, "--name", "ann"])
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peer = server.accept();
    peer.welcome("ann");
    (peer, child)
}

#[track_caller]
fn check_end(mut child: Child, code: i32, message: &str) {
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(err, message);
    assert_eq!(child.wait().unwrap().code(), Some(code));
}

#[test]
fn a_reader_that_closes_the_pipe_makes_it_leave_quietly() {
    let server = FakeServer::open();
    let (mut peer, mut child) = member(&server, Stdio::piped());
    drop(child.stdout.take());
    peer.say("bob: anybody there?");
    peer.expect_quit();
    check_end(child, 0, "");
}

#[test]
fn a_full_device_is_a_failure_with_a_reason() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        println!("skipped: there is no /dev/full here");
        return;
    };
    let server = FakeServer::open();
    let (mut peer, child) = member(&server, full.into());
    peer.expect_quit();
    let message = "cannot write to standard output: no space left on device\n";
    check_end(child, 1, message);
}

#[test]
fn an_empty_input_joins_and_leaves() {
    let server = FakeServer::open();
    let mut client = crate::support::Client::start(&[&server.port, "--name", "ann"]);
    client.ends_input();
    let mut peer = server.accept();
    peer.welcome("ann");
    peer.expect_quit();
    assert_eq!(client.code(), 0);
}

/// A line that is 1,000 bytes long, with its newline.
fn long_line() -> String {
    format!("bob: {}\n", "x".repeat(994))
}

/// Expects blank lines, each long before that of the clock.
#[track_caller]
fn answers(peer: &mut FakePeer, count: u32) {
    for _ in 0..count {
        let taken = time(|| assert_eq!(peer.receive().as_deref(), Some("")));
        assert!(taken < Duration::from_secs(15), "{taken:?}");
    }
}

/// As on a terminal that was stopped with Ctrl-S.
#[test]
fn an_unread_output_does_not_keep_a_probe_waiting() {
    let server = FakeServer::open();
    let (mut peer, mut child) = member(&server, Stdio::piped());
    answers(&mut peer, 1);
    peer.send(b"\n"); // the answer to its first
    peer.send(long_line().repeat(500).as_bytes());
    for _ in 0..3 {
        peer.send(b"\n");
        answers(&mut peer, 1);
        peer.send(b"\n"); // and to that
    }
    // Typing works too, and nothing is lost.
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hi\n").unwrap();
    peer.expect("hi");
    peer.say("q:quit");
    let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert_eq!(out.lines().count(), 1 + 500);
    check_end(child, 5, "The server has ended the session.\n");
}

/// Then the client does not read, and does not see any probe.
#[test]
fn a_client_that_cannot_read_says_that_it_is_alive() {
    let server = FakeServer::open();
    let (mut peer, mut child) = member(&server, Stdio::piped());
    answers(&mut peer, 1);
    peer.send(b"\n");
    peer.send(long_line().repeat(2000).as_bytes());
    answers(&mut peer, 3);
    peer.say("q:quit");
    let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert_eq!(out.lines().count(), 1 + 2000);
    check_end(child, 5, "The server has ended the session.\n");
}

/// The server does not answer `q:quit`, because all its lines come before.
#[test]
fn an_unread_output_does_not_delay_a_signal() {
    let server = FakeServer::open();
    for lines in [100, 2000, 4000] {
        let (mut peer, mut child) = member(&server, Stdio::piped());
        let unread = child.stdout.take();
        peer.send(long_line().repeat(lines).as_bytes());
        let id = child.id().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.arg(&id).status().unwrap().success());
        let taken = time(|| check_end(child, 0, ""));
        // It takes 0.8 s at most; a busy machine needs longer. The usual wait is 5 s.
        assert!(taken < Duration::from_secs(4), "{lines}: {taken:?}");
        drop(unread);
    }
}
