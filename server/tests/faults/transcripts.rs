//! Transcripts: their content, and their fate when the disk rejects a write or the
//! server is killed.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tests::{Running, TestClient, eventually};

use super::fixture::{FaultFixture, Scratch, is_installed, program, serve, serve_through};

/// Returns the lines of a transcript without their times.
#[track_caller]
fn lines(text: &str) -> Vec<&str> {
    assert!(text.is_empty() || text.ends_with('\n'), "half a line");
    let lines = text.lines().map(|line| {
        let (time, message) = line.split_once(' ').unwrap_or((line, ""));
        let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let shape: String = time.chars().map(shape).collect();
        assert_eq!(shape, "0000-00-00T00:00:00Z", "{line:?}");
        message
    });
    lines.collect()
}

/// Returns how many numbered lines are missing in the lobby, between the first and the
/// last of each sender.
fn missing(lines: &[&str]) -> u64 {
    let mut missing = 0;
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for line in lines.iter().filter_map(|line| line.strip_prefix("lobby ")) {
        if let Some(name) = line.strip_suffix(" has joined the chat room.") {
            counts.remove(name);
        } else if let Some((name, message)) = line.split_once(": ") {
            let number: u64 = message.split(' ').next().unwrap().parse().unwrap();
            let before = counts.insert(name, number).unwrap_or(number - 1);
            assert!(number > before, "{name} sent {number} after {before}");
            missing += number - before - 1;
        }
    }
    missing
}

