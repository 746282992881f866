//! Connections: peers that send nothing, too little, or end abruptly, and members that
//! do not read.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tests::{DEADLINE, Running, TestClient, eventually};

use super::fixture::{FaultFixture, is_installed, is_lagging, serve};

/// The number of long lines in each round of a flood, and their length. The kernel
/// buffers about 3 MB of them for a member that does not read.
const ROUND: usize = 100;
const LONG: usize = 2000;

/// Fault 1.
#[test]
fn a_silent_peer_is_prompted_and_then_disconnected() {
    let fixture = FaultFixture::start(&["--name-timeout", "2"]);
    let mut silent = TestClient::connect(fixture.address);
    let address = silent.stream().local_addr().unwrap().to_string();
    silent.expect("Type your name and press Enter.");
    silent.expect("! No name received within 2 s.");
    silent.expect_quit();
    fixture.expect_reason(&address, "timeout");
    fixture.check();
}

/// Fault 2.
#[test]
fn single_bytes_do_not_extend_the_name_timeout() {
    let fixture = FaultFixture::start(&["--strict", "--name-timeout", "2"]);
    let mut slow = fixture.connect();
    let address = slow.stream().local_addr().unwrap().to_string();
    let begin = Instant::now();
    let notice = loop {
        slow.send(b"x");
        assert!(begin.elapsed() < DEADLINE, "it is still let in");
        if let Some(notice) = slow.receive_until(Instant::now() + Duration::from_millis(100)) {
            break notice;
        }
    };
    assert_eq!(notice.as_deref(), Some("! No name received within 2 s."));
    slow.expect_quit();
    fixture.expect_reason(&address, "timeout");
    fixture.check();
}

/// Fault 56. The lines wait for the rate limit, which would take minutes.
#[test]
fn blank_lines_do_not_extend_the_name_timeout() {
    let fixture = FaultFixture::start(&["--name-timeout", "2"]);
    let mut peer = fixture.connect();
    let address = peer.stream().local_addr().unwrap().to_string();
    peer.send(&[b'\n'; 4096]);
    peer.expect("! No name received within 2 s.");
    peer.expect_quit();
    fixture.expect_reason(&address, "timeout");
    fixture.check();
}

/// Fault 8.
#[test]
fn a_last_line_without_a_newline_counts() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    bob.send(b"hi\nlast words");
    bob.end_sending();
    ann.expect("bob: hi");
    ann.expect("bob: last words");
    ann.expect("bob has left the chat room.");
    bob.expect_quit();
    fixture.expect_reason("bob", "eof");
    drop(ann);
    fixture.check();
}

/// Fault 8.
#[test]
fn a_name_without_a_newline_counts() {
    let fixture = FaultFixture::start(&[]);
    let mut bob = fixture.connect();
    bob.send(b"bob");
    bob.end_sending();
    bob.expect_start("Welcome, bob.");
    bob.expect_quit();
    fixture.expect_reason("bob", "eof");
    fixture.check();
}

/// Fault 9.
#[test]
fn a_peer_that_closes_its_sending_side_gets_every_reply() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    let mut bob = fixture.connect();
    bob.send(b"bob\n/dance\n\nhi\n/dance\n");
    bob.end_sending();
    bob.expect_start("Welcome, bob.");
    bob.expect_start("! Unknown command /dance.");
    bob.expect("");
    bob.expect_start("! Unknown command /dance.");
    bob.expect_quit();
    ann.expect("bob has joined the chat room.");
    ann.expect("bob: hi");
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "eof");
    drop(ann);
    fixture.check();
}

/// Fault 10.
#[test]
fn a_reset_is_announced() {
    let fixture = FaultFixture::start(&[]);
    let [mut ann, bob] = fixture.join_all(["ann", "bob"]);
    bob.reset();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "reset");
    drop(ann);
    fixture.check();
}

/// Fault 11. With std alone a connection that has received nothing cannot be reset.
#[test]
fn connections_reset_before_they_are_accepted_do_no_harm() {
    const SCRIPT: &str = "
import socket, struct, sys
input()
for _ in range(20):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()
print('done', flush=True)";
    let fixture = FaultFixture::start(&[]);
    let (host, port) = (fixture.address.ip(), fixture.address.port());
    if !is_installed("python3") {
        return fixture.check();
    }
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT, &host.to_string(), &port.to_string()]);
    let mut python = Running::start(&mut python);
    fixture.server.signal("STOP");
    eventually("the server to stand still", || {
        let status = format!("/proc/{}/status", fixture.server.id());
        // Where the kernel does not report the state, the server counts as stopped.
        let status = fs::read_to_string(status).unwrap_or("State:\tT".to_string());
        status.contains("State:\tT").then_some(())
    });
    python.type_line("go");
    python.wait_for("done");
    fixture.server.signal("CONT");
    eventually("a reason for each of them", || {
        let closed = fixture.server.lines_with("disconnected (reset).");
        (closed.len() == 20).then_some(())
    });
    drop(fixture.join("ann"));
    fixture.check();
}

