//! A server that means harm: fault 29 of the catalogue.

use crate::support::Room;

#[test]
fn no_terminal_command_gets_through() {
    let room = Room::open();
    let (mut peer, client) = room.welcome("ann", &[]);
    let all = (0..=0xff_u8).filter(|&byte| byte != b'\n').map(char::from);
    let line: String = all.collect();
    peer.say(&format!("bob: {line}"));
    peer.say("bob: \u{1b}]0;title\u{7}\u{1b}]52;c;AAAA\u{1b}\\\u{202e}\u{2066}\u{feff}");
    let shown = client.line().unwrap();
    assert!(
        !shown.contains(|c: char| c != '\t' && c.is_control()),
        "{shown:?}"
    );
    assert!(shown.contains('~') && shown.contains('ÿ'), "{shown:?}");
    client.shows("bob: ]0;title]52;c;AAAA\\");
}

#[test]
fn lines_that_cannot_be_shown_are_mentioned_once_in_a_row() {
    let room = Room::open();
    let (mut peer, client) = room.welcome("ann", &[]);
    for _ in 0..100 {
        peer.send(b"\xff\xfe\n");
    }
    peer.say("bob: hi");
    let long = [&[b'x'; 20_000][..], b"\n"].concat();
    for _ in 0..3 {
        peer.send(&long);
    }
    peer.say("bob: ho");
    client.shows("bob: hi");
    client.shows("bob: ho");
    client.complains("! a line from the server is not text and is left out");
    client.complains("! a line from the server is too long and is left out");
    peer.say("q:quit");
    client.complains("The server has ended the conversation.");
    client.exits_with(5);
}

#[test]
fn a_line_that_does_not_end_ends_the_connection() {
    let room = Room::open();
    let (mut peer, client) = room.welcome("ann", &[]);
    peer.send(&[b'x'; 1 << 20]);
    client.complains("! a line from the server is too long and is left out");
    client.complains("connection lost: the server sends a line that does not end");
    client.exits_with(6);
}

#[test]
fn a_flood_keeps_neither_typing_nor_leaving_waiting() {
    let room = Room::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    let flood = "bob: flood\n".repeat(100_000);
    for _ in 0..3 {
        peer.send(flood.as_bytes());
    }
    client.types("typed meanwhile");
    peer.expect("typed meanwhile");
    client.signal("INT");
    peer.expect_quit();
    assert_eq!(client.code(), 0);
}

#[test]
fn junk_of_every_kind_is_survived() {
    let room = Room::open();
    let (mut peer, mut client) = room.welcome("ann", &[]);
    let mut junk = Vec::new();
    let mut seed = 1_u32;
    for _ in 0..200_000 {
        // A linear congruential generator: the same junk in each run.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        junk.push((seed >> 24) as u8);
    }
    peer.send(&junk);
    peer.send(b"\nbob: after the junk\n");
    while client.line().expect("it has ended") != "bob: after the junk" {}
    client.types("still here");
    peer.expect("still here");
}
