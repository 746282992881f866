//! Other ways in: several addresses, and peers that speak another protocol.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tests::{DEADLINE, Peer};

use super::house::{House, serve};

#[test]
fn who_comes_by_one_address_talks_with_who_comes_by_another() {
    let server = serve(&["--listen", "127.0.0.2:0", "--listen", "[::1]:0"]);
    server.wait_for("There is room for");
    let listening = server.lines_with("listening at ");
    let addresses: Vec<SocketAddr> = listening
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let [ann, bob, carl] = addresses[..] else {
        panic!("{listening:?}");
    };
    let mut ann = Peer::join(ann, "ann");
    let mut bob = Peer::join(bob, "bob");
    ann.expect("bob has joined the chat room.");
    let mut carl = Peer::join(carl, "carl");
    ann.expect("carl has joined the chat room.");
    carl.say("hi");
    ann.expect("carl: hi");
    bob.expect("carl has joined the chat room.");
    bob.expect("carl: hi");
}

/// Sends `first` to the server, and then lines for as long as it takes them, and
/// says what comes back. That has to end within a second.
fn answer(house: &House, first: &[u8]) -> Vec<u8> {
    let mut stranger = house.connect();
    let address = stranger.stream().local_addr().unwrap().to_string();
    stranger.send(first);
    let begin = Instant::now();
    let mut answer = Vec::new();
    let mut stream: &TcpStream = stranger.stream();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // A reset is an end as well: it has sent what nobody read.
    let _end = stream.read_to_end(&mut answer);
    assert!(begin.elapsed() < Duration::from_secs(1), "it was slow");
    house.expect_reason(&address, "protocol");
    answer
}

/// Row 48.
#[test]
fn other_protocols_get_a_word_and_nothing_of_them_is_executed() {
    let house = House::open(&[]);
    let mut ann = house.join("ann");
    let body = "mallory\nhi all\n/nick ann2\n";
    for verb in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PRI"] {
        let length = body.len();
        let request = format!("{verb} / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        let answer = String::from_utf8(answer(&house, request.as_bytes())).unwrap();
        let (head, told) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
        assert!(told.contains("This is a chat room"), "{told}");
    }
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03mallory\nhi all\n";
    let tls = answer(&house, hello);
    assert!(tls.starts_with(&[21, 3, 3, 0, 2]), "an alert: {tls:?}");
    let ssh = answer(&house, b"SSH-2.0-OpenSSH_9.6\r\nmallory\r\nhi all\r\n");
    assert!(ssh.starts_with(b"This is a chat room"), "{ssh:?}");
    // Nobody has come and nothing was said.
    let mut bob = house.join("bob");
    ann.expect("bob has joined the chat room.");
    bob.say("hi");
    ann.expect("bob: hi");
    drop((ann, bob));
    house.check();
}

/// Row 48.
#[test]
fn a_request_without_an_end_is_closed_all_the_same() {
    let house = House::open(&[]);
    let mut stranger = house.connect();
    let address = stranger.stream().local_addr().unwrap().to_string();
    stranger.send(b"POST / HTTP/1.1\r\n\r\n");
    let begin = Instant::now();
    while stranger.try_send(b"hi all\n").is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(2), "it is still read");
        std::thread::sleep(Duration::from_millis(10));
    }
    house.expect_reason(&address, "protocol");
    house.check();
}
