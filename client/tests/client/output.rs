//! Standard output that is closed or full, and an empty input: fault 37.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Stdio};

use crate::support::{FakePeer, FakeServer, program};

/// A member with this stdout; its input stays open.
fn member(room: &FakeServer, stdout: Stdio) -> (FakePeer, Child) {
    let child = program()
        .args([&room.port, "--name", "ann"])
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peer = room.accept();
    peer.welcome("ann");
    (peer, child)
}

#[track_caller]
fn check_end(mut child: Child, code: i32, told: &str) {
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(err, told);
    assert_eq!(child.wait().unwrap().code(), Some(code));
}

#[test]
fn a_reader_who_has_seen_enough_makes_it_leave_quietly() {
    let room = FakeServer::open();
    let (mut peer, mut child) = member(&room, Stdio::piped());
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
    let room = FakeServer::open();
    let (mut peer, child) = member(&room, full.into());
    peer.expect_quit();
    let told = "cannot write to standard output: no space left on device\n";
    check_end(child, 1, told);
}

#[test]
fn an_empty_input_joins_and_leaves() {
    let room = FakeServer::open();
    let mut client = crate::support::Client::start(&[&room.port, "--name", "ann"]);
    client.ends_input();
    let mut peer = room.accept();
    peer.welcome("ann");
    peer.expect_quit();
    assert_eq!(client.code(), 0);
}

/// The receiver is stuck in showing, and yet one can go.
#[test]
fn an_output_that_nobody_reads_does_not_keep_anybody() {
    let room = FakeServer::open();
    let (mut peer, mut child) = member(&room, Stdio::piped());
    let unread = child.stdout.take();
    peer.send(
        "bob: a line that fills the pipe\n"
            .repeat(20_000)
            .as_bytes(),
    );
    let id = child.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.arg(&id).status().unwrap().success());
    check_end(child, 0, "");
    drop(unread);
}
