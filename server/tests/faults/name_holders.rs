//! Name holders: the name of a live member, requested by others again and again.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use common::HEARTBEAT_OPT_IN;
use tests::{TestClient, eventually, start_delay_proxy};

use super::fixture::FaultFixture;

/// Joins as ann, which promises to answer probes.
fn join_answering(fixture: &FaultFixture) -> TestClient {
    opt_in(fixture.join("ann"))
}

fn opt_in(mut ann: TestClient) -> TestClient {
    ann.say(HEARTBEAT_OPT_IN);
    ann.expect("");
    ann
}

/// Requests the name of ann as `(printf 'ann\nann\n'; sleep 3) | nc` does. Returns the
/// connection, on which two answers will come.
fn attack(fixture: &FaultFixture) -> TestClient {
    let mut asker = fixture.connect();
    asker.send(b"ann\nann\n");
    asker
}

/// Expects both refusals of an [`attack`].
fn expect_refusals(asker: &mut TestClient) {
    for _ in 0..2 {
        asker.expect("! ann is already in use. Try another.");
    }
}

/// Checks that ann is still here, and that no connection of hers was closed.
fn check_alive(fixture: &FaultFixture, ann: &mut TestClient) {
    ann.say("/ping");
    ann.expect_sometime("pong");
    let closed = fixture.server.lines_with("[CONNECTION CLOSED] ann ");
    assert!(closed.is_empty(), "{closed:?}");
    ann.say("q:quit");
    ann.expect_sometime("q:quit");
    fixture.expect_reason("ann", "quit");
}

/// Answers the probes of two requests for the name, each `delay` after it came. The
/// server answers each blank line as well, so the empty lines are counted.
fn answer_probes(ann: &mut TestClient, delay: Duration) {
    for _ in 0..2 {
        ann.expect("");
        thread::sleep(delay);
        ann.say("");
        // Probes that came in the meantime, and the answer to the blank line.
        while let Some(line) = ann.receive_until(Instant::now() + Duration::from_millis(200)) {
            assert_eq!(line.as_deref(), Some(""));
        }
    }
}

/// Fault 51, behind a network with a round trip of 1.2 s.
#[test]
fn a_member_on_a_slow_network_keeps_its_name() {
    let fixture = FaultFixture::start(&[]);
    let proxy = start_delay_proxy(fixture.address, Duration::from_millis(600));
    let ann = TestClient::join(proxy, "ann").ignoring("bystander");
    let mut ann = opt_in(ann);
    for _ in 0..2 {
        let mut asker = attack(&fixture);
        answer_probes(&mut ann, Duration::ZERO);
        expect_refusals(&mut asker);
    }
    check_alive(&fixture, &mut ann);
    drop(ann);
    fixture.check();
}

/// Fault 51: nothing is read or sent for 3 s, as when a process is stopped.
#[test]
fn a_member_that_stops_for_three_seconds_keeps_its_name() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = join_answering(&fixture);
    let mut asker = attack(&fixture);
    answer_probes(&mut ann, Duration::from_secs(3));
    expect_refusals(&mut asker);
    check_alive(&fixture, &mut ann);
    drop((ann, asker));
    fixture.check();
}

/// Fault 51: the member is gone, and the network does not report it. Two may wait for
/// its name, and a third is refused at once.
#[test]
fn a_member_that_never_answers_loses_its_name_after_ten_seconds() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = join_answering(&fixture);
    let begin = Instant::now();
    let mut waiting = [fixture.connect(), fixture.connect()];
    for asker in &mut waiting {
        asker.say("ann");
    }
    // Both wait now, because each has sent the first probe.
    ann.expect("");
    ann.expect("");
    let mut third = fixture.connect();
    third.say("ann");
    third.expect("! ann is already in use. Try another.");
    assert!(begin.elapsed() < Duration::from_secs(9), "it waited too");
    let mut answers = waiting.each_mut().map(|asker| asker.receive().unwrap());
    let took = begin.elapsed();
    assert!(took > Duration::from_secs(9), "after only {took:?}");
    assert!(took < Duration::from_secs(30), "after {took:?}");
    answers.sort();
    assert!(answers[0].starts_with("! ann is already in use."));
    assert!(answers[1].starts_with("Welcome, ann."));
    ann.expect_sometime("! You did not answer, and someone else joined under your name.");
    ann.expect_quit();
    fixture.expect_reason("ann", "timeout");
    drop((ann, waiting, third));
    fixture.check();
}

