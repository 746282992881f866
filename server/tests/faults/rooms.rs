//! Rooms: races for a room that is about to end.

use tests::TestClient;

use super::fixture::FaultFixture;

const ROUNDS: usize = 400;

/// The last member leaves a room while another joins it. If the other is not the first
/// there, it finds the topic too.
#[test]
fn a_topic_survives_a_leave_that_races_with_a_join() {
    let fixture = FaultFixture::start(&["--rate", "off"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    let mut found = 0;
    for round in 0..ROUNDS {
        let (room, topic) = (format!("room{round}"), format!("topic {round}"));
        ann.say(&format!("/join {room}"));
        expect_room(&mut ann, &room);
        ann.say(&format!("/topic {topic}"));
        ann.expect(&format!("* ann: set the topic to {topic}"));
        // Both sessions are woken at about the same time.
        ann.say("/leave");
        bob.say(&format!("/join {room}"));
        let others = expect_room(&mut bob, &room);
        if others == "ann is here." {
            bob.expect(&format!("* ann: set the topic to {topic}"));
            found += 1;
        } else {
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
