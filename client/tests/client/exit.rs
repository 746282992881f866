//! Exit: each way to end a session, and its exit code.

use crate::support::FakeServer;

#[test]
fn a_kicked_client_reports_the_reason() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
    peer.send(b"! you were removed for being too loud\nq:quit\n");
    client.shows("! you were removed for being too loud");
    client.complains("The server has ended the session: you were removed for being too loud");
    client.exits_with(5);
}

#[test]
fn a_server_that_stops_is_reported() {
    let server = FakeServer::open();
    for last in ["q:quit\n", ""] {
        let (mut peer, client) = server.welcome("ann", &[]);
        peer.say("The server is stopping.");
        peer.say("bob: bye all");
        peer.send(last.as_bytes());
        peer.close();
        client.shows("The server is stopping.");
        client.shows("bob: bye all");
        client.complains("The server has stopped.");
        client.exits_with(5);
    }
}

#[test]
fn a_session_that_the_server_ends_without_a_reason() {
    let server = FakeServer::open();
    let (mut peer, client) = server.welcome("ann", &[]);
    peer.say("q:quit");
    client.complains("The server has ended the session.");
    client.exits_with(5);
}

#[test]
fn a_connection_that_closes_without_a_word_is_lost() {
    let server = FakeServer::open();
    let (peer, client) = server.welcome("ann", &[]);
    peer.close();
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}

#[test]
fn the_last_messages_explain_a_failed_write() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    peer.send(b"! you are too slow\nq:quit\n");
    peer.close();
    for _ in 0..1000 {
        client.types("are you there?");
    }
    client.shows("! you are too slow");
    client.complains("The server has ended the session: you are too slow");
    client.exits_with(5);
}

#[test]
fn each_signal_leaves_in_order() {
    let server = FakeServer::open();
    for signal in ["INT", "TERM", "HUP"] {
        let (mut peer, client) = server.welcome("ann", &[]);
        client.signal(signal);
        peer.expect_quit();
        client.exits_with(0);
    }
}