/// Fault 51: a person at `nc` cannot answer, and so is never asked.
#[test]
fn a_member_without_heartbeat_never_loses_its_name() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let begin = Instant::now();
    for _ in 0..10 {
        let mut asker = attack(&fixture);
        expect_refusals(&mut asker);
    }
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "nobody is probed"
    );
    // The next line is no probe.
    ann.say("/ping");
    ann.expect("pong");
    check_alive(&fixture, &mut ann);
    drop(ann);
    fixture.check();
}

/// Fault 51: the 61st request in a row is refused after 250 ms, the next after 500 ms,
/// and so on.
#[test]
fn requests_for_a_name_are_refused_later_and_later() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let request = |asker: &mut TestClient| {
        let begin = Instant::now();
        asker.say("ann");
        asker.expect_start("! ann is already in use.");
        begin.elapsed()
    };
    let begin = Instant::now();
    for _ in 0..15 {
        let mut asker = fixture.connect();
        for _ in 0..4 {
            request(&mut asker);
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "held back early");
    let mut asker = fixture.connect();
    for millis in [250, 500, 1000, 2000] {
        let took = request(&mut asker);
        assert!(took >= Duration::from_millis(millis), "{took:?}");
    }
    // The pause is the asker's own: nobody else waits for it, ann least of all.
    let mut other = fixture.connect();
    other.say("other");
    other.expect_start("Welcome, other.");
    ann.expect("other has joined the chat room.");
    check_alive(&fixture, &mut ann);
    drop((ann, asker, other));
    fixture.check();
}

/// Fault 51: that attacks by `/nick`, and from another address, where nobody else is
/// refused later.
#[test]
fn requests_by_nick_are_refused_later_and_another_host_at_once() {
    let mut fixture = FaultFixture::start(&["--rate", "off", "--listen", "[::1]:0"]);
    let address = fixture.server.lines_with("listening at [::1]").concat();
    let address: SocketAddr = address.rsplit(' ').next().unwrap().parse().unwrap();
    let mut ann = fixture.join("ann");
    let mut bob = fixture.join("bob");
    ann.expect("bob has joined the chat room.");
    let request = |bob: &mut TestClient| {
        let begin = Instant::now();
        bob.say("/nick ann");
        bob.expect("! ann is already in use.");
        begin.elapsed()
    };
    for _ in 0..60 {
        request(&mut bob);
    }
    for millis in [250, 500, 1000, 2000] {
        let took = request(&mut bob);
        assert!(took >= Duration::from_millis(millis), "{took:?}");
    }
    // While a request of bob waits for 4 s, another host is refused.
    bob.say("/nick ann");
    let mut other = TestClient::connect(address);
    other.say("ann");
    other.expect("! ann is already in use. Try another.");
    let before = bob.receive_until(Instant::now());
    assert_eq!(before, None, "another host was refused later");
    // A member that waits can be disconnected.
    fixture.server.type_line("/kick bob");
    bob.expect("! You were kicked.");
    ann.expect("bob has left the chat room.");
    check_alive(&fixture, &mut ann);
    drop((ann, bob, other));
    fixture.check();
}

/// Fault 51: connections whose refusal is delayed have no name, and so make room for
/// others at once.
#[test]
fn delayed_refusals_do_not_fill_the_server() {
    let fixture = FaultFixture::start(&["--max-clients", "30", "--max-unnamed", "10"]);
    let mut ann = fixture.join("ann");
    for _ in 0..15 {
        let mut asker = fixture.connect();
        asker.send(b"ann\nann\nann\nann\n");
        for _ in 0..4 {
            asker.expect("! ann is already in use. Try another.");
        }
    }
    let askers: Vec<TestClient> = (0..60).map(|_| attack(&fixture)).collect();
    let join = |number| {
        eventually("room for another", || {
            let mut other = fixture.connect();
            other.try_send(format!("other{number}\n").as_bytes()).ok()?;
            let answer = other.receive()?;
            answer.starts_with("Welcome, other").then_some(other)
        })
    };
    let others: Vec<TestClient> = (0..12).map(join).collect();
    check_alive(&fixture, &mut ann);
    drop((ann, askers, others));
    fixture.check();
}
