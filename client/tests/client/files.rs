//! Files, with a fake server: the requests, and the files on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::{Client, FakePeer, FakeServer, program};

/// The ticket of every transfer.
const TICKET: &str = "0000000000000000000000000000002a";

/// A folder with a file, an empty folder beside it, and a canary beside both.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("chat-files-{}-{number}", id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("canary"), "sings").unwrap();
        Folder(folder)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.0.join(name), bytes).unwrap();
        self.path(name)
    }

    /// Returns the names of the downloads, in order.
    pub fn downloads(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.join("in")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[track_caller]
    pub fn contains(&self, name: &str, bytes: &[u8]) {
        assert_eq!(fs::read(self.0.join(name)).unwrap(), bytes, "in {name}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        assert_eq!(fs::read(self.0.join("canary")).unwrap(), b"sings");
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Grants what the client requests in the chat, and accepts its connection.
#[track_caller]
pub fn grant(server: &FakeServer, chat: &mut FakePeer, request: &str, what: &str) -> FakePeer {
    chat.expect(request);
    chat.say(&format!("Ticket {TICKET} to {what} within 60 s."));
    server.accept()
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 31 % 251) as u8).collect()
}

/// Starts a client that downloads into the folder; returns its chat too.
fn joined(server: &FakeServer, folder: &Folder) -> (FakePeer, Client) {
    server.welcome("ann", &["--downloads", &folder.path("in")])
}

/// Checks the next line on standard error, perhaps after lines about the progress.
#[track_caller]
fn shows_line(client: &Client, start: &str, end: &str) {
    loop {
        let line = client.complaint();
        if line.starts_with(start) && line.ends_with(end) {
            return;
        }
        let step = line.contains(" %, ") && !start.contains('%');
        assert!(step, "{start:?} ... {end:?} is not {line:?}");
    }
}

#[test]
fn a_file_is_sent_while_the_chat_goes_on() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    let path = folder.write("my notes.txt", b"hello");
    client.types(&format!("/send {path}"));
    let mut upload = grant(
        &server,
        &mut chat,
        "/put my notes.txt 5",
        "put 5 bytes of my notes.txt",
    );
    upload.expect(&format!("/put {TICKET}"));
    client.types("still here");
    chat.expect("still here");
    upload.say("ok 0");
    assert_eq!(upload.receive_bytes(5), b"hello");
    chat.say("bob: hi");
    client.shows("bob: hi");
    upload.say("ok");
    shows_line(&client, "! sent my notes.txt, 5 B, in ", " s");
}

#[test]
fn a_download_has_a_sanitized_name_and_overwrites_nothing() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    for (name, saved) in [("../canary", "canary"), ("../canary", "canary-1")] {
        client.types("/get 3");
        let what = format!("get 5 bytes of 3, {name}");
        let mut download = grant(&server, &mut chat, "/get 3", &what);
        download.expect(&format!("/get {TICKET}"));
        download.send(b"ok 5\nhello");
        download.close();
        let path = folder.path(&format!("in/{saved}"));
        shows_line(&client, "! got canary, 5 B, in ", &format!(" s: {path}"));
        folder.contains(&format!("in/{saved}"), b"hello");
    }
    assert_eq!(folder.downloads(), ["canary", "canary-1"]);
}

#[test]
fn a_download_continues_where_it_broke() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    let all = bytes(100_000);
    client.types(&format!("/get 3 {}", folder.path("in/x")));
    let what = "get 100000 bytes of 3, x";
    let mut download = grant(&server, &mut chat, "/get 3", what);
    download.expect(&format!("/get {TICKET}"));
    download.send(b"ok 100000\n");
    download.send(&all[..33_333]);
    download.close();
    let again = "! get x: the server has closed it; retry 1 of 5";
    client.complains_at_last(again);
    let mut download = grant(&server, &mut chat, "/get 3", what);
    download.expect(&format!("/get {TICKET} 33333"));
    download.send(b"ok 100000\n");
    download.send(&all[33_333..]);
    download.close();
    client.complains_at_last(&format!("s: {}", folder.path("in/x")));
    folder.contains("in/x", &all);
    assert_eq!(folder.downloads(), ["x"]);
}