/// Returns how many lines are missing according to the transcript.
fn noted(lines: &[&str]) -> u64 {
    let notes = lines.iter().filter_map(|line| line.strip_prefix("- "));
    let counts = notes.map(|note| note.strip_suffix(" lines were left out.").unwrap());
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

/// Returns how many lines are missing according to the operator's console.
fn reported(server: &Running) -> u64 {
    let reported = server.lines_with("is written again; ");
    let counts = reported.iter().map(|line| {
        let rest = line.split_once("again; ").unwrap().1;
        rest.strip_suffix(" lines are missing.").unwrap()
    });
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

/// Starts a fixture with this transcript. New members receive no history, so that lines
/// come as the tests expect them.
fn fixture_with(file: &str) -> FaultFixture {
    FaultFixture::start(&["--history", "0", "--transcript", file])
}

/// Waits until the file contains `part`.
fn expect_in(file: &str, part: &str) {
    eventually(&format!("{part:?} in {file}"), || {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.contains(part).then_some(())
    });
}

/// Waits until all missing lines are noted in the file and reported to the operator.
/// Each sender must have sent a line after the gap.
fn expect_accounted(file: &str, server: &Running) {
    eventually("a report of all missing lines", || {
        let text = fs::read_to_string(file).unwrap();
        // The server may be in the middle of a write, which a full disk then cuts off.
        // A torn line that stays ends this wait at its deadline.
        let lines = text.ends_with('\n').then(|| lines(&text))?;
        let (noted, missing) = (noted(&lines), missing(&lines));
        (noted > 0 && noted == missing && noted == reported(server)).then_some(())
    });
}

/// Sends the next number from `ann`, and waits until it is in the file.
fn count_on(ann: &mut TestClient, number: u64, file: &str) {
    ann.say(&number.to_string());
    expect_in(file, &format!("lobby ann: {number}\n"));
}

#[test]
fn it_contains_messages_with_time_and_room() {
    let scratch = Scratch::new();
    let file = scratch.file("t");
    let mut server = serve(&["--transcript", &file]);
    let [mut ann, mut bob] = TestClient::join_all(server.address(), ["ann", "bob"]);
    ann.say("hi, 12:30?");
    bob.expect("ann: hi, 12:30?");
    bob.say("/me waves");
    ann.expect("* bob: waves");
    bob.say("/join tea");
    ann.expect("bob has gone from lobby to tea.");
    bob.say("milk?");
    expect_in(&file, "milk?");
    server.type_line("tea is ready");
    ann.expect("Server: tea is ready");
    ann.say("q:quit");
    ann.expect_quit();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let text = fs::read_to_string(&file).unwrap();
    let in_room = |room: &str| -> Vec<&str> {
        let lines = lines(&text).into_iter();
        lines.filter_map(|line| line.strip_prefix(room)).collect()
    };
    let expected = [
        "ann has joined the chat room.",
        "bob has joined the chat room.",
        "ann: hi, 12:30?",
        "* bob: waves",
        "bob has gone from lobby to tea.",
        "Server: tea is ready",
        "ann has left the chat room.",
    ];
    assert_eq!(in_room("lobby ")[..expected.len()], expected);
    let expected = [
        "bob has come from lobby to tea.",
        "bob: milk?",
        "Server: tea is ready",
    ];
    assert_eq!(in_room("tea ")[..expected.len()], expected);
}

/// A reader of the file could speak for the member.
#[test]
fn it_contains_no_token() {
    let scratch = Scratch::new();
    let file = scratch.file("t");
    let server = serve(&["--transcript", &file]);
    let (ann, token) = TestClient::join_resumable(server.address(), "ann");
    drop(ann);
    let mut ann = TestClient::request_resume(server.address(), &token, "");
    ann.expect_tagged_start("Welcome, ann.");
    ann.say(&format!("/seq 1 /resume {token}"));
    ann.say("/seq 2 hi");
    expect_in(&file, "ann: hi");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(&token), "{text}");
}

#[test]
fn it_is_appended_to_and_readable_by_the_operator_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let file = scratch.file("t");
    for number in 1..=2 {
        let mut server = serve(&["--transcript", &file]);
        let mut ann = TestClient::join(server.address(), "ann");
        ann.say(&number.to_string());
        ann.say("q:quit");
        ann.expect_quit();
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
    }
    let text = fs::read_to_string(&file).unwrap();
    let lines = lines(&text);
    for line in ["lobby ann: 1", "lobby ann: 2"] {
        assert!(lines.contains(&line), "{line} in {lines:#?}");
    }
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn it_respects_its_size_and_number_of_files() {
    const MIB: u64 = 1024 * 1024;
    const LINES: u64 = 1000;
    let scratch = Scratch::new();
    let file = scratch.file("t");
    let size = ["--transcript-size", "1", "--transcript-keep", "1"];
    let options = [&["--rate", "off", "--transcript", &file][..], &size];
    let server = serve(&options.concat());
    let mut ann = TestClient::join(server.address(), "ann");
    // The lines are sent in groups, so that the slowest disk keeps up.
    for number in 1..=LINES {
        ann.say(&format!("{number} {}", "x".repeat(4000)));
        if number % 100 == 0 {
            expect_in(&file, &format!("lobby ann: {number} "));
        }
    }
    let older = format!("{file}.1");
    let mut text = String::new();
    for file in [&older, &file] {
        let one = fs::read_to_string(file).unwrap();
        assert!(one.len() as u64 <= MIB, "{} bytes", one.len());
        text.push_str(&one);
    }
    assert!(text.len() as u64 > MIB, "{} bytes", text.len());
    assert_eq!(missing(&lines(&text)), 0);
    assert!(!Path::new(&format!("{file}.2")).exists());
}

#[test]
fn one_that_cannot_be_opened_prevents_the_start() {
    let mut command = program();
    command.args(["127.0.0.1", "0", "--transcript", "/nowhere/t"]);
    let mut server = Running::start(&mut command);
    assert_eq!(server.wait().code(), Some(1));
    server.wait_for("cannot write the transcript /nowhere/t: No such file or directory");
}

/// Fault 38: the directory is removed, and created again.
#[test]
fn without_its_directory_the_chat_continues_and_the_operator_is_notified() {
    let scratch = Scratch::new();
    let (home, file) = (scratch.file("home"), scratch.file("home/t"));
    fs::create_dir(&home).unwrap();
    let fixture = fixture_with(&file);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    count_on(&mut ann, 1, &file);
    bob.expect("ann: 1");
    let begin = Instant::now();
    fs::remove_dir_all(&home).unwrap();
    let cannot = format!(
        "[SERVER] cannot write the transcript {file}: No such file or directory (os error 2)."
    );
    fixture.server.wait_for(&cannot);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(10), "reported after {took:?}");
    // The bystanders continue for longer than the interval of the retries.
    for number in 2..=22 {
        ann.say(&number.to_string());
        bob.expect(&format!("ann: {number}"));
        thread::sleep(Duration::from_millis(100));
    }
    fs::create_dir(&home).unwrap();
    fixture.server.wait_for("is written again; ");
    count_on(&mut ann, 23, &file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(reported(&fixture.server) >= 21);
    assert_eq!(noted(&lines(&text)), reported(&fixture.server));
    assert_eq!(fixture.server.lines_with("[SERVER] cannot"), [cannot]);
    drop((ann, bob));
    fixture.check();
}

/// Fault 38: the file is deleted, or moved by another program that rotates it.
#[test]
fn a_deleted_or_moved_file_is_created_again() {
    let scratch = Scratch::new();
    let file = scratch.file("t");
    let fixture = fixture_with(&file);
    let mut ann = fixture.join("ann");
    count_on(&mut ann, 1, &file);
    fs::remove_file(&file).unwrap();
    count_on(&mut ann, 2, &file);
    let moved = scratch.file("moved");
    fs::rename(&file, &moved).unwrap();
    count_on(&mut ann, 3, &file);
    // The bystanders' lines continue in the new file without a gap.
    let both = [moved, file].map(|file| fs::read_to_string(file).unwrap());
    assert_eq!(missing(&lines(&both.concat())), 0);
    assert!(fixture.server.lines_with("transcript").is_empty());
    drop(ann);
    fixture.check();
}

/// Fault 38: a full disk.
#[test]
fn on_a_full_disk_the_chat_continues_and_no_partial_line_stays() {
    let Some(disk) = Disk::open() else {
        return;
    };
    let fixture = &disk.fixture;
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    // Her first line and her last are in the file, so that those between can be
    // counted.
    count_on(&mut ann, 1, &disk.file);
    bob.expect("ann: 1");
    let mut number = 1;
    let cannot = format!(
        "[SERVER] cannot write the transcript {}: No space left on device (os error 28).",
        disk.shown
    );
    while fixture.server.lines_with(&cannot).is_empty() {
        number += 1;
        let message = format!("{number} {}", "x".repeat(number % 3000));
        ann.say(&message);
        bob.expect(&format!("ann: {message}"));
        assert!(number < 1000, "64 KiB have room for all that");
    }
    let before = fixture.server.lines_with("[SERVER] cannot").len();
    assert_eq!(before, 1);
    // The disk stays full for longer than the interval of the retries. Small lines may
    // be written meanwhile. Only time passes here.
    for _ in 0..25 {
        number += 1;
        let message = format!("{number} {}", "x".repeat(3000));
        ann.say(&message);
        bob.expect(&format!("ann: {message}"));
        thread::sleep(Duration::from_millis(100));
    }
    fs::remove_file(&disk.filler).unwrap();
    eventually("a line that is not missing", || {
        number += 1;
        ann.say(&number.to_string());
        bob.expect(&format!("ann: {number}"));
        let text = fs::read_to_string(&disk.file).unwrap();
        text.contains(&format!("ann: {}\n", number - 1))
            .then_some(())
    });
    expect_accounted(&disk.file, &fixture.server);
    drop((ann, bob));
    disk.fixture.check();
}

/// Fault 38: a read-only disk.
#[test]
fn on_a_read_only_disk_the_chat_continues() {
    let Some(disk) = Disk::open() else {
        return;
    };
    let fixture = &disk.fixture;
    let mut ann = fixture.join("ann");
    count_on(&mut ann, 1, &disk.file);
    // A disk that is being written cannot be made read-only, but covered by another.
    let begin = Instant::now();
    disk.inside(&["mount", "-t", "tmpfs", "-o", "ro", "none", &disk.home]);
    let cannot = format!(
        "[SERVER] cannot write the transcript {}: Read-only file system (os error 30).",
        disk.shown
    );
    fixture.server.wait_for(&cannot);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(10), "reported after {took:?}");
    ann.say("2");
    disk.inside(&["umount", &disk.home]);
    fixture.server.wait_for("is written again; ");
    count_on(&mut ann, 3, &disk.file);
    expect_accounted(&disk.file, &fixture.server);
    drop(ann);
    disk.fixture.check();
}

