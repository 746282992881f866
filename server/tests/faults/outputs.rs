//! Outputs: the log, the terminal and the console.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tests::{TestClient, eventually};

use super::fixture::{
    FaultFixture, Scratch, expect_idle, fill_backlog, is_installed, serve, serve_through,
};

/// A line of shell that sends the log with times to standard error, where the test can
/// read it while standard output is broken.
const LOG_BESIDE: &str = r#"exec "$0" --history 0 127.0.0.1 0 --log /dev/stderr"#;

#[test]
fn the_log_looks_as_in_the_classroom() {
    let server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "Ann");
    let address = ann.stream().local_addr().unwrap();
    ann.say("Hello");
    ann.say("Ann: 12:30: tea");
    ann.say("q:quit");
    ann.expect_quit();
    server.wait_for("[CONNECTION CLOSED]");
    let lines = server.lines_with("[");
    let expected = [
        format!("[NEW CONNECTION] Ann connected from {address}."),
        "[Ann] Hello".to_string(),
        "[Ann] 12:30: tea".to_string(),
        "[CONNECTION CLOSED] Ann disconnected (quit).".to_string(),
    ];
    assert_eq!(lines, expected);
}

/// Fault 26: at a terminal of 80 columns its end would begin a row.
#[test]
fn a_padded_message_is_no_line_of_the_servers() {
    let server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    ann.say(&format!("hi{}[SERVER] stopped.", " ".repeat(72)));
    server.wait_for("[ann] hi[72 blanks][SERVER] stopped.");
}

#[test]
fn a_quiet_log_leaves_out_messages() {
    let server = serve(&["--quiet"]);
    let mut ann = TestClient::join(server.address(), "ann");
    ann.say("a secret");
    ann.say("q:quit");
    ann.expect_quit();
    server.wait_for("[CONNECTION CLOSED] ann disconnected (quit).");
    assert!(server.lines_with("secret").is_empty());
}

#[test]
fn the_log_file_has_the_time_before_each_line_and_is_added_to() {
    let scratch = Scratch::new();
    let file = scratch.file("log");
    for _ in 0..2 {
        let mut server = serve(&["--log", &file]);
        let mut ann = TestClient::join(server.address(), "ann");
        ann.say("Hello");
        ann.say("q:quit");
        ann.expect_quit();
        server.wait_for("[CONNECTION CLOSED]");
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
    }
    let log = fs::read_to_string(&file).unwrap();
    let messages = log.lines().map(|line| {
        let (time, message) = line.split_once(' ').unwrap();
        let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let shape: String = time.chars().map(shape).collect();
        assert_eq!(shape, "0000-00-00T00:00:00Z", "{line}");
        message
    });
    let messages: Vec<&str> = messages.collect();
    let count = |line| messages.iter().filter(|&&message| message == line).count();
    assert_eq!(count("[ann] Hello"), 2);
    assert_eq!(count("[CONNECTION CLOSED] ann disconnected (quit)."), 2);
    assert_eq!(messages.last(), Some(&"[SERVER] stopped."));
}

/// Fault 37: the server was killed in the middle of a line, or the disk was full then.
#[test]
fn a_line_after_one_that_was_cut_begins_a_new_one() {
    let scratch = Scratch::new();
    let file = scratch.file("log");
    fs::write(&file, "2026-03-01T12:00:59Z [ann] Hel").unwrap();
    for _ in 0..2 {
        let mut server = serve(&["--log", &file]);
        server.type_line("/stop");
        assert_eq!(server.wait().code(), Some(0));
    }
    let log = fs::read_to_string(&file).unwrap();
    let (cut, rest) = log.split_once('\n').unwrap();
    assert_eq!(cut, "2026-03-01T12:00:59Z [ann] Hel");
    assert!(rest.ends_with("Z [SERVER] stopped.\n"), "{rest}");
    assert!(rest.lines().all(|line| line.contains("Z ")), "{rest}");
}

/// The log contains what members say, which is for the operator alone.
#[cfg(unix)]
#[test]
fn a_new_log_file_is_the_operators_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let file = scratch.file("log");
    let _server = serve_through(r#"umask 0; exec "$0" 127.0.0.1 0 --log "$1""#, &[&file]);
    let mode = eventually("the log", || fs::metadata(&file).ok())
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Rows 37 and 38.
#[test]
fn a_log_on_a_full_device_is_reported_once_and_the_chat_continues() {
    let fixture = FaultFixture::start(&["--log", "/dev/full"]);
    let report = "[SERVER] cannot write the log file: No space left on device (os error 28).";
    fixture.server.wait_for(report);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    for number in 0..20 {
        ann.say(&number.to_string());
        bob.expect(&format!("ann: {number}"));
    }
    fixture.server.wait_for("[ann] 19");
    assert_eq!(fixture.server.lines_with("[SERVER] cannot"), [report]);
    drop((ann, bob));
    fixture.check();
}

#[test]
fn a_line_interrupted_by_a_kick_is_not_sent() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    bob.send(b"half a sent");
    bob.say("");
    bob.send(b"half a sent");
    ann.expect("bob: half a sent");
    fixture.server.type_line("/kick bob");
    bob.expect("! You were kicked.");
    bob.expect_quit();
    bob.end_sending();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    drop([ann, bob]);
    fixture.check();
}