/// Fault 12.
#[test]
fn half_the_members_reset_in_a_broadcast_and_the_others_get_all() {
    let fixture = FaultFixture::start(&["--rate", "off", "--quiet"]);
    let mut talker = fixture.join("talker");
    let mut members: Vec<TestClient> = (0..50).map(|n| fixture.join(&format!("m{n}"))).collect();
    let others = members.split_off(25);
    let lines = |from: usize, to: usize| (from..to).map(|n| format!("{n}\n")).collect::<String>();
    talker.send(lines(0, 1000).as_bytes());
    members.into_iter().for_each(TestClient::reset);
    talker.send(lines(1000, 2000).as_bytes());
    for mut other in others {
        let mut received = 0;
        while received < 2000 {
            let line = other.receive().expect("the room goes on");
            if let Some(number) = line.strip_prefix("talker: ") {
                assert_eq!(number, received.to_string());
                received += 1;
            }
        }
    }
    for n in 0..25 {
        fixture.expect_reason(&format!("m{n}"), "reset");
    }
    drop(talker);
    fixture.check();
}

/// Fault 13.
#[test]
fn a_client_whose_heartbeat_ends_is_disconnected() {
    let fixture = FaultFixture::start(&["--heartbeat", "1"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    beat_and_stop(&mut bob);
    bob.expect_quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "timeout");
    drop(ann);
    fixture.check();
}

/// Fault 13, the opposite case.
#[test]
fn a_person_who_pressed_enter_once_may_be_silent() {
    let fixture = FaultFixture::start(&["--heartbeat", "1"]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    ann.say("");
    ann.expect("");
    // This takes as long as the timeout of a client with a heartbeat.
    beat_and_stop(&mut bob);
    ann.expect("bob has left the chat room.");
    let mut carl = fixture.join("carl");
    ann.expect("carl has joined the chat room.");
    ann.say("still here");
    carl.expect("ann: still here");
    fixture.expect_reason("bob", "timeout");
    drop([ann, carl]);
    fixture.check();
}

/// Fault 14.
#[test]
fn a_member_that_stops_reading_is_disconnected_by_bytes() {
    let fixture = FaultFixture::start(&["--rate", "off", "--backlog", "16", "--stall", "60"]);
    let [mut ann, mut bob, stalled] = fixture.join_all(["ann", "bob", "stalled"]);
    flood(&mut bob, &mut ann, || {
        !fixture.server.lines_with("(slow)").is_empty()
    });
    fixture.expect_reason("stalled", "slow");
    drop([ann, bob, stalled]);
    fixture.check();
}

/// Fault 14.
#[test]
fn a_member_that_stops_reading_is_disconnected_by_time() {
    let mut fixture = FaultFixture::start(&["--rate", "off", "--stall", "2"]);
    let [mut ann, mut bob, stalled] = fixture.join_all(["ann", "bob", "stalled"]);
    let left = loop {
        flood(&mut bob, &mut ann, || {
            is_lagging(&mut fixture.server, "stalled")
        });
        // No bytes are sent from here on, so the limit of bytes is not the reason. The
        // system may find some more room for them, and then it does not lag any more.
        if let Some(line) = ann.receive_until(Instant::now() + Duration::from_secs(10)) {
            break line;
        }
    };
    assert_eq!(left.as_deref(), Some("stalled has left the chat room."));
    fixture.expect_reason("stalled", "slow");
    drop([ann, bob, stalled]);
    fixture.check();
}

/// Fault 14.
#[test]
fn a_hundred_members_that_stop_reading_delay_nobody() {
    let fixture = FaultFixture::start(&["--rate", "off", "--quiet", "--stall", "3"]);
    let mut bob = fixture.join("bob");
    let join = |name: &str, n: usize| fixture.join(&format!("{name}{n}"));
    let stalled: Vec<TestClient> = (0..100).map(|n| join("stalled", n)).collect();
    let readers: Vec<TestClient> = (0..100).map(|n| join("reader", n)).collect();
    let mut ann = fixture.join("ann");
    let readers: Vec<_> = readers
        .into_iter()
        .map(|reader| thread::spawn(move || count_of_long_lines(reader)))
        .collect();
    let sent = flood(&mut bob, &mut ann, || {
        fixture.server.lines_with("(slow)").len() == stalled.len()
    });
    bob.say("q:quit");
    for reader in readers {
        assert_eq!(reader.join().unwrap(), sent);
    }
    for n in 0..stalled.len() {
        fixture.expect_reason(&format!("stalled{n}"), "slow");
    }
    drop((ann, bob, stalled));
    fixture.check();
}

/// Fault 57. More members lag than the server has writer threads.
#[test]
fn slow_readers_that_occupy_all_writer_threads_cost_others_no_line() {
    const STALLED: usize = 22;
    let options = ["--max-clients", "40", "--backlog", "65536", "--stall", "60"];
    let mut fixture = FaultFixture::start(&[&options[..], &["--rate", "off"]].concat());
    let names: Vec<String> = (0..STALLED).map(|n| format!("stalled{n}")).collect();
    let stalled: Vec<TestClient> = names.iter().map(|name| fixture.join(name)).collect();
    let [mut ann, mut bob, carl] = fixture.join_all(["ann", "bob", "carl"]);
    let sent = flood(&mut bob, &mut ann, || {
        let mut all = names.iter().map(String::as_str).chain(["carl"]);
        all.all(|name| is_lagging(&mut fixture.server, name))
    });
    bob.say("q:quit");
    assert_eq!(count_of_long_lines(carl), sent);
    assert_eq!(fixture.server.lines_with("(slow)"), [""; 0]);
    drop((ann, bob, stalled));
    fixture.check();
}

/// Fault 15.
#[test]
fn a_member_that_reads_too_slowly_is_disconnected() {
    let fixture = FaultFixture::start(&["--rate", "off", "--backlog", "64", "--stall", "60"]);
    let [mut ann, mut bob, mut slow] = fixture.join_all(["ann", "bob", "slow"]);
    flood(&mut bob, &mut ann, || {
        slow.read_some(&mut [0; LONG]).unwrap();
        !fixture.server.lines_with("(slow)").is_empty()
    });
    fixture.expect_reason("slow", "slow");
    drop([ann, bob, slow]);
    fixture.check();
}

/// Sends heartbeats in rhythm for a while, and then none, until `peer` is disconnected.
/// Where the machine is too busy for a rhythm, it begins again. Where the machine stands
/// still for three intervals, the end comes in between.
fn beat_and_stop(peer: &mut TestClient) {
    const INTERVAL: Duration = Duration::from_secs(1);
    let until = Instant::now() + DEADLINE;
    let check_end = |line: Option<String>| {
        assert_eq!(line.as_deref(), Some("! Connection timed out."));
    };
    while Instant::now() < until {
        let mut next = Instant::now();
        for _ in 0..5 {
            peer.say("");
            let answer = peer.receive();
            if answer.as_deref() != Some("") {
                return check_end(answer);
            }
            next += INTERVAL;
            if let Some(line) = peer.receive_until(next) {
                return check_end(line);
            }
        }
        if let Some(line) = peer.receive_until(Instant::now() + 6 * INTERVAL) {
            return check_end(line);
        }
    }
    panic!("it is still here");
}

/// Sends rounds of long lines from `bob` until `enough`, and returns their number.
/// `ann` receives each round before the next, so that no reading member lags.
fn flood(bob: &mut TestClient, ann: &mut TestClient, mut enough: impl FnMut() -> bool) -> usize {
    let round = format!("{}\n", "x".repeat(LONG)).repeat(ROUND) + "so far\n";
    let until = Instant::now() + DEADLINE;
    let mut sent = 0;
    while !enough() {
        assert!(Instant::now() < until, "{sent} lines were not enough");
        bob.send(round.as_bytes());
        ann.expect_sometime("bob: so far");
        sent += ROUND;
    }
    sent
}

/// Returns the number of long lines that `reader` receives until bob leaves.
fn count_of_long_lines(mut reader: TestClient) -> usize {
    let lines = BufReader::new(reader.stream()).lines();
    let lines = lines.map(|line| line.expect("the room goes on"));
    let until_end = lines.take_while(|line| line != "bob has left the chat room.");
    until_end.filter(|line| line.len() > LONG).count()
}

/// The member of the same name keeps it from coming back, which would begin its time
/// again.
#[test]
fn a_member_can_resume_for_as_long_as_the_operator_says() {
    let server = serve(&["--resume", "1", "--leave-delay", "0.001"]);
    let (ann, token) = TestClient::join_resumable(server.address(), "ann");
    drop(ann);
    let _other = TestClient::join(server.address(), "ann");
    let ask = || TestClient::request_resume(server.address(), &token, "").receive();
    assert_eq!(ask().as_deref(), Some("! ann is already in use."));
    eventually("the end of the token", || {
        (ask()? == "! Unknown or expired token.").then_some(())
    });
}
