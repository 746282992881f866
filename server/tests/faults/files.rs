//! Files: names, sizes and tickets, planted links, broken transfers, and a server that
//! is killed during a transfer.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use tests::{Running, TestClient, UdpTestClient, eventually};

use super::fixture::{FaultFixture, Scratch, is_installed, serve, serve_through};
use super::sharing::{SharedFolder, Transfer, id_in, names, noise, request_ticket, share};

#[test]
fn a_file_is_shared_listed_fetched_and_removed() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let bytes = noise(12_345);
    let id = shared.share(&mut ann, "my notes.pdf", &bytes);
    let notice = format!("ann shares my notes.pdf, 12.3 KB. Type /get {id} to fetch it.");
    bob.expect(&notice);
    shared.fixture.server.wait_for(&format!("[FILES] {notice}"));
    bob.say("/files");
    bob.expect("1 file.");
    let row = bob.expect_start("   1   12.3 KB  my notes.pdf  from ann, ");
    assert!(row.ends_with(" s ago"), "{row}");
    for offset in [0, 1, 12_344, 12_345] {
        let grant = request_ticket(&mut bob, &format!("/get {id}"));
        assert_eq!((grant.id, grant.size), (Some(id), 12_345));
        let mut transfer = shared.connect(&format!("/get {} {offset}", grant.ticket));
        transfer.expect("ok 12345");
        assert!(transfer.rest() == bytes[offset..], "from {offset}");
    }
    bob.say("/forget 1");
    bob.expect("! Only the member who shared my notes.pdf can remove it.");
    ann.say("/forget 1");
    ann.expect("my notes.pdf is removed.");
    bob.say("/files");
    bob.expect("No files yet.");
    bob.say("/get 1");
    bob.expect("! No such file, 1. /files lists them.");
    assert!(names(&shared.folder()).is_empty());
    drop((ann, bob));
    shared.check();
}

#[test]
fn the_operator_lists_and_removes_shared_files() {
    let mut shared = SharedFolder::open(&[]);
    let mut ann = shared.join("ann");
    shared.share(&mut ann, "notes.pdf", b"hello");
    let server = &mut shared.fixture.server;
    server.type_line("/files");
    server.wait_for("   1       5 B  notes.pdf  from ann, ");
    server.type_line("/forget 1");
    server.wait_for("notes.pdf is removed.");
    server.type_line("/forget 1");
    server.wait_for("No such file, 1.");
    ann.say("/files");
    ann.expect("No files yet.");
    drop(ann);
    shared.check();
}

#[test]
fn without_a_folder_nothing_is_shared() {
    let fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    for command in ["/files", "/put x 1", "/get 1", "/forget 1"] {
        ann.say(command);
        ann.expect("! No files are shared here.");
    }
    let mut transfer = Transfer::connect(fixture.address, "/put 00000000000000000000000000000000");
    transfer.expect("! No files are shared here.");
    assert!(transfer.rest().is_empty());
    drop(ann);
    fixture.check();
}

/// Fault 39.
#[test]
fn a_name_is_never_a_path() {
    let shared = SharedFolder::open(&[]);
    let mut ann = shared.join("ann");
    let long = format!("{}.pdf", "x".repeat(296));
    let names_sent = [
        "../canary",
        "/etc/x",
        "a/../../canary",
        "..",
        ".",
        "C:\\x",
        "\\\\h\\s",
        "NUL",
        "CON.txt",
        "x:y",
        "-rf",
        ".ssh",
        &long,
        "%2e%2e",
        "fdp.\u{202e}exe",
        "dot.",
        "\u{1b}]0;x\u{7}",
    ];
    for (at, name) in names_sent.into_iter().enumerate() {
        let id = shared.share(&mut ann, name, b"hi");
        assert_eq!(id, at as u64 + 1);
    }
    ann.say("/files");
    ann.expect("17 files.");
    for _ in names_sent {
        let row = ann.receive().unwrap();
        assert!(
            !row.contains(['/', '\\', ':', '\u{202e}', '\u{1b}']),
            "{row}"
        );
    }
    let mut expected: Vec<String> = (1..=17).map(|id: u64| id.to_string()).collect();
    expected.extend((1..=17).map(|id: u64| format!("{id}.about")));
    expected.sort();
    assert_eq!(names(&shared.folder()), expected);
    assert_eq!(
        names(shared.folder().parent().unwrap()),
        ["canary", "store"]
    );
    drop(ann);
    shared.check();
}