/// A fixture whose transcript is on a disk of 64 KiB, half of it used. Only the server
/// sees that disk. The test sees it through `/proc`.
struct Disk {
    fixture: FaultFixture,
    /// The path of the disk, for the server.
    home: String,
    /// The path of the transcript, for the server.
    shown: String,
    /// The path of the same file, for the test.
    file: String,
    /// The path of the file that uses the other half, for the test.
    filler: String,
    /// A directory that is deleted with its content at the end.
    _scratch: Scratch,
}

impl Disk {
    /// Returns `None`, and prints a line, where no disk can be mounted.
    fn open() -> Option<Disk> {
        const SERVE: &str = r#"mount -t tmpfs -o size=64k none "$1" &&
            head -c 32768 /dev/zero > "$1/filler" &&
            exec "$0" 127.0.0.1 0 --rate off --history 0 --transcript "$1/t""#;
        if !is_installed("unshare") || !is_installed("nsenter") {
            return None;
        }
        let scratch = Scratch::new();
        let home = scratch.file("disk");
        fs::create_dir(&home).unwrap();
        let mut mount = Command::new("unshare");
        mount.args(["-rm", "mount", "-t", "tmpfs", "none", &home]);
        if !mount.output().unwrap().status.success() {
            eprintln!("skipped: nothing can be mounted here");
            return None;
        }
        let line = r#"exec unshare -rm sh -c "$2" "$0" "$1""#;
        let fixture = FaultFixture::around(serve_through(line, &[&home, SERVE]));
        let seen = format!("/proc/{}/root{home}", fixture.server.id());
        Some(Disk {
            fixture,
            shown: format!("{home}/t"),
            file: format!("{seen}/t"),
            filler: format!("{seen}/filler"),
            home,
            _scratch: scratch,
        })
    }

