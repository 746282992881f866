//! Order: all members of a room receive the same lines in the same order.

use std::thread;

use tests::TestClient;

use crate::test_server::TestServer;

const SENDERS: usize = 20;
const LINES: usize = 500;
const OBSERVERS: usize = 5;

#[test]
fn all_members_receive_the_same_lines_in_the_same_order() {
    let server = TestServer::start();
    let join = |name: String| server.join(&name);
    let observers: Vec<_> = (0..OBSERVERS).map(|n| join(format!("o{n}"))).collect();
    let senders: Vec<_> = (0..SENDERS).map(|n| join(format!("s{n}"))).collect();

    let senders = senders.into_iter().map(|mut sender| {
        thread::spawn(move || {
            for n in 0..LINES {
                sender.say(&n.to_string());
            }
            // The quit follows all messages.
            sender.say("q:quit");
            sender.expect_sometime("q:quit");
        })
    });
    let senders: Vec<_> = senders.collect();
    let observers = observers.into_iter();
    let observers = observers.map(|it| thread::spawn(|| receive_until_all_left(it)));
    let transcripts: Vec<_> = observers.collect();
    let transcripts: Vec<Vec<String>> =
        transcripts.into_iter().map(|t| t.join().unwrap()).collect();
    senders.into_iter().for_each(|s| s.join().unwrap());

    // The lines of each sender are complete and in order, and all observers received
    // the same.
    let first = &transcripts[0];
    assert_eq!(
        first.len(),
        SENDERS * (LINES + 2),
        "lines, joins and leaves"
    );
    for sender in 0..SENDERS {
        let prefix = format!("s{sender}: ");
        let sent = first.iter().filter_map(|line| line.strip_prefix(&prefix));
        let expected = (0..LINES).map(|n| n.to_string());
        assert!(sent.eq(expected), "all of s{sender}, in order");
    }
    for other in &transcripts[1..] {
        assert!(other == first, "equal transcripts");
    }
}

/// Returns the lines from and about the senders, until all of them have left.
fn receive_until_all_left(mut observer: TestClient) -> Vec<String> {
    let mut received = Vec::new();
    let mut left = 0;
    while left < SENDERS {
        let line = observer.receive().expect("the room goes on");
        let has_left = line.starts_with('s') && line.ends_with("has left the chat room.");
        left += usize::from(has_left);
        received.push(line);
    }
    received.retain(|line| line.starts_with('s'));
    received
}

/// The number of changes of each of four members: moves, renames, leaving and
/// returning.
const CHANGES: usize = 10_000;

/// The number of changes after which each has the operator kick the next member.
const KICK: usize = 50;

/// Makes the changes of fault 34 of the catalogue, and waits for each reply.
/// Returns how often the member left, kicked or by itself.
fn restless(server: &TestServer, number: usize) -> usize {
    let name = format!("r{number}");
    let mut peer = server.join(&name);
    let mut left = 0;
    for change in 0..CHANGES {
        let stays = match change % 5 {
            0 => done(&mut peer, "/join games", "You are in games now."),
            1 => done(&mut peer, &format!("/nick {name}x"), "You are now called"),
            2 => done(&mut peer, &format!("/nick {name}"), "You are now called"),
            3 => done(&mut peer, "/leave", "You are in lobby now."),
            _ => !done(&mut peer, "q:quit", "q:quit"),
        };
        if !stays || change % 5 == 4 {
            left += 1;
            peer = rejoined(server, &name);
        }
        if change % KICK == 0 {
            server.operator(&format!("/kick r{}", (number + 1) % 4));
        }
    }
    done(&mut peer, "q:quit", "q:quit");
    left + 1
}

/// Requests a change and skips lines until its reply. Returns `false` if the connection
/// ended first. A refusal is a reply too: a member that was kicked in one room may
/// continue as if in another.
fn done(peer: &mut TestClient, ask: &str, answer: &str) -> bool {
    let _it_may_have_been_removed = peer.try_send(format!("{ask}\n").as_bytes());
    loop {
        match peer.receive() {
            None => return false,
            Some(line) if line.starts_with(answer) => return true,
            Some(line) if line.starts_with("! You are") => return true,
            Some(_) => {}
        }
    }
}

/// Joins again. The name becomes free after all members were notified, which may be a
/// moment after `q:quit`.
fn rejoined(server: &TestServer, name: &str) -> TestClient {
    tests::eventually("the name to be free", || {
        let mut peer = TestClient::connect(server.address);
        peer.say(name);
        peer.receive()?.starts_with("Welcome").then_some(peer)
    })
}

/// Fault 34 of the catalogue.
#[test]
fn all_receive_the_same_while_members_move_rename_leave_and_are_kicked() {
    let server = TestServer::with_limits(|limits| limits.history_lines = 0);
    let mut observers = server.join_all(["o1", "o2"]);
    let mut sender = server.join("sender");
    let lines = CHANGES / 10;
    let (received, left) = thread::scope(|scope| {
        let observers = observers.iter_mut();
        let observers = observers.map(|observer| scope.spawn(|| receive_to_the_end(observer)));
        let observers: Vec<_> = observers.collect();
        let server = &server;
        let restless = (0..4).map(|number| scope.spawn(move || restless(server, number)));
        let restless: Vec<_> = restless.collect();
        for n in 0..lines {
            sender.say(&n.to_string());
            done(&mut sender, "", "");
        }
        let left = restless.into_iter().map(|it| it.join().unwrap());
        let left: Vec<usize> = left.collect();
        sender.say("the end");
        let received = observers.into_iter().map(|it| it.join().unwrap());
        (received.collect::<Vec<_>>(), left)
    });
    // The second observer joined later, and did not receive the notice about the first.
    let from_sender = |received: &[String]| {
        let mut lines = received.iter();
        let joined = lines.position(|line| line.starts_with("sender has joined"));
        joined.expect("the notice of joining")
    };
    let from = [from_sender(&received[0]), from_sender(&received[1])];
    let same = received[0][from[0]..] == received[1][from[1]..];
    assert!(same, "equal transcripts");
    let sent = received[0].iter();
    let sent = sent.filter_map(|line| line.strip_prefix("sender: "));
    let expected = (0..lines).map(|n| n.to_string());
    assert!(sent.eq(expected), "whole and in order");
    for (number, left) in left.into_iter().enumerate() {
        check_notices(&received[0], number, left);
    }
}

fn receive_to_the_end(observer: &mut TestClient) -> Vec<String> {
    let mut received = Vec::new();
    loop {
        let line = observer.receive().expect("the room goes on");
        if line == "sender: the end" {
            return received;
        }
        received.push(line);
    }
}

/// Checks the number of notices that a restless member has left.
///
/// A member that leaves in the other room is not seen here, so it may be lower.
fn check_notices(received: &[String], number: usize, left: usize) {
    let name = format!("r{number}");
    let lines = received.iter().filter(|line| line.starts_with(&name));
    let notices = lines.filter(|line| line.ends_with(" has left the chat room."));
    let count = notices.count();
    assert!(count > CHANGES / 5 && count <= left, "{count} of {left}");
}