/// Fault 40.
#[cfg(unix)]
#[test]
fn a_planted_link_is_not_followed() {
    use std::os::unix::fs::symlink;
    let shared = SharedFolder::open(&[]);
    let mut ann = shared.join("ann");
    let canary = shared.scratch.file("canary");
    let folder = shared.folder();
    // The link is at the path of the next upload.
    symlink(&canary, folder.join("1.part")).unwrap();
    let grant_1 = request_ticket(&mut ann, "/put a 2");
    let mut transfer = shared.connect(&format!("/put {}", grant_1.ticket));
    transfer.expect("! Upload failed, the server cannot write it.");
    for planted in ["2.new", "2.about", "2"] {
        symlink(&canary, folder.join(planted)).unwrap();
    }
    let grant_2 = request_ticket(&mut ann, "/put a 2");
    let mut transfer = shared.connect(&format!("/put {}", grant_2.ticket));
    transfer.expect("ok 0");
    transfer.send(b"hi");
    assert!(transfer.line().starts_with("! Upload failed"));
    // The link replaces a file that exists.
    let id = shared.share(&mut ann, "a", b"hello");
    fs::remove_file(folder.join(id.to_string())).unwrap();
    symlink(&canary, folder.join(id.to_string())).unwrap();
    let grant_3 = request_ticket(&mut ann, &format!("/get {id}"));
    let mut transfer = shared.connect(&format!("/get {}", grant_3.ticket));
    transfer.expect("! a cannot be read.");
    drop(ann);
    shared.check();
}

/// Commands with a wrong size, and their refusals.
const REFUSED_SIZES: [(&str, &str); 6] = [
    (
        "/put a 18446744073709551615",
        "! a is too large, the maximum is 1.0 MB.",
    ),
    ("/put a 1048577", "! a is too large, the maximum is 1.0 MB."),
    (
        "/put a 18446744073709551616",
        "! Invalid size, not a number of bytes.",
    ),
    ("/put a -1", "! Invalid size, not a number of bytes."),
    ("/put a 0", "! a is empty."),
    ("/put 5", "! Usage, /put NAME SIZE"),
];

/// Fault 41.
#[test]
fn a_declared_size_is_not_believed() {
    let shared = SharedFolder::open(&["--file-size", "1", "--files-size", "2"]);
    let mut ann = shared.join("ann");
    for (command, notice) in REFUSED_SIZES {
        ann.say(command);
        ann.expect(notice);
    }
    // Bytes beyond the declared size are not read.
    let grant_1 = request_ticket(&mut ann, "/put a 5");
    let mut transfer = shared.connect(&format!("/put {}", grant_1.ticket));
    transfer.send(b"hello, and more");
    transfer.expect("ok 0");
    transfer.expect("ok");
    ann.expect("ann shares a, 5 B. Type /get 1 to fetch it.");
    assert_eq!(fs::read(shared.folder().join("1")).unwrap(), b"hello");
    // A shorter upload is not listed.
    let grant_2 = request_ticket(&mut ann, "/put b 5");
    let mut transfer = shared.connect(&format!("/put {}", grant_2.ticket));
    transfer.expect("ok 0");
    transfer.send(b"hell");
    transfer.0.shutdown(Shutdown::Write).unwrap();
    assert!(transfer.rest().is_empty());
    ann.say("/files");
    ann.expect("1 file.");
    ann.expect_start("   1 ");
    // An upload in progress counts with its whole size.
    let mut running = Vec::new();
    let grant_3 = request_ticket(&mut ann, "/put c 1000000");
    running.push(shared.connect(&format!("/put {}", grant_3.ticket)));
    running[0].expect("ok 0");
    ann.say("/put d 1048576");
    ann.expect(
        "! Not enough space for d, files from your address may take 1.0 MB and 24.5 KB are free.",
    );
    drop((ann, running));
    shared.check();
}

