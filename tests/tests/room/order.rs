//! One order for all.

use std::thread;

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
