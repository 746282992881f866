//! Load: limits on connections, and connections that open and close.

use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;

use tests::{TestClient, eventually};

use super::fixture::FaultFixture;

/// Section 4 of the design: as many members as allowed join, the next one is refused,
/// and its slot is free after a member leaves.
#[test]
fn a_full_server_refuses_and_accepts_again_later() {
    let fixture = FaultFixture::start(&["--max-clients", "4"]);
    let [mut ann, bob] = fixture.join_all(["ann", "bob"]);
    let mut late = fixture.connect();
    let address = local_address(&mut late);
    late.expect("! Server is full.");
    late.expect_quit();
    fixture.expect_reason(&address, "full");
    // All is read before the end, or else the connection would be reset.
    ann.end_sending();
    ann.expect_quit();
    fixture.expect_reason("ann", "eof");
    drop(ann);
    let carl = eventually("a free slot", || {
        let mut carl = fixture.connect();
        // The connection may be refused before it has sent this.
        let _ = carl.try_send(b"carl\n");
        let reply = carl.receive()?;
        reply.starts_with("Welcome, carl.").then_some(carl)
    });
    drop((bob, carl, late));
    fixture.check();
}

/// A refused peer may have sent lines already. It still receives the reason.
#[test]
fn a_refused_peer_that_sent_lines_receives_the_reason() {
    let fixture = FaultFixture::start(&["--max-clients", "3"]);
    let ann = fixture.join("ann");
    for _ in 0..50 {
        let mut late = fixture.connect();
        let _ = late.try_send(b"late\nhello?\n");
        late.expect("! Server is full.");
        late.expect_quit();
    }
    drop(ann);
    fixture.check();
}

#[test]
fn the_oldest_of_too_many_unnamed_connections_is_closed() {
    let fixture = FaultFixture::start(&["--max-unnamed", "3"]);
    let mut silent = vec![fixture.connect()];
    let address = local_address(&mut silent[0]);
    // From now on it counts, a second before the others.
    silent[0].expect("Type your name and press Enter.");
    silent.extend((1..4).map(|_| fixture.connect()));
    silent[0].expect_sometime("! You have no name yet, and others are waiting to join.");
    silent[0].expect_quit();
    fixture.expect_reason(&address, "full");
    // The others are still connected. A named connection does not count.
    for (number, peer) in silent.iter_mut().enumerate().skip(1) {
        peer.say(&format!("member{number}"));
        while !peer.receive().unwrap().starts_with("Welcome, member") {}
    }
    let fresh: Vec<TestClient> = (0..3).map(|_| fixture.connect()).collect();
    silent[1].say("still here");
    silent[2].expect_sometime("member1: still here");
    drop((silent, fresh));
    fixture.check();
}

/// Fault 18, with fewer connections.
#[test]
fn two_thousand_short_connections_leave_nothing_behind() {
    const MANY: usize = 2000;
    let fixture = FaultFixture::start(&[]);
    for number in 1..=MANY {
        if number % 50 == 0 {
            // Some connections stay to the end, so that the others keep up.
            let mut last = fixture.connect();
            last.end_sending();
            last.expect_quit();
        } else {
            drop(TcpStream::connect(fixture.address).unwrap());
        }
    }
    let closed = "[CONNECTION CLOSED] 127.0.0.1:";
    let closed = eventually("a close line for each", || {
        let lines = fixture.server.lines_with(closed);
        (lines.len() >= MANY).then_some(lines)
    });
    assert_eq!(closed.len(), MANY);
    assert!(closed.iter().all(|line| line.ends_with("(eof).")));
    fixture.check();
}

/// Fault 58, with fewer connections. A connection that sends its name at once is none
/// without a name.
#[test]
fn of_a_storm_of_joins_nobody_is_refused() {
    const MANY: usize = 300;
    let fixture = FaultFixture::start(&["--max-unnamed", "20"]);
    let (address, moment) = (fixture.address, &Barrier::new(MANY));
    let join = |number| {
        moment.wait();
        TestClient::join(address, &format!("member{number}"))
    };
    let members: Vec<TestClient> = thread::scope(|scope| {
        let start = |number| scope.spawn(move || join(number));
        let threads: Vec<_> = (0..MANY).map(start).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(fixture.server.lines_with("(full)").is_empty());
    drop(members);
    fixture.check();
}

fn local_address(peer: &mut TestClient) -> String {
    peer.stream().local_addr().unwrap().to_string()
}