#[test]
fn a_line_without_end_does_not_end_the_console() {
    let mut fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    fixture.server.type_line(&"x".repeat(100_000));
    fixture.server.type_line("tea is ready");
    ann.expect_sometime("Server: tea is ready");
    drop(ann);
    fixture.check();
}

/// Fault 37.
#[test]
fn a_full_or_closed_output_and_no_input_change_nothing() {
    for rest in ["> /dev/full", "> /dev/full < /dev/null", ">&- <&-"] {
        let fixture = FaultFixture::around(serve_through(&format!("{LOG_BESIDE} {rest}"), &[]));
        goes_on(fixture);
    }
}

/// Fault 37: `chat-server | head -1`.
#[test]
fn a_closed_output_pipe_changes_nothing() {
    let scratch = Scratch::new();
    let pipe = scratch.file("pipe");
    let status = Command::new("mkfifo").arg(&pipe).status();
    assert!(status.unwrap().success());
    let server = serve_through(&format!(r#"{LOG_BESIDE} > "$1""#), &[&pipe]);
    let mut first = String::new();
    let mut output = BufReader::new(fs::File::open(&pipe).unwrap());
    output.read_line(&mut first).unwrap();
    assert!(first.starts_with("The chat server is listening at "));
    drop(output);
    goes_on(FaultFixture::around(server));
}

/// Checks that the room works as before after the server lost an output, and that the
/// server does not spin.
fn goes_on(fixture: FaultFixture) {
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    ann.say("still here?");
    bob.expect("ann: still here?");
    expect_idle(&fixture.server);
    bob.say("yes");
    ann.expect("bob: yes");
    drop((ann, bob));
    fixture.check();
}

/// Fault 37.
#[test]
fn it_outlives_its_terminal() {
    let Some(window) = Window::open() else {
        return;
    };
    let [mut ann, mut bob] = TestClient::join_all(window.address(), ["ann", "bob"]);
    window.close();
    let cpu_time = window.cpu_time();
    // Within the first second a signal is taken for an echo of the first, so wait two.
    for number in 0..20 {
        ann.say(&number.to_string());
        bob.expect(&format!("ann: {number}"));
        thread::sleep(Duration::from_millis(100));
    }
    assert!(window.cpu_time() - cpu_time < 10, "it spins");
    let log = || fs::read_to_string(&window.log).unwrap_or_default();
    eventually("the log to go on", || {
        log().contains("[ann] 19").then_some(())
    });
    window.signal("TERM");
    for peer in [&mut ann, &mut bob] {
        peer.expect("The server is stopping.");
        peer.expect_quit();
    }
    eventually("its end", || {
        log().contains("[SERVER] stopped.").then_some(())
    });
}

/// A terminal window that runs a server. Dropping it ends the server.
struct Window {
    scratch: Scratch,
    server: String,
    log: String,
}

impl Window {
    /// Opens a window. Returns `None`, and prints a line, if tmux is not installed.
    fn open() -> Option<Window> {
        if !is_installed("tmux") {
            return None;
        }
        let scratch = Scratch::new();
        let mut window = Window {
            log: scratch.file("log"),
            scratch,
            server: String::new(),
        };
        let program = env!("CARGO_BIN_EXE_chat-server");
        let serve = [program, "127.0.0.1", "0", "--log", &window.log];
        let new = ["-f", "/dev/null", "new-session", "-d"];
        window.tmux(&[&new[..], &serve].concat());
        let pane = window.tmux(&["display-message", "-p", "#{pane_pid}"]);
        window.server = pane.trim().to_string();
        Some(window)
    }

    fn tmux(&self, words: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.args(["-S", &self.scratch.file("tmux")]).args(words);
        let output = tmux.output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn address(&self) -> std::net::SocketAddr {
        eventually("an address in the log", || {
            let log = fs::read_to_string(&self.log).ok()?;
            let line = log.lines().find(|_| log.contains("There is room"))?;
            line.split_once("listening at ")?.1.parse().ok()
        })
    }

    /// Closes the window, and waits until it is closed.
    fn close(&self) {
        self.tmux(&["kill-pane"]);
        eventually("the terminal to be gone", || {
            let number_of_terminal = self.stat(4);
            (number_of_terminal == 0).then_some(())
        });
    }

    /// Returns the processor time of the server, in hundredths of a second.
    fn cpu_time(&self) -> u64 {
        self.stat(11) + self.stat(12)
    }

    /// Returns a number in `/proc`, counted from the program's name.
    fn stat(&self, at: usize) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server)).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        fields.split(' ').nth(at).unwrap().parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.server);
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.unwrap().success(), "{kill}");
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let kill = format!("kill -KILL {} 2>/dev/null", self.server);
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let mut tmux = Command::new("tmux");
        tmux.args(["-S", &self.scratch.file("tmux"), "kill-server"]);
        let _ = tmux.output();
    }
}