#[test]
fn an_upload_continues_where_it_broke() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    let all = bytes(100_000);
    client.types(&format!("/send '{}'", folder.write("x", &all)));
    let (request, what) = ("/put x 100000", "put 100000 bytes of x");
    let mut upload = grant(&server, &mut chat, request, what);
    upload.expect(&format!("/put {TICKET}"));
    upload.say("ok 0");
    assert_eq!(upload.receive_bytes(33_333), all[..33_333]);
    upload.close();
    client.complains_at_last("; retry 1 of 5");
    let mut upload = grant(&server, &mut chat, request, what);
    upload.expect(&format!("/put {TICKET}"));
    upload.say("ok 33333");
    assert_eq!(upload.receive_bytes(100_000 - 33_333), all[33_333..]);
    upload.say("ok");
    shows_line(&client, "! sent x, 100.0 KB, in ", " s");
}

#[test]
fn after_five_retries_the_command_is_shown() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    for _ in 0..6 {
        let mut download = grant(&server, &mut chat, "/get 3", "get 9 bytes of 3, x");
        download.receive();
        download.send(b"ok 9\n");
        download.close();
    }
    client.complains_at_last("! get x: the server has closed it. To try again, type /get 3");
    assert!(folder.downloads().is_empty());
}

#[test]
fn an_announced_size_is_not_trusted() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    for (announced, answer, why) in [
        (
            "5",
            "ok 5\nhello!",
            "the server sends more than the file's size",
        ),
        ("5", "ok 6\nhello!", "the server sent two different sizes"),
        ("5", "ok -1\nhello", "invalid answer from the server"),
        (
            "5",
            "! That ticket is no good.\n",
            "That ticket is no good.",
        ),
    ] {
        client.types("/get 3");
        let what = format!("get {announced} bytes of 3, x");
        let mut download = grant(&server, &mut chat, "/get 3", &what);
        download.receive();
        download.send(answer.as_bytes());
        client.complains_at_last(&format!(": {why}"));
        assert!(folder.downloads().is_empty());
    }
}

#[test]
fn the_largest_size_reserves_nothing_and_can_be_cancelled() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    let what = format!("get {} bytes of 3, x", u64::MAX);
    let mut download = grant(&server, &mut chat, "/get 3", &what);
    download.receive();
    download.send(format!("ok {}\nhello", u64::MAX).as_bytes());
    // The partial file exists once the size has been read.
    client.list_until("! 1 get x 0 %");
    let part = folder.downloads();
    assert!(part[0].starts_with(".x.part-"), "{part:?}");
    client.types("/cancel 1");
    client.complains_at_last("! get x: cancelled");
    download.expect_end();
    assert!(folder.downloads().is_empty());
    client.types("/transfers");
    client.complains("! no transfers");
}

#[test]
fn a_file_that_changes_its_length_is_not_sent() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    for (now, how) in [(&b"longer"[..], "longer"), (b"less", "shorter")] {
        client.types(&format!("/send {}", folder.write("x", b"hello")));
        let mut upload = grant(&server, &mut chat, "/put x 5", "put 5 bytes of x");
        upload.receive();
        folder.write("x", now);
        upload.say("ok 0");
        client.complains(&format!(
            "! send x: the file became {how} during the transfer"
        ));
        upload.expect_end();
    }
}

#[test]
fn an_unreadable_file_is_reported_at_once() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (_chat, mut client) = joined(&server, &folder);
    for (path, why) in [("no", "no such file or directory"), ("in", "not a file")] {
        let path = folder.path(path);
        client.types(&format!("/send {path}"));
        client.complains(&format!("! send {path}: cannot read {path}: {why}"));
    }
    client.types("/cancel 7");
    client.complains("! no such transfer, 7; /transfers lists them");
    client.types("/get");
    let how = "! usage: /get ID [TO]; /files lists the files with their IDs";
    client.complains(how);
}

#[test]
fn a_refusal_ends_the_request_it_is_about() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 9");
    chat.expect("/get 9");
    chat.say("! There is no file 9.");
    // This answers the blank line after the request.
    chat.answer_blank_lines(1);
    client.shows("! There is no file 9.");
    client.complains("! get 9: There is no file 9.");
}

