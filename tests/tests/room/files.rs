//! Files: the lifetimes of files and of broken transfers. The times are shortened here.
//! All other faults of files are in `server/tests/faults/files.rs`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use server::files::config::FilesConfig;
use tests::{DEADLINE, TestClient, eventually};

use crate::test_server::TestServer;

/// A folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("chat-files-{}-{number}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path, change: impl FnOnce(&mut FilesConfig)) -> TestServer {
    let mut config = FilesConfig::new(folder);
    change(&mut config);
    TestServer::with_files(config)
}

/// Begins a transfer and reads the first line of the reply.
fn begin(server: &TestServer, client: &mut TestClient, command: &str) -> (TcpStream, String) {
    client.say(command);
    let reply = client.expect_start("Ticket ");
    let grant = TicketGrant::parse(&reply).unwrap();
    let word = command.split(' ').next().unwrap();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let demand = format!("{word} {}\n", grant.ticket);
    stream.write_all(demand.as_bytes()).unwrap();
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).unwrap_or(0) == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    (stream, String::from_utf8(line).unwrap())
}

fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _reset_is_an_end = stream.read_to_end(&mut bytes);
    bytes
}

/// The transfer as the user's manual shows it: a ticket from the chat, and then a pipe.
#[test]
fn a_file_is_transferred_both_ways_by_netcat() {
    if Command::new("nc").arg("-h").output().is_err() {
        eprintln!("skipped: there is no nc here");
        return;
    }
    let folder = Folder::new();
    let server = open(&folder.0, |_| {});
    let mut ann = server.join("ann");
    let bytes: Vec<u8> = (0..1_000_000_u32)
        .map(|at| ((at * 31) >> 3) as u8)
        .collect();
    let (file, back) = (folder.0.join("notes.pdf"), folder.0.join("back.pdf"));
    fs::write(&file, &bytes).unwrap();
    let grant = |client: &mut TestClient, command: &str| {
        client.say(command);
        TicketGrant::parse(&client.expect_start("Ticket "))
            .unwrap()
            .ticket
    };
    let shell = |line: &str, file: &Path| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, "sh"]).arg(file);
        shell.args([
            server.address.ip().to_string(),
            server.address.port().to_string(),
        ]);
        let output = shell.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let ticket = grant(&mut ann, "/put notes.pdf 1000000");
    let put = format!(r#"(echo "/put {ticket}"; cat "$1") | nc "$2" "$3""#);
    assert_eq!(shell(&put, &file), "ok 0\nok\n");
    ann.expect("ann shares notes.pdf, 1.0 MB. Type /get 1 to fetch it.");
    let ticket = grant(&mut ann, "/get 1");
    let get = format!(r#"echo "/get {ticket}" | nc "$2" "$3" | tail -n +2 > "$1""#);
    assert_eq!(shell(&get, &back), "");
    assert!(fs::read(&back).unwrap() == bytes);
}

/// Fault 42.
#[test]
fn an_upload_that_stalls_is_ended_and_may_go_on_for_a_while() {
    let folder = Folder::new();
    let stall = Duration::from_secs(2);
    let server = open(&folder.0, |config| {
        config.stall_timeout = stall;
        config.max_transfers = 1;
    });
    let mut ann = server.join("ann");
    let (mut stream, answer) = begin(&server, &mut ann, "/put a 10");
    assert_eq!(answer, "ok 0");
    // Before the bytes, because they may arrive before this thread runs again.
    let since = Instant::now();
    stream.write_all(b"hello").unwrap();
    assert!(rest(&mut stream).is_empty());
    assert!(since.elapsed() >= stall);
    ann.say("/files");
    ann.expect("No files yet.");
    let (mut stream, answer) = begin(&server, &mut ann, "/put a 10");
    assert_eq!(answer, "ok 5");
    stream.write_all(b"world").unwrap();
    assert_eq!(rest(&mut stream), b"ok\n");
    ann.expect("ann shares a, 10 B. Type /get 1 to fetch it.");
    assert_eq!(fs::read(folder.0.join("1")).unwrap(), b"helloworld");
}

/// Fault 42.
#[test]
fn a_partial_upload_expires() {
    let folder = Folder::new();
    let server = open(&folder.0, |config| config.partial_max_age = Duration::ZERO);
    let mut ann = server.join("ann");
    let (mut stream, _) = begin(&server, &mut ann, "/put a 10");
    stream.write_all(b"hello").unwrap();
    eventually("the part", || folder.names().pop());
    drop(stream);
    eventually("nothing to be left", || {
        folder.names().is_empty().then_some(())
    });
    let (_, answer) = begin(&server, &mut ann, "/put a 10");
    assert_eq!(answer, "ok 0");
}

/// Fault 42.
#[test]
fn a_download_that_is_not_read_is_ended() {
    let folder = Folder::new();
    // The size is greater than all buffers between the two ends.
    let size = 40_000_000;
    {
        // A busy machine may need longer than the stall timeout of the next server.
        let server = open(&folder.0, |_| {});
        let mut ann = server.join("ann");
        let (mut stream, _) = begin(&server, &mut ann, &format!("/put big {size}"));
        stream.write_all(&vec![b'x'; size]).unwrap();
        assert_eq!(rest(&mut stream), b"ok\n");
        ann.expect_start("ann shares big");
    }
    let server = open(&folder.0, |config| {
        config.stall_timeout = Duration::from_millis(300);
        config.max_transfers = 1;
    });
    let mut bob = server.join("bob");
    let (stream, answer) = begin(&server, &mut bob, "/get 1");
    assert_eq!(answer, format!("ok {size}"));
    // The slot is taken until the transfer is ended.
    eventually("the slot to be free", || {
        bob.say("/get 1");
        bob.receive()?.starts_with("Ticket ").then_some(())
    });
    drop(stream);
}

#[test]
fn an_old_file_expires() {
    let folder = Folder::new();
    {
        let server = open(&folder.0, |_| {});
        let mut ann = server.join("ann");
        let (mut stream, _) = begin(&server, &mut ann, "/put a 5");
        stream.write_all(b"hello").unwrap();
        assert_eq!(rest(&mut stream), b"ok\n");
    }
    // The file appears to be from 1970.
    let metadata = folder.0.join("1.about");
    let text = fs::read_to_string(&metadata).unwrap();
    let old: String = text
        .lines()
        .map(|line| {
            if line.starts_with("when ") {
                "when 0"
            } else {
                line
            }
        })
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&metadata, old).unwrap();
    let _house = open(&folder.0, |_| {});
    eventually("it to be gone", || folder.names().is_empty().then_some(()));
}

#[test]
fn the_next_start_removes_partial_files_and_keeps_the_rest() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    let metadata = "size 5\nwho ann\nwhen 1\nname a\n";
    let files = [
        ("3", "hello"),
        ("3.about", &metadata.replace("when 1", "when 99999999999")),
        ("4.about", metadata),      // no bytes
        ("5", "too short or long"), // wrong size
        ("5.about", metadata),
        ("6.part", "half"),
        ("7.new", metadata),
        ("notes.txt", "not ours"),
        ("08", "not ours"),
    ];
    for (name, text) in files {
        fs::write(folder.0.join(name), text).unwrap();
    }
    let server = open(&folder.0, |_| {});
    let mut ann = server.join("ann");
    ann.say("/files");
    ann.expect("1 file.");
    ann.expect_start("   3 ");
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["08", "3", "3.about", "5", "notes.txt"]);
    // The next number is not used by any file in the folder.
    let (mut stream, _) = begin(&server, &mut ann, "/put b 1");
    stream.write_all(b"b").unwrap();
    assert_eq!(rest(&mut stream), b"ok\n");
    ann.expect("ann shares b, 1 B. Type /get 8 to fetch it.");
}
