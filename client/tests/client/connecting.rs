//! Connecting: a server that is reached, or the reason why not (fault 23).

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Client, FakeServer, time};

/// The longest wait for a failed connection, which is 5 s, and more for a machine that is
/// busy with other tests. The system itself tries for two minutes.
const TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn a_closed_port_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let client = Client::start(&[&port.to_string(), "--name", "ann"]);
    let message =
        format!("cannot connect to 127.0.0.1:{port}: connection refused. Is the server running?");
    client.complains(&message);
    client.exits_with(3);
}

#[test]
fn the_host_has_no_address() {
    // RFC 2606 reserves this name.
    let mut client = Client::start(&["no-such-host.invalid"]);
    assert!(time(|| assert_eq!(client.code(), 3)) < TIMEOUT);
}

#[test]
fn a_listener_that_accepts_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = Client::start(&[&address, "--name", "ann"]);
    let taken = time(|| client.complains(&format!("the server at {address} does not answer")));
    assert!(taken < TIMEOUT, "{taken:?}");
    client.exits_with(3);
}

#[test]
fn a_server_that_repeats_its_question_forever_does_not_answer() {
    let server = FakeServer::open();
    let client = Client::start(&[&server.port, "--name", "ann"]);
    let mut peer = server.accept();
    peer.expect("ann");
    peer.send(
        "Type your name and press Enter.\n\n"
            .repeat(100_000)
            .as_bytes(),
    );
    client.complains(&format!(
        "the server at 127.0.0.1:{} does not answer",
        server.port
    ));
    client.exits_with(3);
}

#[test]
fn an_ipv6_address_in_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        println!("skipped: there is no IPv6 here");
        return;
    };
    let address = listener.local_addr().unwrap().to_string();
    let _client = Client::start(&[&address, "--name", "ann"]);
    assert!(listener.accept().is_ok());
}