/// Fault 45.
#[test]
fn wrong_tickets_are_all_refused_alike() {
    let shared = SharedFolder::open(&["--listen", "[::1]:0"]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let id = shared.share(&mut ann, "a", b"hello");
    bob.expect_start("ann shares a");
    let refused = |request: &str| {
        let mut transfer = shared.connect(request);
        transfer.expect("! Invalid or expired ticket. Request one in the chat.");
        assert!(transfer.rest().is_empty(), "{request}");
    };
    refused("/get");
    refused("/get 1");
    refused("/get 00000000000000000000000000000000");
    // A ticket for the other direction is used up.
    let ticket = request_ticket(&mut bob, &format!("/get {id}")).ticket;
    refused(&format!("/put {ticket}"));
    refused(&format!("/get {ticket}"));
    // The ticket was used already.
    let ticket = request_ticket(&mut bob, &format!("/get {id}")).ticket;
    let mut transfer = shared.connect(&format!("/get {ticket}"));
    transfer.expect("ok 5");
    assert_eq!(transfer.rest(), b"hello");
    refused(&format!("/get {ticket}"));
    // Another address is refused, because bob did not join from ::1.
    let ticket = request_ticket(&mut bob, &format!("/get {id}")).ticket;
    let elsewhere = shared.fixture.server.wait_for("listening at [::1]:");
    let elsewhere = elsewhere.rsplit(' ').next().unwrap().parse().unwrap();
    let mut transfer = Transfer::connect(elsewhere, &format!("/get {ticket}"));
    transfer.expect("! Invalid or expired ticket. Request one in the chat.");
    refused(&format!("/get {ticket}"));
    // The member has left.
    let ticket = request_ticket(&mut bob, &format!("/get {id}")).ticket;
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    shared.fixture.expect_reason("bob", "quit");
    refused(&format!("/get {ticket}"));
    drop((ann, bob));
    shared.check();
}

/// Fault 41: a datagram carries no file.
#[test]
fn a_ticket_is_not_used_up_over_udp() {
    let shared = SharedFolder::open(&["--udp", "0"]);
    let line = shared.fixture.server.wait_for("open over UDP at ");
    let udp = line.rsplit(' ').next().unwrap().parse().unwrap();
    let mut ann = shared.fixture.join("ann");
    let ticket = request_ticket(&mut ann, "/put notes.pdf 5").ticket;
    let mut client = UdpTestClient::new(udp);
    let cookie = client.cookie("/seq 0 0 /cap time");
    client.say(&cookie);
    client.expect_start("/seq ");
    let start: u64 = cookie.split(' ').nth(2).unwrap().parse().unwrap();
    client.say(&format!("/seq {} 0 /put {ticket}", start + 1));
    let reply = client.receive();
    assert!(reply.ends_with(" Files are sent over TCP."), "{reply}");
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    transfer.send(b"hello");
    transfer.expect("ok");
    shared
        .fixture
        .expect_reason(&client.address().to_string(), "protocol");
    drop((ann, transfer));
    shared.check();
}

#[test]
fn a_member_has_so_many_transfers_at_once() {
    let shared = SharedFolder::open(&["--transfers", "2"]);
    let mut ann = shared.join("ann");
    let first = request_ticket(&mut ann, "/put a 5");
    let _second = request_ticket(&mut ann, "/put b 5");
    ann.say("/put c 5");
    ann.expect("! You already have 2 transfers, the maximum.");
    let mut transfer = shared.connect(&format!("/put {}", first.ticket));
    transfer.expect("ok 0");
    ann.say("/put c 5");
    ann.expect("! You already have 2 transfers, the maximum.");
    transfer.send(b"hello");
    transfer.expect("ok");
    ann.expect_start("ann shares a");
    assert!(transfer.rest().is_empty());
    eventually("a free slot", || {
        ann.say("/put c 5");
        ann.receive()?.starts_with("Ticket ").then_some(())
    });
    drop(ann);
    shared.check();
}

/// Breaks twenty transfers, each at another position.
#[test]
fn a_broken_transfer_resumes_where_it_broke() {
    const SIZE: usize = 1_000_000;
    let shared = SharedFolder::open(&["--rate", "off"]);
    let mut ann = shared.join("ann");
    let bytes = noise(SIZE);
    for round in 0..20 {
        let name = format!("file{round}");
        let cut = (round * 77_777 + 12_345) % SIZE;
        let put = format!("/put {name} {SIZE}");
        let ticket = request_ticket(&mut ann, &put).ticket;
        let mut transfer = shared.connect(&format!("/put {ticket}"));
        transfer.expect("ok 0");
        transfer.send(&bytes[..cut]);
        transfer.0.shutdown(Shutdown::Write).unwrap();
        assert!(transfer.rest().is_empty());
        // The server notices the end of the connection.
        let ticket = request_ticket(&mut ann, &put).ticket;
        let mut transfer = shared.connect(&format!("/put {ticket}"));
        transfer.expect(&format!("ok {cut}"));
        transfer.send(&bytes[cut..]);
        transfer.expect("ok");
        let notice = ann.expect_start(&format!("ann shares {name}, 1.0 MB. Type /get "));
        let id = id_in(&notice);
        // The download is cut at another position.
        let cut = (cut * 3) % SIZE;
        let ticket = request_ticket(&mut ann, &format!("/get {id}")).ticket;
        let mut transfer = shared.connect(&format!("/get {ticket}"));
        transfer.expect(&format!("ok {SIZE}"));
        let mut back = vec![0; cut];
        transfer.0.read_exact(&mut back).unwrap();
        drop(transfer);
        let rest = eventually("a free slot", || {
            ann.say(&format!("/get {id}"));
            let ticket = TicketGrant::parse(&ann.receive()?)?.ticket;
            let mut transfer = shared.connect(&format!("/get {ticket} {cut}"));
            transfer.expect(&format!("ok {SIZE}"));
            Some(transfer.rest())
        });
        assert!(
            back == bytes[..cut] && rest == bytes[cut..],
            "round {round}"
        );
    }
    drop(ann);
    shared.check();
}

/// Fault 43.
#[test]
fn a_file_removed_during_a_download_is_an_error_on_both_sides() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let bytes = noise(30_000_000);
    for (id, how) in [(1, "was removed"), (2, "was cut")] {
        shared.share(&mut ann, "big", &bytes);
        bob.expect_start("ann shares big");
        let ticket = request_ticket(&mut bob, &format!("/get {id}")).ticket;
        let mut transfer = shared.connect(&format!("/get {ticket}"));
        transfer.expect("ok 30000000");
        // The client stops reading. The buffers of the system hold some megabytes.
        if how == "was removed" {
            ann.say("/forget 1");
            ann.expect("big is removed.");
        } else {
            let data = fs::OpenOptions::new()
                .write(true)
                .open(shared.folder().join("2"));
            data.unwrap().set_len(10_000_000).unwrap();
        }
        assert!(transfer.rest().len() < bytes.len(), "{how}");
        bob.expect(&format!("! big {how} while you were fetching it."));
        let server = &shared.fixture.server;
        server.wait_for(&format!("[FILES] big {how} while bob was fetching it."));
    }
    drop((ann, bob));
    shared.check();
}

