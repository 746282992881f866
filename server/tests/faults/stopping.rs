//! The end, under load: of the server, and of members in the middle of a talk.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tests::{Running, TestClient, eventually};

use super::fixture::{FaultFixture, fill_backlog, serve};

/// How long the end may take: the six seconds that are promised, and one for a
/// busy machine to notice it.
const LATEST_END: Duration = Duration::from_secs(7);

/// How many talk while the server ends.
const SENDERS: usize = 10;

/// How fast each of them may be: together a few thousand lines a second.
const FAST: &str = "300:50";

/// Row 36.
#[test]
fn sigterm_under_load_loses_no_accepted_line() {
    let mut server = serve(&["--rate", FAST, "--quiet"]);
    let crowd = Crowd::talk(server.address());
    let begin = Instant::now();
    server.signal("TERM");
    crowd.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Row 36.
#[test]
fn ctrl_c_under_load_without_input_loses_no_accepted_line() {
    let mut server = serve(&["--rate", FAST, "--quiet"]);
    server.end_input();
    let crowd = Crowd::talk(server.address());
    let begin = Instant::now();
    server.signal("INT");
    crowd.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Row 36. A peer that sends after the server has closed both its sides is
/// answered by a reset, which would throw away what it had not fetched.
#[test]
fn a_member_that_is_behind_and_still_talks_gets_all_of_it() {
    let mut server = serve(&["--rate", "off", "--quiet"]);
    let address = server.address();
    let [mut ann, mut behind] = TestClient::join_all(address, ["ann", "behind"]);
    let text = "x".repeat(2000);
    for n in 0..500 {
        ann.say(&format!("{n} {text}"));
    }
    // The answer to this comes after all of it has been sent to both.
    ann.say("");
    ann.expect("");
    server.signal("TERM");
    ann.expect("The server is stopping.");
    ann.expect_quit();
    for n in 0..500 {
        // It may be closed to us, but must not be to what we have not read.
        let _ = behind.try_send(b"still here\n");
        behind.expect(&format!("ann: {n} {text}"));
    }
    behind.expect("The server is stopping.");
    behind.expect("q:quit");
    drop(behind);
    assert_eq!(server.wait().code(), Some(0));
}

/// Row 36. As fast as they can: whole batches are under way.
#[test]
fn without_a_limit_no_accepted_line_is_lost_either() {
    let mut server = serve(&["--rate", "20000:50", "--quiet", "--backlog", "65536"]);
    let crowd = Crowd::talk(server.address());
    let begin = Instant::now();
    server.signal("TERM");
    crowd.expect_the_same_end();
    expect_end(&mut server, begin, 0);
}

/// Row 36.
#[test]
fn a_stalled_member_cannot_put_off_the_end() {
    let (mut server, mut bob, stalled) = with_a_stalled_member();
    let begin = Instant::now();
    server.signal("TERM");
    bob.expect_sometime("The server is stopping.");
    bob.expect_quit();
    expect_end(&mut server, begin, 0);
    let told = "some members did not take in their last lines in time.";
    server.wait_for(told);
    drop(stalled);
}

/// Row 36.
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

/// A room in which one does not read, and another has heard all so far.
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

/// Members who say numbers, as fast as they can, until they are cut off.
struct Crowd {
    listeners: Vec<JoinHandle<Heard>>,
}

/// The last number that one of them heard from each of the others.
type Heard = HashMap<String, usize>;

impl Crowd {
    /// Has them join, and waits until all are well on their way.
    fn talk(address: SocketAddr) -> Crowd {
        let names: [String; SENDERS] = std::array::from_fn(|number| format!("sender{number}"));
        let names: [&str; SENDERS] = std::array::from_fn(|at| names[at].as_str());
        let peers = TestClient::join_all(address, names);
        let under_way = Arc::new(AtomicUsize::new(0));
        let mut listeners = Vec::new();
        for mut peer in peers {
            let mut stream = peer.stream().try_clone().unwrap();
            thread::spawn(move || {
                // They come in pieces that are no whole number of lines.
                let mut writer = std::io::BufWriter::with_capacity(1000, &mut stream);
                (1..).try_for_each(|number: usize| writeln!(writer, "{number}"))
            });
            let under_way = Arc::clone(&under_way);
            listeners.push(thread::spawn(move || listen(peer, &under_way)));
        }
        eventually("a lively talk", || {
            let all = SENDERS * (SENDERS - 1);
            (under_way.load(Ordering::Relaxed) == all).then_some(())
        });
        Crowd { listeners }
    }

    /// Sees to it that all have heard the same of each, to the same last number.
    fn expect_the_same_end(self) {
        let heard = self.listeners.into_iter().map(|listener| {
            let heard = listener.join();
            heard.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let mut last = Heard::new();
        for heard in heard {
            assert_eq!(heard.len(), SENDERS - 1);
            for (sender, number) in heard {
                let same = *last.entry(sender.clone()).or_insert(number);
                assert_eq!(number, same, "the last number of {sender}");
            }
        }
    }
}

/// Listens to the end: numbers without a gap, the notice, `q:quit`. Counts the
/// senders that are well `under_way`.
fn listen(mut peer: TestClient, under_way: &AtomicUsize) -> Heard {
    let mut heard = Heard::new();
    let mut told = 0;
    loop {
        let line = peer.receive().expect("the end came without q:quit");
        if line == "q:quit" {
            assert_eq!(told, 1, "the notice comes once");
            peer.expect_closed();
            return heard;
        }
        if line == "The server is stopping." {
            told += 1;
            continue;
        }
        let message = line.split_once(": ");
        let (sender, number) = message.unwrap_or_else(|| panic!("{line:?} is no message"));
        let last = heard.entry(sender.to_string()).or_insert(0);
        *last += 1;
        assert_eq!(number, last.to_string(), "from {sender}");
        if *last == 200 {
            under_way.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Row 34.
#[test]
fn leaving_in_every_way_at_once_is_told_once_each() {
    const TIMES: usize = 150;
    const WAYS: [&str; 4] = ["quitting", "kicked", "closing", "both"];
    let mut fixture = FaultFixture::start(&["--rate", "off"]);
    let address = fixture.address;
    let mut ann = fixture.join("ann");
    let (to_kick, victims) = mpsc::channel();
    let threads = WAYS.map(|way| {
        let to_kick = to_kick.clone();
        thread::spawn(move || {
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
        })
    });
    drop(to_kick);
    // Every wait in these threads has a deadline, so a deadlock fails the test.
    for name in victims {
        fixture.server.type_line(&format!("/kick {name}"));
    }
    for thread in threads {
        thread.join().unwrap();
    }
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
    for (name, steps) in steps {
        // Who is removed may not come to say anything.
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