#[test]
fn the_operators_text_is_sent_by_the_server() {
    let mut fixture = FaultFixture::start(&[]);
    let mut ann = fixture.join("ann");
    fixture.server.type_line("tea is ready");
    ann.expect("Server: tea is ready");
    fixture.server.type_line("  //is said with one slash");
    ann.expect("Server: /is said with one slash");
    fixture.server.type_line("no \u{1b}[2Jescape");
    ann.expect("Server: no [2Jescape");
    fixture.server.wait_for("[Server] tea is ready");
    drop(ann);
    fixture.check();
}

#[test]
fn the_operator_lists_the_members() {
    let mut server = serve(&[]);
    let address = server.address();
    server.type_line("/who");
    server.wait_for("Nobody is here.");
    let mut ann = TestClient::join(address, "ann");
    let mut bob = TestClient::join(address, "bob");
    server.type_line("/who");
    for (name, peer) in [("ann", &mut ann), ("bob", &mut bob)] {
        let address = peer.stream().local_addr().unwrap().to_string();
        let line = server.wait_for(&format!("{name:<24}  {:<16}  {address:<21}  ", "lobby"));
        let idle: Vec<&str> = line.split_whitespace().skip(3).collect();
        assert!(matches!(idle[..], [_, "s"]), "{line}");
        assert!(idle[0].parse::<u32>().unwrap() < 60, "{line}");
    }
    let head = server.wait_for("NAME");
    let columns: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(columns, ["NAME", "ROOM", "ADDRESS", "IDLE"]);
}

#[test]
fn the_operator_sees_lagging_members() {
    let mut server = serve(&["--rate", "off", "--stall", "60", "--quiet"]);
    let [mut ann, stalled] = TestClient::join_all(server.address(), ["ann", "stalled"]);
    fill_backlog(&mut server, &mut ann, "stalled");
    assert!(
        server
            .lines_with("ann  ")
            .iter()
            .all(|line| !line.contains("lagging"))
    );
    drop(stalled);
}

#[test]
fn the_operator_kicks_a_member() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    fixture.server.type_line("/kick BOB too loud: again");
    bob.expect("! You were kicked, too loud. again");
    bob.expect_quit();
    ann.expect("bob has left the chat room.");
    fixture.expect_reason("bob", "kicked");
    fixture.server.wait_for("Kicked BOB.");
    fixture.server.type_line("/kick bob");
    fixture.server.wait_for("No such user, bob.");
    fixture.server.type_line("/kick");
    fixture.server.wait_for("Usage: /kick NAME [REASON]");
    fixture.server.type_line("/kick ann");
    ann.expect("! You were kicked.");
    ann.expect_quit();
    fixture.expect_reason("ann", "kicked");
    drop((ann, bob));
    fixture.check();
}

#[test]
fn the_console_has_a_help() {
    let mut server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    server.type_line("/help");
    for command in ["/who", "/kick NAME [REASON]", "/stop", "/help"] {
        server.wait_for(&format!("  {command} "));
    }
    server.type_line("/dance now");
    server.wait_for("Unknown command /dance.");
    server.type_line(&"x".repeat(5000));
    server.wait_for("Line is too long, or not valid UTF-8.");
    // No member received any of it.
    server.type_line("hello");
    ann.expect("Server: hello");
}

#[test]
fn the_end_of_input_ends_nothing_and_stop_does() {
    let mut fixture = FaultFixture::start(&[]);
    let [mut ann, mut bob] = fixture.join_all(["ann", "bob"]);
    fixture.server.type_line("that is all");
    fixture.server.end_input();
    for peer in [&mut ann, &mut bob] {
        peer.expect("Server: that is all");
    }
    ann.say("on we go");
    bob.expect("ann: on we go");
    drop((ann, bob));
    fixture.check();

    let mut server = serve(&[]);
    let mut ann = TestClient::join(server.address(), "ann");
    server.type_line("/stop");
    ann.expect("The server is stopping.");
    ann.expect_quit();
    assert_eq!(server.wait().code(), Some(0));
    server.wait_for("[CONNECTION CLOSED] ann disconnected (shutdown).");
    server.wait_for("[SERVER] stopped.");
}

#[test]
fn output_that_nobody_reads_is_not_a_failure() {
    let line = r#"exec "$0" --help > /dev/full"#;
    let mut server = serve_through(line, &[]);
    assert_eq!(server.wait().code(), Some(0));
    assert!(server.lines_with("panicked").is_empty());
}