/// Fault 42, without its times, which `tests/tests/room/files.rs` shortens.
#[test]
fn a_transfer_survives_the_leaving_of_its_member() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let ticket = request_ticket(&mut bob, "/put a 5000000").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    transfer.send(&noise(2_500_000));
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    // The server does not read the rest. A reset may come instead of an end.
    let _cut = transfer.0.write_all(&noise(2_500_000));
    assert!(transfer.rest().is_empty());
    ann.say("/files");
    ann.expect("No files yet.");
    drop((ann, bob));
    shared.check();
}

/// Fault 57: an upload counts with its whole size, so it must not outlast its member.
#[test]
fn an_upload_ends_with_the_first_byte_after_its_member_left() {
    let shared = SharedFolder::open(&[]);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    let ticket = request_ticket(&mut bob, "/put a 5000000").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    transfer.send(b"hello");
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    shared.fixture.expect_reason("bob", "quit");
    transfer.send(b"h");
    let begin = Instant::now();
    assert!(transfer.rest().is_empty());
    assert!(begin.elapsed() < Duration::from_secs(15), "it went on");
    drop((ann, bob));
    shared.check();
}

/// Fault 38.
#[test]
fn a_full_disk_stores_nothing_and_the_chat_continues() {
    const SERVE: &str = r#"mount -t tmpfs -o size=64k none "$1" &&
        exec "$0" 127.0.0.1 0 --history 0 --crowd 100000 --files "$1""#;
    if !can_mount() {
        return;
    }
    let scratch = Scratch::new();
    let disk = scratch.file("disk");
    fs::create_dir(&disk).unwrap();
    let line = r#"exec unshare -rm sh -c "$2" "$0" "$1""#;
    let fixture = FaultFixture::around(serve_through(line, &[&disk, SERVE]));
    // Only the server sees that disk. The test sees it through /proc.
    let seen = format!("/proc/{}/root{disk}", fixture.server.id());
    let mut ann = fixture.join("ann");
    let ticket = request_ticket(&mut ann, "/put a 200000").ticket;
    let mut transfer = Transfer::connect(fixture.address, &format!("/put {ticket}"));
    let uploader = transfer.0.local_addr().unwrap().to_string();
    transfer.expect("ok 0");
    let _cut = transfer.0.write_all(&noise(200_000));
    transfer.expect("! Upload failed, the server's disk is full.");
    fixture.expect_reason(&uploader, "full");
    fixture.server.wait_for("[FILES] cannot write: ");
    assert!(names(Path::new(&seen)).is_empty());
    // A small file fits.
    share(fixture.address, &mut ann, "b", b"hello");
    drop(ann);
    fixture.check();
}

