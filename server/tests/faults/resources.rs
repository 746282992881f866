//! Resources: a lack of files, threads or addresses, and the first lines of the server.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

use tests::{Running, TestClient, eventually};

use super::fixture::{
    FaultFixture, Scratch, expect_idle, is_installed, program, serve, serve_through,
};
use super::sharing::{Transfer, request_ticket};

/// Returns a user that runs nothing else, so that its threads can be counted.
fn unused_user() -> String {
    (60_000 + std::process::id() % 5_000).to_string()
}

/// Fault 19.
#[test]
fn out_of_files_it_waits_without_spinning_and_recovers() {
    let Some((fixture, spare)) = fixture_with_spare_files() else {
        return;
    };
    let begin = Instant::now();
    let mut crowd: Vec<TestClient> = (0..spare + 5).map(|_| fixture.connect()).collect();
    for peer in &mut crowd[..spare] {
        peer.expect("Type your name and press Enter.");
    }
    let report = "[SERVER] cannot accept: Too many open files (os error 24).";
    fixture.server.wait_for(report);
    expect_idle(&fixture.server);
    let often = 1 + begin.elapsed().as_secs() / 10;
    assert!(fixture.server.lines_with("[SERVER] cannot").len() as u64 <= often);
    // The waiting peers join as soon as others leave.
    let mut waiting = crowd.split_off(spare);
    drop(crowd);
    for (number, peer) in waiting.iter_mut().enumerate() {
        peer.say(&format!("waited{number}"));
        while !peer.receive().unwrap().starts_with("Welcome, waited") {}
    }
    drop(waiting);
    fixture.check();
}

/// Returns a server that can open a few more files, and their number. Returns `None`
/// where the limit cannot be set.
fn fixture_with_spare_files() -> Option<(FaultFixture, usize)> {
    const SPARE: usize = 5;
    if !is_installed("prlimit") {
        return None;
    }
    let fixture = FaultFixture::start(&[]);
    // Connections use up the files below the limit.
    let files = fixture.server.usage()?.files;
    let id = fixture.server.id().to_string();
    let limit = format!("--nofile={}", files + SPARE);
    let status = Command::new("prlimit")
        .args(["--pid", &id, &limit])
        .status();
    assert!(status.unwrap().success());
    Some((fixture, SPARE))
}

/// Fault 19, with a low limit from the start.
#[test]
fn with_few_files_it_accepts_few() {
    if !is_installed("prlimit") {
        return;
    }
    let line = r#"exec prlimit --nofile=32 "$0" --history 0 127.0.0.1 0"#;
    let fixture = FaultFixture::around(serve_through(line, &[]));
    fixture.server.wait_for("There is room for 16 clients.");
    let mut inside: Vec<TestClient> = Vec::new();
    for number in 3..=16 {
        inside.push(fixture.join(&format!("member{number}")));
    }
    let mut late = fixture.connect();
    late.expect("! Server is full.");
    late.expect_quit();
    assert!(fixture.server.lines_with("[SERVER] cannot").is_empty());
    drop((inside, late));
    fixture.check();
}

/// Fault 57: the file of a transfer takes a place of its own, or members with three
/// uploads each take the files of those that the server has room for.
#[test]
fn with_few_files_it_carries_few_transfers() {
    if !is_installed("prlimit") {
        return;
    }
    let scratch = Scratch::new();
    let line = r#"exec prlimit --nofile=40 "$0" --history 0 --files "$1" 127.0.0.1 0"#;
    let fixture = FaultFixture::around(serve_through(line, &[&scratch.file("store")]));
    fixture.server.wait_for("There is room for 20 clients.");
    let [mut ann, mut bob, mut carl] = fixture.join_all(["ann", "bob", "carl"]);
    let mut uploads = Vec::new();
    let mut begin = |client: &mut TestClient| {
        let ticket = request_ticket(client, "/put a 5").ticket;
        let mut upload = Transfer::connect(fixture.address, &format!("/put {ticket}"));
        let reply = upload.line();
        uploads.push(upload);
        reply
    };
    // Five members and seven uploads leave one place.
    for _ in 0..3 {
        assert_eq!(begin(&mut ann), "ok 0");
        assert_eq!(begin(&mut bob), "ok 0");
    }
    assert_eq!(begin(&mut carl), "ok 0");
    assert_eq!(begin(&mut carl), "! Server is full.");
    let used = fixture.server.usage().map_or(0, |usage| usage.files);
    assert!(used < 40, "{used} files are open");
    drop((ann, bob, carl, uploads));
    fixture.check();
}

