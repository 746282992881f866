//! File quotas: how much of the store one member and one host may take, and what gives
//! the space back.

use std::io::Write;
use std::net::Shutdown;

use tests::{TestClient, eventually};

use super::sharing::{SharedFolder, Transfer, names, request_ticket};

/// The options of a store in which one file of a megabyte fits.
const SMALL: [&str; 4] = ["--file-size", "1", "--files-size", "1"];
const PUT: &str = "/put a 1000000";

/// Begins an upload of which `bytes` come before the connection breaks.
fn break_upload(shared: &SharedFolder, client: &mut TestClient, bytes: &[u8]) {
    let ticket = request_ticket(client, PUT).ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    transfer.send(bytes);
    transfer.0.shutdown(Shutdown::Write).unwrap();
    assert!(transfer.rest().is_empty());
}

/// Requests tickets until there is space for the file.
fn expect_space(client: &mut TestClient) {
    eventually("space for the file", || {
        client.say("/put b 1000000");
        client.receive()?.starts_with("Ticket ").then_some(())
    });
}

/// Fault 57.
#[test]
fn a_small_file_takes_a_block_and_another_for_its_description() {
    let shared = SharedFolder::open(&SMALL);
    let mut ann = shared.join("ann");
    // It leaves one block of 4 KiB.
    let ticket = request_ticket(&mut ann, "/put a 1040384").ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 0");
    ann.say("/put b 1");
    ann.expect("! Not enough space for b, files may take 1.0 MB and 0 B are free.");
    drop((ann, transfer));
    shared.check();
}

/// Fault 57.
#[test]
fn a_host_and_a_member_may_share_a_part_of_the_files() {
    let options = ["--max-files", "8", "--listen", "[::1]:0"];
    let shared = SharedFolder::open(&options);
    let [mut ann, mut bob, mut carl] = shared.fixture.join_all(["ann", "bob", "carl"]);
    let id = shared.share(&mut ann, "a", b"hello");
    ann.say("/put b 5");
    ann.expect("! Too many files of yours, the maximum is 1.");
    bob.expect_start("ann shares a");
    shared.share(&mut bob, "b", b"hello");
    carl.expect_start("ann shares a");
    carl.expect_start("bob shares b");
    carl.say("/put c 5");
    carl.expect("! Too many files from your address, the maximum is 2.");
    // Another host has its part.
    let elsewhere = shared.fixture.server.wait_for("listening at [::1]:");
    let elsewhere = elsewhere.rsplit(' ').next().unwrap().parse().unwrap();
    let mut dave = TestClient::join(elsewhere, "dave");
    request_ticket(&mut dave, "/put d 5");
    carl.expect("dave has joined the chat room.");
    // A removed file counts no longer.
    ann.expect_sometime("dave has joined the chat room.");
    ann.say(&format!("/forget {id}"));
    ann.expect("a is removed.");
    shared.share(&mut carl, "c", b"hello");
    drop((ann, bob, carl, dave));
    shared.check();
}

/// Fault 57: two uploads of which nothing came would fill the part of the host.
#[test]
fn a_host_and_a_member_may_take_a_part_of_the_bytes() {
    let options = ["--file-size", "1", "--files-size", "16"];
    let shared = SharedFolder::open(&options);
    let mut uploads: Vec<Transfer> = Vec::new();
    let [mut ann, mut bob, mut carl] = shared.fixture.join_all(["ann", "bob", "carl"]);
    for client in [&mut ann, &mut bob] {
        for _ in 0..2 {
            let ticket = request_ticket(client, "/put a 1040000").ticket;
            let mut transfer = shared.connect(&format!("/put {ticket}"));
            transfer.expect("ok 0");
            uploads.push(transfer);
        }
    }
    ann.say("/put b 10000");
    ann.expect("! Not enough space for b, files of yours may take 2.0 MB and 4.0 KB are free.");
    carl.say("/put b 100000");
    carl.expect(
        "! Not enough space for b, files from your address may take 4.1 MB and 12.2 KB are free.",
    );
    drop((ann, bob, carl, uploads));
    shared.check();
}

/// Fault 57.
#[test]
fn an_upload_that_breaks_before_its_first_byte_leaves_nothing() {
    let shared = SharedFolder::open(&SMALL);
    let mut ann = shared.join("ann");
    break_upload(&shared, &mut ann, b"");
    expect_space(&mut ann);
    assert!(names(&shared.folder()).is_empty());
    drop(ann);
    shared.check();
}

/// Fault 57: nobody can send the rest.
#[test]
fn a_broken_upload_is_removed_after_its_member_has_left() {
    let shared = SharedFolder::open(&SMALL);
    let [mut ann, mut bob] = shared.fixture.join_all(["ann", "bob"]);
    break_upload(&shared, &mut bob, b"hello");
    bob.say("q:quit");
    ann.expect("bob has left the chat room.");
    expect_space(&mut ann);
    assert!(names(&shared.folder()).is_empty());
    drop((ann, bob));
    shared.check();
}

/// Fault 42.
#[test]
fn a_broken_upload_that_is_resumed_counts_once() {
    let shared = SharedFolder::open(&SMALL);
    let mut ann = shared.join("ann");
    break_upload(&shared, &mut ann, b"hello");
    let ticket = request_ticket(&mut ann, PUT).ticket;
    let mut transfer = shared.connect(&format!("/put {ticket}"));
    transfer.expect("ok 5");
    transfer.0.write_all(&vec![0; 999_995]).unwrap();
    transfer.expect("ok");
    drop(ann);
    shared.check();
}