/// Returns `true` if a disk can be mounted here, and prints a line if not.
fn can_mount() -> bool {
    if !is_installed("unshare") {
        return false;
    }
    let mut mount = Command::new("unshare");
    mount.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
    let mounted = mount.output().unwrap().status.success();
    if !mounted {
        eprintln!("skipped: nothing can be mounted here");
    }
    mounted
}

/// Fault 38.
#[test]
fn a_removed_folder_stores_nothing_and_is_created_again() {
    let shared = SharedFolder::open(&[]);
    let mut ann = shared.join("ann");
    let ticket = request_ticket(&mut ann, "/put a 5").ticket;
    let moved = shared.scratch.file("moved");
    fs::rename(shared.folder(), &moved).unwrap();
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("! Upload failed, the server cannot write it.");
    shared.fixture.server.wait_for("[FILES] cannot write: ");
    fs::rename(&moved, shared.folder()).unwrap();
    shared.share(&mut ann, "a", b"hello");
    drop(ann);
    shared.check();
}

/// Fault 44: the server is killed fifty times, during an upload or right after it.
#[test]
fn a_killed_server_leaves_no_partial_file_listed() {
    let scratch = Scratch::new();
    let folder = scratch.file("store");
    let start = || serve(&["--files", &folder, "--rate", "off"]);
    let bytes = noise(300_000);
    let mut listed = 0;
    for round in 0..50 {
        let server = start();
        let mut ann = TestClient::join(server.address(), "ann");
        check_listed(&server, &mut ann, listed, &bytes);
        let ticket = request_ticket(&mut ann, &format!("/put a {}", bytes.len())).ticket;
        let mut transfer = Transfer::connect(server.address(), &format!("/put {ticket}"));
        transfer.expect("ok 0");
        // The amount is between nothing and everything, with the reply.
        transfer.send(&bytes[..bytes.len() * round.min(45) / 45]);
        if round >= 48 {
            transfer.expect("ok");
            listed += 1;
        }
        let begin = Instant::now();
        while round > 45 && begin.elapsed() < Duration::from_micros(300 * (round as u64 - 45)) {}
        server.signal("KILL");
        drop(server);
        // A complete upload may be a file, with or without a received reply.
        if (45..48).contains(&round) {
            listed = names(Path::new(&folder))
                .iter()
                .filter(|name| name.parse::<u64>().is_ok())
                .count();
        }
    }
    let server = start();
    let mut ann = TestClient::join(server.address(), "ann");
    check_listed(&server, &mut ann, listed, &bytes);
    let folder = names(Path::new(&folder));
    assert_eq!(folder.len(), 2 * listed, "nothing half is left: {folder:?}");
}

/// Checks that every listed file is complete.
fn check_listed(server: &Running, ann: &mut TestClient, count: usize, bytes: &[u8]) {
    ann.say("/files");
    match count {
        0 => ann.expect("No files yet."),
        1 => ann.expect("1 file."),
        count => ann.expect(&format!("{count} files.")),
    }
    let rows: Vec<String> = (0..count).map(|_| ann.receive().unwrap()).collect();
    for row in rows {
        let id = row.split_whitespace().next().unwrap();
        let ticket = request_ticket(ann, &format!("/get {id}")).ticket;
        let mut transfer = Transfer::connect(server.address(), &format!("/get {ticket}"));
        transfer.expect(&format!("ok {}", bytes.len()));
        assert!(transfer.rest() == bytes, "file {id}");
    }
}
