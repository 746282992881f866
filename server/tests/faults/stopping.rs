//! Stopping: the end of the server, and of members in the middle of a flood.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tests::{Running, TestClient, eventually};

use super::fixture::{FaultFixture, fill_backlog, serve};

/// The maximum time for the end: the promised six seconds, and more for a busy machine.
/// A stalled member would take sixty.
const LATEST_END: Duration = Duration::from_secs(20);

/// The number of members that send while the server ends.
const SENDERS: usize = 10;

/// The same without a limit. The server must be able to send all that waits within five
/// seconds, and each line goes to all others.
const FAST_SENDERS: usize = 3;

/// The rate limit of each: together a few thousand lines a second.
const FAST: &str = "300:50";

/// Fault 36.
#[test]
fn sigterm_under_load_loses_no_accepted_line() {
    let mut server = serve(&["--rate", FAST, "--quiet"]);
    let senders = Senders::start::<SENDERS>(server.address());
    let begin = Instant::now();
    server.signal("TERM");
    senders.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Fault 36.
#[test]
fn ctrl_c_under_load_without_input_loses_no_accepted_line() {
    let mut server = serve(&["--rate", FAST, "--quiet"]);
    server.end_input();
    let senders = Senders::start::<SENDERS>(server.address());
    let begin = Instant::now();
    server.signal("INT");
    senders.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Fault 36. A peer that sends after the server has closed both sides receives a reset,
/// which would discard the bytes it has not read.
#[test]
fn a_lagging_member_that_still_sends_receives_everything() {
    let mut server = serve(&["--rate", "off", "--quiet"]);
    let address = server.address();
    let [mut ann, mut behind] = TestClient::join_all(address, ["ann", "behind"]);
    let text = "x".repeat(2000);
    for n in 0..500 {
        ann.say(&format!("{n} {text}"));
    }
    // The reply comes after all of it was sent to both.
    ann.say("");
    ann.expect("");
    server.signal("TERM");
    ann.expect("The server is stopping.");
    ann.expect_quit();
    for n in 0..500 {
        // The sending side may be closed, but the unread bytes must still arrive.
        let _ = behind.try_send(b"still here\n");
        behind.expect(&format!("ann: {n} {text}"));
    }
    behind.expect("The server is stopping.");
    behind.expect("q:quit");
    drop(behind);
    assert_eq!(server.wait().code(), Some(0));
}

/// Fault 36, without a rate limit, so that whole batches are in flight.
#[test]
fn without_a_limit_no_accepted_line_is_lost_either() {
    let mut server = serve(&["--rate", "20000:50", "--quiet", "--backlog", "65536"]);
    let senders = Senders::start::<FAST_SENDERS>(server.address());
    let begin = Instant::now();
    server.signal("TERM");
    senders.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Fault 36.
#[test]
fn a_stalled_member_cannot_delay_the_end() {
    let (mut server, mut bob, stalled) = with_a_stalled_member();
    let begin = Instant::now();
    server.signal("TERM");
    bob.expect_sometime("The server is stopping.");
    bob.expect_quit();
    expect_end(&mut server, begin, 0);
    let notices = "some members did not receive their last lines in time.";
    server.wait_for(notices);
    drop(stalled);
}

/// Fault 36.
#[test]
fn a_second_signal_ends_it_at_once() {
    for signal in ["TERM", "INT"] {
        let (mut server, mut bob, stalled) = with_a_stalled_member();
        server.signal("TERM");
        bob.expect_sometime("The server is stopping.");
        bob.expect_quit();
        let begin = Instant::now();
        server.signal(signal);
        expect_end(&mut server, begin, 130);
        drop(stalled);
    }
}

/// Starts a room with a member that does not read, and another that has received all so
/// far.
fn with_a_stalled_member() -> (Running, TestClient, TestClient) {
    let mut server = serve(&["--rate", "off", "--stall", "60", "--quiet"]);
    let [mut ann, stalled] = TestClient::join_all(server.address(), ["ann", "stalled"]);
    fill_backlog(&mut server, &mut ann, "stalled");
    let bob = TestClient::join(server.address(), "bob");
    (server, bob, stalled)
}

fn expect_end(server: &mut Running, begin: Instant, code: i32) {
    assert_eq!(server.wait().code(), Some(code));
    let took = begin.elapsed();
    assert!(took < LATEST_END, "ending took {took:?}");
}

/// A group of members that send numbers, as fast as they can, until they are
/// disconnected.
struct Senders {
    receivers: Vec<JoinHandle<LastNumbers>>,
}

/// The last number that a member received from each of the others.
type LastNumbers = HashMap<String, usize>;

impl Senders {
    /// Joins them, and waits until all have sent many numbers.
    fn start<const COUNT: usize>(address: SocketAddr) -> Senders {
        let names: [String; COUNT] = std::array::from_fn(|number| format!("sender{number}"));
        let names: [&str; COUNT] = std::array::from_fn(|at| names[at].as_str());
        let peers = TestClient::join_all(address, names);
        let under_way = Arc::new(AtomicUsize::new(0));
        let mut receivers = Vec::new();
        for mut peer in peers {
            let mut stream = peer.stream().try_clone().unwrap();
            thread::spawn(move || {
                // The pieces end inside of lines.
                let mut writer = std::io::BufWriter::with_capacity(1000, &mut stream);
                (1..).try_for_each(|number: usize| writeln!(writer, "{number}"))
            });
            let under_way = Arc::clone(&under_way);
            receivers.push(thread::spawn(move || receive_numbers(peer, &under_way)));
        }
        eventually("many numbers from each sender", || {
            let all = COUNT * (COUNT - 1);
            (under_way.load(Ordering::Relaxed) == all).then_some(())
        });
        Senders { receivers }
    }

    /// Checks that all received the same from each, up to the same last number.
    fn expect_the_same_end(self) {
        let others = self.receivers.len() - 1;
        let received = self.receivers.into_iter().map(|receiver| {
            let received = receiver.join();
            received.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let mut last = LastNumbers::new();
        for received in received {
            assert_eq!(received.len(), others);
            for (sender, number) in received {
                let same = *last.entry(sender.clone()).or_insert(number);
                assert_eq!(number, same, "the last number of {sender}");
            }
        }
    }
}

/// Receives to the end: numbers without a gap, the notice, `q:quit`. Counts the senders
/// that are well `under_way`.
fn receive_numbers(mut peer: TestClient, under_way: &AtomicUsize) -> LastNumbers {
    let mut received = LastNumbers::new();
    let mut notices = 0;
    loop {
        let line = peer.receive().expect("the end came without q:quit");
        if line == "q:quit" {
            assert_eq!(notices, 1, "the notice comes once");
            peer.expect_closed();
            return received;
        }
        if line == "The server is stopping." {
            notices += 1;
            continue;
        }
        let message = line.split_once(": ");
        let (sender, number) = message.unwrap_or_else(|| panic!("{line:?} is no message"));
        let last = received.entry(sender.to_string()).or_insert(0);
        *last += 1;
        assert_eq!(number, last.to_string(), "from {sender}");
        if *last == 200 {
            under_way.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The ways of leaving, which are also the names of the members.
const WAYS: [&str; 4] = ["quitting", "kicked", "closing", "both"];

/// The number of times that a member leaves in each way.
const TIMES: usize = 150;

/// Fault 34.
#[test]
fn leaving_in_every_way_at_once_is_announced_once_each() {
    let mut fixture = FaultFixture::start(&["--rate", "off"]);
    let address = fixture.address;
    let mut ann = fixture.join("ann");
    let (to_kick, victims) = mpsc::channel();
    let threads = WAYS.map(|way| {
        let to_kick = to_kick.clone();
        thread::spawn(move || leave_again_and_again(address, way, &to_kick))
    });
    drop(to_kick);
    // Every wait in these threads has a deadline, so a deadlock fails the test.
    for name in victims {
        fixture.server.type_line(&format!("/kick {name}"));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let steps = steps_of_members(&mut ann);
    for (name, steps) in steps {
        // A kicked member may not be able to send anything.
        let all = ["joined", "hello", "left"];
        assert!(
            steps == all || steps == ["joined", "left"],
            "{name}: {steps:?}"
        );
        assert!(
            steps == all || !name.starts_with("quitting"),
            "{name}: {steps:?}"
        );
        let closed = format!("[CONNECTION CLOSED] {name} disconnected ");
        fixture.server.wait_for(&closed);
        assert_eq!(fixture.server.lines_with(&closed).len(), 1, "{name}");
    }
    fixture.expect_reason("quitting0", "quit");
    drop(ann);
    fixture.check();
}

/// Joins and leaves in one way. Sends the names to kick to `to_kick`.
fn leave_again_and_again(address: SocketAddr, way: &str, to_kick: &mpsc::Sender<String>) {
    for number in 0..TIMES {
        let name = format!("{way}{number}");
        let mut peer = TestClient::join(address, &name);
        peer.say("hello");
        if let "kicked" | "both" = way {
            to_kick.send(name).unwrap();
        }
        if let "quitting" | "both" = way {
            let _ = peer.try_send(b"q:quit\n");
        }
        if way != "closing" {
            peer.expect_sometime("q:quit");
            peer.expect_closed();
        }
    }
}

/// Returns what `ann` receives about each member, until all have left.
fn steps_of_members(ann: &mut TestClient) -> HashMap<String, Vec<&'static str>> {
    let mut steps: HashMap<String, Vec<&str>> = HashMap::new();
    let mut left = 0;
    while left < WAYS.len() * TIMES {
        let line = ann.receive().unwrap();
        let (name, step) = match line.split_once([' ', ':']) {
            Some((name, " hello")) => (name, "hello"),
            Some((name, "has joined the chat room.")) => (name, "joined"),
            Some((name, "has left the chat room.")) => (name, "left"),
            _ => panic!("{line:?} was not expected"),
        };
        left += usize::from(step == "left");
        steps.entry(name.to_string()).or_default().push(step);
    }
    steps
}