/// Fault 20.
#[test]
fn out_of_threads_it_refuses_peers_and_continues() {
    let Some(program) = open_to_others() else {
        return;
    };
    // Twelve threads of its own, two bystanders, and two more.
    let line = r#"exec setpriv --reuid "$2" --clear-groups prlimit --nproc=16 \
        "$1" 127.0.0.1 0 --max-clients 100"#;
    let path = program.file("chat-server");
    let fixture = FaultFixture::around(serve_through(line, &[&path, &unused_user()]));
    let mut inside = Vec::new();
    let mut turned_away = eventually("the last thread to be taken", || {
        let mut peer = fixture.connect();
        let name = format!("member{}", inside.len());
        let _ = peer.try_send(format!("{name}\n").as_bytes());
        match peer.receive().as_deref() {
            Some("! Server is full.") => return Some(peer),
            Some(report) => assert!(report.starts_with("Welcome"), "{report}"),
            None => panic!("no reason was given"),
        }
        inside.push(peer);
        None
    });
    assert!(inside.len() <= 2, "{} more came in", inside.len());
    turned_away.expect_quit();
    let address = turned_away.stream().local_addr().unwrap().to_string();
    fixture.expect_reason(&address, "full");
    drop(inside);
    let again = eventually("a thread to be free again", || {
        let mut peer = fixture.connect();
        let _ = peer.try_send(b"again\n");
        peer.receive()?.starts_with("Welcome").then_some(peer)
    });
    drop((again, turned_away));
    fixture.check();
}

/// Returns a directory with a copy of the server that every user can start. Returns
/// `None`, and prints a line, where the test cannot change its user.
fn open_to_others() -> Option<Scratch> {
    if !is_installed("prlimit") || !is_installed("setpriv") {
        return None;
    }
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        eprintln!("skipped: only root can become another user");
        return None;
    }
    let scratch = Scratch::new();
    let path = scratch.file("chat-server");
    fs::copy(env!("CARGO_BIN_EXE_chat-server"), &path).unwrap();
    let status = Command::new("chmod").args(["755", &path]).status();
    assert!(status.unwrap().success());
    Some(scratch)
}

/// Checks that the server ends with `code` after printing only these lines.
#[track_caller]
fn check(mut server: Running, code: i32, lines: &[&str]) {
    assert_eq!(server.wait().code(), Some(code));
    for line in lines {
        server.wait_for(line);
    }
    assert_eq!(server.lines_with(""), lines);
}

fn start(arguments: &[&str]) -> Running {
    Running::start(program().args(arguments))
}

/// Fault 21.
#[test]
fn an_address_that_cannot_be_bound_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let line = format!("chat-server: cannot listen at {taken}: Address already in use");
    check(
        start(&[&taken.to_string()]),
        3,
        &[&format!("{line} (os error 98)")],
    );
    let line = "chat-server: cannot listen at 192.0.2.1:4000: \
        Cannot assign requested address (os error 99)";
    check(start(&["192.0.2.1"]), 3, &[line]);
}

/// Fault 21.
#[test]
fn a_port_that_needs_privilege_is_named() {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if first.map_or(0, |first| first.trim().parse().unwrap_or(0)) <= 80 {
        eprintln!("skipped: anybody may listen at port 80 here");
        return;
    }
    let Some(program) = open_to_others() else {
        return;
    };
    let line = r#"exec setpriv --reuid "$2" --clear-groups "$1" 127.0.0.1 80"#;
    let path = program.file("chat-server");
    let server = serve_through(line, &[&path, &unused_user()]);
    let line = "chat-server: cannot listen at 127.0.0.1:80: Permission denied (os error 13)";
    check(server, 3, &[line]);
}

