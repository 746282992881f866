//! Cuts: connections that break at random bytes, while their members talk.

use std::thread;
use std::time::{Duration, Instant};

use tests::{CuttingProxy, ResumingClient, TestClient};

use crate::test_server::TestServer;

/// The number of cuts, in both directions together.
const CUTS: usize = 1000;

/// One of so many lines is a private message to the other member.
const PRIVATE_EVERY: usize = 7;

/// The time in which all cuts must be made. They take seconds, and minutes on a busy machine.
const MAX_TIME: Duration = Duration::from_secs(600);

/// The lines that a member says at once. The next follow after the pause, which takes
/// several milliseconds on most systems.
const AT_ONCE: usize = 10;
const PAUSE: Duration = Duration::from_millis(1);

/// The lines that one member has said and shown.
struct Transcript {
    public: usize,
    private: usize,
    view: Vec<String>,
}

#[test]
fn no_line_is_lost_or_doubled_when_connections_break_at_random_bytes() {
    let server = TestServer::with_limits(|limits| limits.history_lines = 100_000);
    let proxy = CuttingProxy::start(server.address, CUTS, 0);
    let mut plain = server.join("plain");
    let [ann, bob] = ["ann", "bob"].map(|name| {
        let mut client = ResumingClient::join(server.address, name);
        plain.expect(&format!("{name} has joined the chat room."));
        client.set_server(proxy.address);
        client.disconnect();
        client
    });
    let (ann, bob, plain) = thread::scope(|scope| {
        let ann = scope.spawn(|| talk(ann, "bob", &proxy));
        let bob = scope.spawn(|| talk(bob, "ann", &proxy));
        let plain = scope.spawn(|| talk_plainly(plain, &proxy));
        let [ann, bob, plain] = [ann, bob, plain].map(|thread| thread.join());
        (ann.unwrap(), bob.unwrap(), plain.unwrap())
    });
    assert!(proxy.is_done(), "only {} cuts", proxy.cuts());
    for (said, name, other) in [(&ann, "ann", &bob), (&bob, "bob", &ann)] {
        check(&plain, &format!("{name}: "), said.public);
        check(other, &format!("{name}: "), said.public);
        check(said, "plain: ", plain.public);
    }
    check(&bob, "ann -> bob: ", ann.private);
    check(&ann, "bob -> ann: ", bob.private);
    assert_eq!(plain.view.len(), ann.public + bob.public, "nobody left");
}

/// Talks until there are no more cuts, and listens until all have said their last line.
fn talk(mut client: ResumingClient, other: &str, proxy: &CuttingProxy) -> Transcript {
    let (mut public, mut private) = (0, 0);
    let end = Instant::now() + MAX_TIME;
    while !proxy.is_done() && Instant::now() < end {
        for _ in 0..AT_ONCE {
            if (public + private) % PRIVATE_EVERY == 0 {
                private += 1;
                client.say(&format!("/msg {other} {private}"));
            } else {
                public += 1;
                client.say(&public.to_string());
            }
        }
        client.beat();
        client.poll(PAUSE);
    }
    client.say("last");
    client.settle();
    for name in [other, "plain"] {
        client.expect_shown(&format!("{name}: last"));
    }
    Transcript {
        public: public + 1,
        private,
        view: client.shown,
    }
}

/// The same for a member whose connection is not cut.
fn talk_plainly(mut client: TestClient, proxy: &CuttingProxy) -> Transcript {
    let (mut public, mut view) = (0, Vec::new());
    let end = Instant::now() + MAX_TIME;
    while !proxy.is_done() && Instant::now() < end {
        public += 1;
        client.say(&public.to_string());
        let until = Instant::now() + PAUSE;
        while let Some(line) = client.receive_until(until) {
            view.push(line.expect("no end"));
        }
    }
    client.say("last");
    let is_last = |line: &&String| line.ends_with(": last");
    while view.iter().filter(is_last).count() < 2 {
        view.push(client.receive().expect("no end"));
    }
    Transcript {
        public: public + 1,
        private: 0,
        view,
    }
}

/// Checks that the lines with `prefix` are the numbers from 1, the last public one "last".
fn check(transcript: &Transcript, prefix: &str, count: usize) {
    let texts = transcript
        .view
        .iter()
        .filter_map(|line| line.strip_prefix(prefix));
    let texts: Vec<&str> = texts.collect();
    for (number, text) in (1..).zip(&texts) {
        let is_next = *text == number.to_string() || (*text == "last" && number == count);
        assert!(is_next, "{prefix}{text} in place of {number}");
    }
    assert_eq!(texts.len(), count, "lines of {prefix:?}");
}
