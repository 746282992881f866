//! One order for all.

use std::thread;

use tests::Peer;

use crate::house::House;

const SENDERS: usize = 20;
const LINES: usize = 500;
const OBSERVERS: usize = 5;

#[test]
fn everybody_hears_the_same_lines_in_the_same_order() {
    let house = House::open();
    let join = |name: String| house.join(&name);
    let observers: Vec<_> = (0..OBSERVERS).map(|n| join(format!("o{n}"))).collect();
    let senders: Vec<_> = (0..SENDERS).map(|n| join(format!("s{n}"))).collect();

    let senders = senders.into_iter().map(|mut sender| {
        thread::spawn(move || {
            for n in 0..LINES {
                sender.say(&n.to_string());
            }
            // Leaving comes after all that was said.
            sender.say("q:quit");
            sender.expect_sometime("q:quit");
        })
    });
    let senders: Vec<_> = senders.collect();
    let observers = observers.into_iter().map(|mut observer| {
        thread::spawn(move || {
            let mut heard = Vec::new();
            let mut left = 0;
            while left < SENDERS {
                let line = observer.hear().expect("the room goes on");
                left +=
                    usize::from(line.starts_with('s') && line.ends_with("has left the chat room."));
                heard.push(line);
            }
            heard.retain(|line| line.starts_with('s'));
            heard
        })
    });
    let transcripts: Vec<_> = observers.collect();
    let transcripts: Vec<Vec<String>> =
        transcripts.into_iter().map(|t| t.join().unwrap()).collect();
    senders.into_iter().for_each(|s| s.join().unwrap());

    // What each sender said is whole and in its order, and all heard the same.
    let first = &transcripts[0];
    assert_eq!(
        first.len(),
        SENDERS * (LINES + 2),
        "lines, joins and leaves"
    );
    for sender in 0..SENDERS {
        let prefix = format!("s{sender}: ");
        let said = first.iter().filter_map(|line| line.strip_prefix(&prefix));
        let expected = (0..LINES).map(|n| n.to_string());
        assert!(said.eq(expected), "all of s{sender}, in order");
    }
    for other in &transcripts[1..] {
        assert!(other == first, "equal transcripts");
    }
}

/// How often each of four members moves, renames itself or leaves and returns.
const CHANGES: usize = 10_000;

/// Does what row 34 of the catalogue of faults has people do, all on its own, and
/// waits for each answer, so that what comes next can be told from it.
fn restless(house: &House, number: usize) {
    let name = format!("r{number}");
    let mut peer = house.join(&name);
    for change in 0..CHANGES {
        match change % 5 {
            0 => done(&mut peer, "/join games", "You are in games now."),
            1 => done(&mut peer, &format!("/nick {name}x"), "You are now called"),
            2 => done(&mut peer, &format!("/nick {name}"), "You are now called"),
            3 => done(&mut peer, "/leave", "You are in lobby now."),
            _ => {
                done(&mut peer, "q:quit", "q:quit");
                peer = rejoined(house, &name);
            }
        }
    }
    done(&mut peer, "q:quit", "q:quit");
}

/// Asks for a change, and skips what others do until it has come.
fn done(peer: &mut Peer, ask: &str, answer: &str) {
    peer.say(ask);
    while !peer.hear().expect("the room goes on").starts_with(answer) {}
}

/// The name is free as soon as everybody has been told, which may be a moment
/// after the goodbye.
fn rejoined(house: &House, name: &str) -> Peer {
    tests::eventually("the name to be free", || {
        let mut peer = Peer::connect(house.address);
        peer.say(name);
        peer.hear()?.starts_with("Welcome").then_some(peer)
    })
}

/// Row 34 of the catalogue of faults.
#[test]
fn while_people_move_rename_and_leave_all_hear_the_same() {
    let house = House::with(|limits| limits.history = 0);
    let mut observers = house.join_all(["o1", "o2"]);
    let mut sender = house.join("sender");
    let lines = CHANGES / 10;
    thread::scope(|scope| {
        let observers = observers.iter_mut().map(|observer| {
            scope.spawn(move || {
                let mut heard = Vec::new();
                loop {
                    let line = observer.hear().expect("the room goes on");
                    if line == "sender: the end" {
                        return heard;
                    }
                    heard.push(line);
                }
            })
        });
        let observers: Vec<_> = observers.collect();
        let house = &house;
        let restless = (0..4).map(|number| scope.spawn(move || restless(house, number)));
        let restless: Vec<_> = restless.collect();
        for n in 0..lines {
            sender.say(&n.to_string());
            done(&mut sender, "", "");
        }
        restless.into_iter().for_each(|one| one.join().unwrap());
        sender.say("the end");
        let heard: Vec<Vec<String>> = observers.into_iter().map(|o| o.join().unwrap()).collect();
        // The second came later, and has heard of the first's no joining.
        let since = |heard: &[String]| {
            heard
                .iter()
                .position(|line| line.starts_with("sender has joined"))
        };
        let from = heard
            .iter()
            .map(|heard| since(heard).expect("all saw it come"));
        let from: Vec<usize> = from.collect();
        assert!(
            heard[0][from[0]..] == heard[1][from[1]..],
            "equal transcripts"
        );
        let said = heard[0]
            .iter()
            .filter_map(|line| line.strip_prefix("sender: "));
        assert!(
            said.eq((0..lines).map(|n| n.to_string())),
            "whole and in order"
        );
        for number in 0..4 {
            let line = format!("r{number} has left the chat room.");
            let left = heard[0].iter().filter(|heard| **heard == line).count();
            assert_eq!(left, CHANGES / 5 + 1, "one leave notice for each leaving");
        }
    });
}