/// Fault 21.
#[test]
fn a_wrong_command_line_is_named() {
    let refused = |arguments: &[&str], why: &str| {
        let try_help = "Try 'chat-server --help' for more information.";
        let lines = [&format!("chat-server: {why}"), try_help];
        check(start(arguments), 2, &lines);
    };
    let why = "invalid port \"65536\": a port is a number from 0 to 65535";
    refused(&["localhost", "65536"], why);
    refused(&["--port", "1"], "unrecognized option '--port'");
    refused(&["--log"], "option '--log' requires an argument");
    refused(
        &["a", "1", "b"],
        "extra operand \"b\", HOST and PORT are enough",
    );
}

/// A log file that cannot be opened is reported before any member joins.
#[test]
fn a_log_that_cannot_be_written_is_named() {
    let line = "chat-server: cannot write the log /nowhere/log: \
        No such file or directory (os error 2)";
    check(
        start(&["127.0.0.1", "0", "--log", "/nowhere/log"]),
        1,
        &[line],
    );
}

/// Fault 22.
#[test]
fn it_can_start_again_at_once_at_the_same_port() {
    let mut server = serve(&[]);
    let address = server.address().to_string();
    let mut lingering = Vec::new();
    for _ in 0..10 {
        let mut ann = TestClient::join(server.address(), "ann");
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        ann.expect("The server is stopping.");
        // The server closed first, so its side of the connection stays for a minute.
        // The end of ann's side does not shorten it.
        lingering.push(ann);
        server = start(&[&address]);
        server.wait_for(&format!("The chat server is listening at {address}"));
    }
}

#[test]
fn the_first_lines_say_how_to_join() {
    let first_lines = |cargo: &str, client: &str| {
        let mut command = program();
        command.args(["127.0.0.1", "0", "--max-clients", "10"]);
        command.env_remove("CARGO");
        if !cargo.is_empty() {
            command.env("CARGO", cargo);
        }
        let running = Running::start(&mut command);
        running.wait_for("There is room for");
        let port = running.address().port();
        let server = client.replace("client", "server");
        let expected = [
            format!("The chat server is listening at 127.0.0.1:{port}"),
            format!(
                "To join on this machine:  {client} 127.0.0.1 {port}    (or: nc 127.0.0.1 {port})"
            ),
            format!("Only this machine can join. To let others in:  {server} 0.0.0.0 {port}"),
            "There is room for 10 clients. Type a line to say it, /help for more.".to_string(),
        ];
        assert_eq!(running.lines_with(""), expected);
    };
    first_lines("", "chat-client");
    first_lines("cargo", "cargo run --bin chat-client --");
}

#[test]
fn help_lists_every_option_and_version_is_one_line() {
    for help in ["-h", "--help"] {
        let mut server = start(&[help]);
        assert_eq!(server.wait().code(), Some(0));
        server.wait_for(
            "Exit codes: 0 stopped, 1 failure, 2 usage, 3 cannot listen, 130 stopped at once.",
        );
        let lines = server.lines_with("").join("\n");
        assert!(lines.starts_with("A chat room for terminals.\n\nUsage: chat-server "));
        let options = "listen udp strict max-clients max-unnamed per-address name-timeout rate backlog stall \
            heartbeat log quiet help version";
        for option in options.split_whitespace() {
            assert!(
                lines.contains(&format!("--{option} ")) || lines.contains(&format!("--{option}\n"))
            );
        }
        assert!(lines.lines().all(|line| line.len() <= 80), "{lines}");
    }
    let version = concat!("chat-server ", env!("CARGO_PKG_VERSION"));
    check(start(&["-V"]), 0, &[version]);
    check(start(&["--version"]), 0, &[version]);
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_a_usage_error() {
    use std::os::unix::ffi::OsStrExt;
    let bad = std::ffi::OsStr::from_bytes(b"\xff");
    for arguments in [vec![bad], vec!["--log".as_ref(), bad]] {
        let mut server = Running::start(program().args(arguments));
        assert_eq!(server.wait().code(), Some(2));
        server.wait_for("is not valid UTF-8");
    }
}
