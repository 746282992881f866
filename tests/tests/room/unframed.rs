//! Unframed: the distinction between framed and unframed peers.

use std::thread;
use std::time::Duration;

use tests::TestClient;

use super::test_server::TestServer;

/// The pauses are tested here. They are far shorter than the limit.
#[test]
fn a_first_line_in_pieces_is_one_line_if_its_pauses_are_short() {
    let server =
        TestServer::with_limits(|limits| limits.unframed_delay = Some(Duration::from_secs(5)));
    let mut ann = server.join("ann");
    let mut peer = TestClient::connect(server.address);
    for piece in ["a", "li", "ce", "\n"] {
        peer.send(piece.as_bytes());
        thread::sleep(Duration::from_millis(100));
    }
    peer.expect_start("Welcome, alice.");
    ann.expect("alice has joined the chat room.");
}

/// The pause is tested here. It is longer than the limit.
#[test]
fn after_the_first_newline_a_peer_may_pause_for_as_long_as_it_likes() {
    let server =
        TestServer::with_limits(|limits| limits.unframed_delay = Some(Duration::from_millis(20)));
    let mut ann = server.join("ann");
    let mut peer = server.join("peer");
    ann.expect("peer has joined the chat room.");
    peer.send(b"hel");
    thread::sleep(Duration::from_millis(200));
    peer.send(b"lo\n");
    ann.expect("peer: hello");
}

#[test]
fn a_first_piece_without_a_newline_is_a_line_after_a_long_pause() {
    let server =
        TestServer::with_limits(|limits| limits.unframed_delay = Some(Duration::from_millis(20)));
    let mut ann = server.join("ann");
    let mut peer = TestClient::connect(server.address);
    peer.send(b"al");
    assert_eq!(peer.recv(), "Welcome, al. ann is here.");
    ann.expect("al has joined the chat room.");
    peer.send(b"ice\n");
    ann.expect("al: ice");
}
