//! Netcat: a person with `nc` can do everything.

use std::process::Command;

use tests::{Running, type_every_command};

use crate::test_server::TestServer;

#[test]
fn netcat_is_a_full_member() {
    if Command::new("nc").arg("-h").output().is_err() {
        eprintln!("skipped: there is no nc here");
        return;
    }
    let server = TestServer::start();
    let mut ann = server.join("ann");
    let (host, port) = (server.address.ip(), server.address.port());
    let mut nc = Running::start(Command::new("nc").args([host.to_string(), port.to_string()]));
    nc.wait_for("Type your name and press Enter.");
    nc.type_line("bob");
    nc.wait_for("Welcome, bob. ann is here.");
    ann.expect("bob has joined the chat room.");
    nc.type_line("hello from nc");
    ann.expect("bob: hello from nc");
    ann.say("hello nc");
    nc.wait_for("ann: hello nc");
    nc.type_line("q:quit");
    nc.wait_for("q:quit");
    ann.expect("bob has left the chat room.");
}

#[test]
fn every_command_can_be_typed_into_netcat() {
    if Command::new("nc").arg("-h").output().is_err() {
        eprintln!("skipped: there is no nc here");
        return;
    }
    let server = TestServer::start();
    let (host, port) = (server.address.ip(), server.address.port());
    let mut nc = Running::start(Command::new("nc").args([host.to_string(), port.to_string()]));
    nc.type_line("ann");
    nc.wait_for("Welcome, ann.");
    let mut bob = server.join("bob");
    type_every_command(&mut nc, &mut bob);
    nc.wait_for("q:quit");
}
