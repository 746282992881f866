//! Output: closed or full, and an empty input (fault 37).

use std::fs::File;
use std::io::Read;
use std::process::{Child, Stdio};

use crate::support::{FakePeer, FakeServer, program};

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

/// The receiver is blocked by the screen, and a signal still works.
#[test]
fn an_unread_output_does_not_block_a_signal() {
    let server = FakeServer::open();
    let (mut peer, mut child) = member(&server, Stdio::piped());
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
