//! Too many at once: the caps on connections, and connections that come and go.

use std::net::TcpStream;

use tests::{TestClient, eventually};

use super::fixture::FaultFixture;

/// Section 4 of the design: as many as fit, the next one is told, and the place
/// of who leaves is free again.
#[test]
fn a_full_room_says_so_and_has_a_place_again_later() {
    let fixture = FaultFixture::start(&["--max-clients", "4"]);
    let [ann, bob] = fixture.join_all(["ann", "bob"]);
    let mut late = fixture.connect();
    let address = local_address(&mut late);
    late.expect("! Server is full.");
    late.expect_quit();
    fixture.expect_reason(&address, "full");
    drop(ann);
    fixture.expect_reason("ann", "eof");
    let carl = eventually("a place in the room", || {
        let mut carl = fixture.connect();
        // It may be turned away before it has said this.
        let _ = carl.try_send(b"carl\n");
        let told = carl.receive()?;
        told.starts_with("Welcome, carl.").then_some(carl)
    });
    drop((bob, carl, late));
    fixture.check();
}

/// Who is turned away may have begun to talk: it still hears why.
#[test]
fn who_speaks_before_it_is_turned_away_hears_the_reason() {
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
fn of_too_many_without_a_name_the_oldest_goes() {
    let fixture = FaultFixture::start(&["--max-unnamed", "3"]);
    let mut silent: Vec<TestClient> = (0..4).map(|_| fixture.connect()).collect();
    let address = local_address(&mut silent[0]);
    silent[0].expect_sometime("! You have no name yet, and others are waiting to join.");
    silent[0].expect_quit();
    fixture.expect_reason(&address, "full");
    // The others are still there, and a name takes its holder out of the count.
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

/// Row 18, with fewer.
#[test]
fn two_thousand_that_connect_and_close_leave_nothing_behind() {
    const MANY: usize = 2000;
    let fixture = FaultFixture::start(&[]);
    for number in 1..=MANY {
        if number % 50 == 0 {
            // Now and then one stays to the end, so that the rest keep up.
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

fn local_address(peer: &mut TestClient) -> String {
    peer.stream().local_addr().unwrap().to_string()
}
