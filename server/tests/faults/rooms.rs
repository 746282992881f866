//! Rooms: races for a room that is about to end.

use std::time::{Duration, Instant};

use tests::TestClient;

use super::fixture::FaultFixture;

const ROUNDS: usize = 2000;

/// The last member leaves a room while another joins it. If the other is not the first
/// there, it finds the topic too.
#[test]
fn a_topic_survives_a_leave_that_races_with_a_join() {
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let mut found = 0;
    // The lead of the leave, in microseconds. It is adjusted until either may come first.
    let mut lead = 0_i32;
    for round in 0..ROUNDS {
        let (room, topic) = (format!("room{round}"), format!("topic {round}"));
        ann.say(&format!("/join {room}"));
        expect_room(&mut ann, &room);
        ann.say(&format!("/topic {topic}"));
        ann.expect(&format!("* ann: set the topic to {topic}"));
        let join = format!("/join {room}");
        if lead >= 0 {
            say_both(&mut ann, "/leave", lead, &mut bob, &join);
        } else {
            say_both(&mut bob, &join, -lead, &mut ann, "/leave");
        }
        let others = expect_room(&mut bob, &room);
        if others == "ann is here." {
            bob.expect(&format!("* ann: set the topic to {topic}"));
            found += 1;
            lead += 1;
        } else {
            lead -= 1;
            assert_eq!(others, "You are the first here.");
        }
        expect_room(&mut ann, "lobby");
        bob.say("/leave");
        expect_room(&mut bob, "lobby");
    }
    assert!(found > 0, "there was no race");
    drop((ann, bob));
    fixture.check();
}

/// Says two lines, the second `micros` after the first.
fn say_both(
    first: &mut TestClient,
    line: &str,
    micros: i32,
    second: &mut TestClient,
    other_line: &str,
) {
    first.say(line);
    let due = Instant::now() + Duration::from_micros(micros.unsigned_abs().into());
    while Instant::now() < due {
        std::hint::spin_loop();
    }
    second.say(other_line);
}

/// Skips the notices about the other member, and expects that the move is done. Returns
/// who is there.
fn expect_room(client: &mut TestClient, room: &str) -> String {
    let start = format!("You are in {room} now. ");
    loop {
        let line = client.receive().expect("a line");
        if let Some(others) = line.strip_prefix(&start) {
            return others.to_string();
        }
        let is_move = line.contains(" has gone from ") || line.contains(" has come from ");
        assert!(is_move, "{line}");
    }
}