    /// Runs a command where the server runs.
    fn inside(&self, command: &[&str]) {
        let id = self.fixture.server.id().to_string();
        let mut enter = Command::new("nsenter");
        enter.args(["--preserve-credentials", "-U", "-m", "-t", &id]);
        let output = enter.args(command).output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
}

/// Fault 44: the server is killed fifty times during writes. The kernel seldom ends a
/// write in the middle, so every other time the test cuts the file.
#[test]
fn killed_during_a_write_it_leaves_no_partial_line_and_loses_no_whole_one() {
    let scratch = Scratch::new();
    let file = scratch.file("t");
    let older = format!("{file}.1");
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let options = ["--rate", "off", "--quiet", "--transcript", &file];
    // Small files are used, so that some kills come during a rotation.
    let size = ["--transcript-size", "1", "--transcript-keep", "1"];
    let mut torn = 0;
    for life in 0..50 {
        let before = read(&file);
        let whole = &before[..before.rfind('\n').map_or(0, |end| end + 1)];
        torn += usize::from(whole != before);
        let server = serve(&[&options[..], &size].concat());
        let mut bob = TestClient::join(server.address(), "bob");
        eventually("whole lines alone", || {
            let (older, newest) = (read(&older), read(&file));
            let kept = newest.starts_with(whole) || older.starts_with(whole);
            assert!(kept, "life {life} lost lines");
            let text = [older, newest].concat();
            let lines = lines(&text);
            assert!(missing(&lines) <= noted(&lines));
            (lines.last() == Some(&"lobby bob has joined the chat room.")).then_some(())
        });
        let flood: String = (1..20_000).map(|n| format!("{n} {life}\n")).collect();
        let flood = thread::spawn(move || {
            let _it_is_cut_off = bob.try_send(flood.as_bytes());
            bob
        });
        // Each life of the server has another length.
        let some = format!("lobby bob: {} {life}\n", 1 + life * 97 % 2000);
        eventually("some of it", || {
            let somewhere = [&file, &older]
                .iter()
                .any(|file| read(file).contains(&some));
            somewhere.then_some(())
        });
        server.signal("KILL");
        drop(server);
        drop(flood.join());
        if life % 2 == 0 {
            tear(&file, life);
        }
    }
    eprintln!("{torn} of 50 left half a line behind");
}

/// Removes so many bytes and one more from the end.
fn tear(file: &str, bytes: u64) {
    // A server that was killed between two files leaves no file of that name.
    if let Ok(file) = fs::OpenOptions::new().write(true).open(file) {
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(bytes + 1)).unwrap();
    }
}