#[test]
fn a_ticket_that_was_requested_by_hand_is_shown() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/put x 5");
    chat.expect("/put x 5");
    let ticket = format!("Ticket {TICKET} to put 5 bytes of x within 60 s.");
    chat.say(&ticket);
    client.shows(&ticket);
}

#[test]
fn progress_is_shown_at_each_tenth() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    let mut download = grant(&server, &mut chat, "/get 3", "get 1000 bytes of 3, x");
    download.receive();
    download.send(b"ok 1000\n");
    for tenth in [1, 2, 3, 7] {
        let part = if tenth == 7 { 400 } else { 100 };
        download.send(&bytes(part));
        shows_line(&client, &format!("! get x {tenth}0 %, "), " left");
    }
    download.send(&bytes(300));
    download.close();
    shows_line(&client, "! got x, 1.0 KB, in ", "x");
}

#[test]
fn four_transfers_run_at_once_and_more_wait() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    let mut downloads = Vec::new();
    for id in 1..=5 {
        client.types(&format!("/get {id}"));
    }
    for _ in 0..4 {
        let request = chat.next_line().unwrap();
        let id = request.strip_prefix("/get ").unwrap();
        chat.say(&format!(
            "Ticket {TICKET} to get 1 bytes of {id}, x within 60 s."
        ));
        downloads.push(server.accept());
    }
    client.types("/transfers");
    client.complains_at_last("! 5 get 5 waits");
    downloads[0].send(b"ok 1\nx");
    downloads.remove(0).close();
    chat.expect("/get 5");
}

/// Starts a client for one file.
fn script(server: &FakeServer, words: &[&str]) -> (FakePeer, Client) {
    let all = [&["--name", "bot"], words, &["127.0.0.1", &server.port]].concat();
    let client = Client::spawn(program().args(all));
    let mut chat = server.accept();
    chat.welcome("bot");
    chat.say("bob: not for the output");
    (chat, client)
}

#[test]
fn a_script_sends_a_file_and_leaves() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let path = folder.write("x", b"hello");
    let (mut chat, client) = script(&server, &["--send", &path]);
    let mut upload = grant(&server, &mut chat, "/put x 5", "put 5 bytes of x");
    upload.receive();
    upload.say("ok 0");
    assert_eq!(upload.receive_bytes(5), b"hello");
    upload.say("ok");
    shows_line(&client, "! sent x, 5 B, in ", " s");
    chat.expect_quit();
    client.exits_with(0);
}

#[test]
fn a_script_fetches_a_file_to_standard_output_and_nothing_else_goes_there() {
    let (server, _folder) = (FakeServer::open(), Folder::new());
    let (mut chat, client) = script(&server, &["--get", "3", "--to", "-"]);
    let mut download = grant(&server, &mut chat, "/get 3", "get 6 bytes of 3, x");
    download.receive();
    download.send(b"ok 6\nhello\n");
    download.close();
    client.shows("hello");
    shows_line(&client, "! got x, 6 B, in ", " s");
    chat.expect_quit();
    client.exits_with(0);
}

#[test]
fn a_device_and_a_pipe_take_the_bytes_as_they_come() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let pipe = folder.path("in/pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for path in ["/dev/null", &pipe] {
        let (mut chat, client) = script(&server, &["--get", "3", "--to", path]);
        let mut download = grant(&server, &mut chat, "/get 3", "get 5 bytes of 3, x");
        download.receive();
        download.send(b"ok 5\nhello");
        download.close();
        if path == pipe {
            assert_eq!(fs::read(path).unwrap(), b"hello");
        }
        shows_line(&client, "! got x, 5 B, in ", &format!(" s: {path}"));
        chat.expect_quit();
        client.exits_with(0);
    }
    assert_eq!(folder.downloads(), ["pipe"]);
    assert!(!Path::new("/dev/null-1").exists());
}

