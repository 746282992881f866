//! The client and the real server.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;

use server::ServerConfig;
use server::limits::Limits;
use server::shutdown::{self, ShutdownHandle};
use tests::{Running, TestClient, type_every_command};

/// Starts a real server in the test's process; the stopper ends it.
fn serve() -> (SocketAddr, ShutdownHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = shutdown::channel();
    let setup = ServerConfig::minimal(Limits::default());
    let on_stop = stopper.clone();
    thread::spawn(move || server::run(listener, setup, on_stop, stop));
    (address, stopper)
}

fn client(address: SocketAddr, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-client"));
    command.args([&address.to_string(), "--name", name]);
    command
}

#[test]
fn two_clients_see_each_other() {
    let (address, stopper) = serve();
    let mut ann = Running::start(&mut client(address, "ann"));
    ann.wait_for("Welcome, ann. You are the first here.");
    let mut bob = Running::start(&mut client(address, "bob"));
    ann.wait_for("bob has joined the chat room.");
    bob.type_line("hello ann");
    ann.wait_for("bob: hello ann");
    ann.type_line("hello bob");
    bob.wait_for("ann: hello bob");
    bob.type_line("/quit");
    ann.wait_for("bob has left the chat room.");
    assert_eq!(bob.wait().code(), Some(0));
    stopper.trigger();
    ann.wait_for("The server has stopped.");
    assert_eq!(ann.wait().code(), Some(5));
}

#[test]
fn piped_lines_have_arrived_when_the_client_ends() {
    let (address, stopper) = serve();
    let mut ann = TestClient::join(address, "ann");
    let mut bot = client(address, "bot")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    bot.stdin.take().unwrap().write_all(b"hi\n").unwrap();
    assert_eq!(bot.wait().unwrap().code(), Some(0));
    for line in [
        "bot has joined the chat room.",
        "bot: hi",
        "bot has left the chat room.",
    ] {
        ann.expect(line);
    }
    stopper.trigger();
}

#[test]
fn every_command_can_be_typed_into_the_client() {
    let (address, stopper) = serve();
    let mut ann = Running::start(&mut client(address, "ann"));
    ann.wait_for("Welcome, ann.");
    let mut bob = TestClient::join(address, "bob");
    type_every_command(&mut ann, &mut bob);
    assert_eq!(ann.wait().code(), Some(0));
    stopper.trigger();
}

#[test]
fn a_client_that_vanished_gets_its_name_back() {
    let (address, stopper) = serve();
    let mut ann = Running::start(&mut client(address, "ann"));
    ann.wait_for("Welcome, ann.");
    // A live client keeps its name, because it answers the probe.
    let mut other = TestClient::connect(address);
    other.say("ann");
    other.expect("! ann is already in use. Try another.");
    // A stopped process is like a client behind an unplugged cable.
    ann.signal("STOP");
    other.say("ann");
    other.expect_start("Welcome, ann.");
    ann.signal("CONT");
    ann.wait_for("You did not answer");
    assert_ne!(ann.wait().code(), Some(0));
    stopper.trigger();
}