#[test]
fn a_late_request_meets_the_question_for_a_name() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    let mut download = grant(&server, &mut chat, "/get 3", "get 5 bytes of 3, x");
    download.say(common::notice::ASK_NAME);
    download.receive();
    download.send(b"ok 5\nhello");
    download.close();
    shows_line(&client, "! got x, 5 B, in ", "x");
    let path = folder.write("y", b"hello");
    client.types(&format!("/send {path}"));
    let mut upload = grant(&server, &mut chat, "/put y 5", "put 5 bytes of y");
    upload.say(common::notice::ASK_NAME);
    upload.receive();
    upload.say("ok 0");
    assert_eq!(upload.receive_bytes(5), b"hello");
    upload.say("ok");
    shows_line(&client, "! sent y, 5 B, in ", " s");
}

#[test]
fn a_failed_transfer_sets_the_exit_code() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, client) = script(&server, &["--get", "3", "--to", &folder.path("in/")]);
    chat.expect("/get 3");
    chat.say("! No files are shared here.");
    client.complains("! get 3: No files are shared here.");
    chat.expect_quit();
    client.exits_with(5);

    let missing = folder.path("missing");
    let (mut chat, client) = script(&server, &["--send", &missing]);
    shows_line(&client, "! send ", "no such file or directory");
    chat.expect_quit();
    client.exits_with(1);

    let (chat, client) = script(&server, &["--get", "3"]);
    chat.close();
    shows_line(&client, "! transfers not finished: ", "1");
    client.complains("connection lost: the server has closed it");
    client.exits_with(6);
}

#[test]
fn a_pipe_waits_for_its_transfers() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    client.ends_input();
    let mut download = grant(&server, &mut chat, "/get 3", "get 5 bytes of 3, x");
    download.receive();
    download.send(b"ok 5\nhello");
    download.close();
    shows_line(&client, "! got x, 5 B, in ", "x");
    chat.expect_quit();
    client.exits_with(0);
}

#[test]
fn leaving_deletes_partial_files() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    let mut download = grant(&server, &mut chat, "/get 3", "get 5 bytes of 3, x");
    download.receive();
    download.send(b"ok 5\nhe");
    client.list_until("! 1 get x 40 %");
    client.types("/quit");
    chat.expect_quit();
    assert_eq!(client.code(), 0);
    assert!(folder.downloads().is_empty());
}

#[test]
fn over_udp_files_go_over_tcp() {
    let folder = Folder::new();
    let path = folder.write("x", b"hello");
    let (mut server, mut client) = crate::support::FakeUdpServer::welcome("ann");
    client.types(&format!("/send {path}"));
    assert_eq!(server.next_line(), "/put x 5");
    server.say_numbered(&format!("Ticket {TICKET} to put 5 bytes of x within 60 s."));
    let line = client.complaint();
    let message = "files need the server's TCP port, and 127.0.0.1:";
    assert!(line.contains(message), "{line}");
}

#[test]
fn a_full_disk_is_reported_and_nothing_is_left() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let disk = folder.path("in");
    let mount = ["-t", "tmpfs", "-o", "size=64k", "none", &disk];
    let mounted = Command::new("mount").args(mount).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: no file system can be mounted here");
        return;
    }
    let _unmount = Unmount(disk.clone());
    // The second is larger than any disk.
    for size in [1_000_000, 1_u64 << 62] {
        let (mut chat, client) = script(&server, &["--get", "3", "--to", &disk]);
        let what = format!("get {size} bytes of 3, x");
        let mut download = grant(&server, &mut chat, "/get 3", &what);
        download.receive();
        download.send(format!("ok {size}\n").as_bytes());
        download.send(&bytes(1_000_000));
        client.complains_at_last(&format!(
            ": cannot write to {disk}: no space left on device"
        ));
        chat.expect_quit();
        assert!(folder.downloads().is_empty());
        client.exits_with(1);
    }
}

struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        assert!(Path::new(&self.0).is_dir());
        // Lazily, because the client may still use it.
        let unmounted = Command::new("umount").args(["-l", &self.0]).status();
        assert!(unmounted.unwrap().success());
    }
}

#[test]
fn terminal_commands_in_a_file_name_are_removed() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let (mut chat, mut client) = joined(&server, &folder);
    client.types("/get 3");
    let what = "get 1 bytes of 3, a\u{1b}[2Jb\u{202e}c";
    let mut download = grant(&server, &mut chat, "/get 3", what);
    download.receive();
    download.send(b"! \x1b[2Jno\n");
    client.complains("! get 3: [2Jno");
}
