//! The divided screen on a pseudo-terminal of tmux.
//!
//! Without tmux the tests are skipped, with a message. Each test has a tmux server of
//! its own, without configuration, which ends with the test.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use std::{fs, process, thread, time::Duration};

use crate::support::{DEADLINE, FakePeer, FakeServer};

/// A shell in a tmux window.
struct Terminal {
    /// The path of the tmux server's socket.
    socket: String,
}

impl Terminal {
    /// Opens a window. Without tmux it prints that the test is skipped.
    fn open(columns: u16, rows: u16) -> Option<Terminal> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if Command::new("tmux").arg("-V").output().is_err() {
            println!("skipped: there is no tmux here");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().display().to_string();
        let terminal = Terminal {
            socket: format!("{directory}/chat-client-test-{}-{number}", process::id()),
        };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let size = ["-x", &columns, "-y", &rows];
        let shell = ["env", "PS1=$ ", "NO_COLOR=", "sh"];
        let new = ["-f", "/dev/null", "new-session", "-d"];
        terminal.tmux(&[&new[..], &size, &shell].concat());
        terminal.wait_for("a shell", |screen| screen[0].starts_with('$'));
        Some(terminal)
    }

    fn tmux(&self, words: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        let output = tmux.args(["-S", &self.socket]).args(words).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        output
    }

    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key, by its name in tmux.
    fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Returns the visible rows.
    fn screen(&self) -> Vec<String> {
        let output = self.tmux(&["capture-pane", "-p"]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_string).collect()
    }

    /// Waits until the screen fulfils the condition.
    #[track_caller]
    fn wait_for(&self, what: &str, mut is_so: impl FnMut(&[String]) -> bool) -> Vec<String> {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if !screen.is_empty() && is_so(&screen) {
                return screen;
            }
            assert!(start.elapsed() < DEADLINE, "no {what} in {screen:#?}");
            // A terminal does not report changes, so poll.
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the visible rows with a mark where the colours change: `<1>` is bold,
    /// `<2>` dim, `<31>` red.
    fn colours(&self) -> Vec<String> {
        let output = self.tmux(&["capture-pane", "-p", "-e"]);
        let text = String::from_utf8(output.stdout).unwrap();
        // tmux reports changes only, and continues colours from row to row.
        let mut now = BTreeSet::new();
        let rows = text.lines().map(|row| {
            let mut parts = row.split("\u{1b}[");
            let first = parts.next().unwrap();
            let mut whole = coloured(&now, first);
            for part in parts {
                let (codes, text) = part.split_once('m').unwrap();
                for code in codes.split(';').map(|code| code.parse().unwrap()) {
                    match code {
                        0 => now.clear(),
                        1..30 => drop(now.insert(code)),
                        // A colour replaces another, and 39 removes it.
                        30..40 => {
                            now.retain(|code| *code < 30);
                            now.extend(Some(code).filter(|code| *code < 38));
                        }
                        _ => {}
                    }
                }
                whole += &coloured(&now, text);
            }
            whole
        });
        rows.collect()
    }

    /// Returns `true` if the terminal's bell has rung since the window was opened.
    fn has_rung(&self) -> bool {
        let format = "#{window_bell_flag}";
        let output = self.tmux(&["display-message", "-p", format]);
        output.stdout.starts_with(b"1")
    }

    /// Returns the rows that scroll, counted from 0.
    fn region(&self) -> String {
        let format = "#{scroll_region_upper}-#{scroll_region_lower}";
        let output = self.tmux(&["display-message", "-p", format]);
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    }

    /// Starts the client as ann, and welcomes it.
    fn join(&self, server: &FakeServer, options: &str) -> FakePeer {
        let program = env!("CARGO_BIN_EXE_chat-client");
        self.types(&format!(
            "clear; {program} {} -n ann --time off {options}",
            server.port
        ));
        self.press("Enter");
        let mut peer = server.accept();
        peer.welcome("ann");
        self.wait_for("welcome", |screen| has(screen, "Welcome, ann."));
        peer
    }

    /// Checks that the terminal is restored: the whole window scrolls, the settings are
    /// those in `before`, and the shell takes a command.
    #[track_caller]
    fn check_restored(&self, before: &str) {
        self.wait_for("prompt", |screen| screen.iter().any(|row| row == "$"));
        let rows = self.screen().len();
        assert_eq!(self.region(), format!("0-{}", rows - 1));
        assert_eq!(self.settings(), before);
    }

    /// Returns the output of `stty -a` in the window's shell.
    fn settings(&self) -> String {
        let file = format!("{}.settings", self.socket);
        self.types(&format!("stty -a > {file}; clear; echo done"));
        self.press("Enter");
        self.wait_for("settings", |screen| screen[0] == "done");
        let settings = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        settings
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        let _ = tmux.args(["-S", &self.socket, "kill-server"]).output();
        let _ = fs::remove_file(&self.socket);
    }
}

fn coloured(codes: &BTreeSet<u8>, text: &str) -> String {
    let codes: Vec<_> = codes.iter().map(u8::to_string).collect();
    match (text, codes.join(";").as_str()) {
        ("", _) => String::new(),
        (_, "") => text.to_string(),
        (_, codes) => format!("<{codes}>{text}"),
    }
}

fn has(screen: &[String], part: &str) -> bool {
    screen.iter().any(|row| row.contains(part))
}

/// Returns the last three rows: the rule and the two input rows.
fn reserved(screen: &[String]) -> &[String] {
    &screen[screen.len() - 3..]
}

/// Returns the rule in a window of so many columns.
fn rule(server: &FakeServer, columns: u16) -> String {
    match columns {
        ..60 => "--- ann in lobby - /quit leaves ---".to_string(),
        _ => format!(
            "--- ann in lobby at 127.0.0.1:{} - /quit leaves ---",
            server.port
        ),
    }
}

/// Types half a line, sends 100 messages, and types more in between.
fn half_typed_text_survives(columns: u16) {
    const ROWS: u16 = 12;
    let Some(terminal) = Terminal::open(columns, ROWS) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.types("half a li");
    terminal.wait_for("typed text", |screen| reserved(screen)[1] == "> half a li");
    for number in 0..100 {
        peer.say(&format!("bob: message {number}"));
        if number == 50 {
            terminal.types("ne is");
        }
    }
    let screen = terminal.wait_for("last message", |screen| {
        has(screen, "message 99") && has(screen, "line is")
    });
    let mut expected: Vec<_> = (91..100).map(|n| format!("bob: message {n}")).collect();
    expected.push(rule(&server, columns));
    expected.push("> half a line is".to_string());
    expected.push(String::new());
    assert_eq!(screen, expected);

    terminal.types(" whole now");
    terminal.press("Enter");
    peer.expect("half a line is whole now");
    // The input is cleared first, and the line is shown when it has been sent.
    let screen = terminal.wait_for("own line", |screen| screen[8].starts_with("ann:"));
    assert_eq!(screen[8], "ann: half a line is whole now");
    assert_eq!(screen[7], "bob: message 99");
    assert_eq!(reserved(&screen)[1..], [">", ""]);
}

#[test]
fn half_typed_text_survives_a_hundred_messages_on_40_columns() {
    half_typed_text_survives(40);
}

#[test]
fn half_typed_text_survives_a_hundred_messages_on_120_columns() {
    half_typed_text_survives(120);
}

#[test]
fn a_typed_line_that_wraps_stays_whole_and_can_be_erased() {
    let Some(terminal) = Terminal::open(40, 12) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    let first = "a".repeat(38);
    terminal.types(&format!("{first}bbbbxx"));
    peer.say("bob: one");
    terminal.wait_for("message", |screen| has(screen, "bob: one"));
    terminal.press("BSpace");
    terminal.press("BSpace");
    peer.say("bob: two");
    let screen = terminal.wait_for("message and erasing", |screen| {
        has(screen, "bob: two") && reserved(screen)[2] == "bbbb"
    });
    assert_eq!(reserved(&screen)[1], format!("> {first}"));
    assert_eq!(screen[7..9], ["bob: one", "bob: two"]);
    terminal.press("Enter");
    peer.expect(&format!("{first}bbbb"));
    let screen = terminal.wait_for("empty input", |screen| reserved(screen)[1] == ">");
    assert_eq!(reserved(&screen)[2], "");
    assert!(reserved(&screen)[0].starts_with("--- ann"));
}

#[test]
fn a_line_longer_than_the_input_rows_does_no_harm_above_them() {
    let Some(terminal) = Terminal::open(40, 12) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    let long = "0123456789".repeat(30);
    terminal.types(&long);
    peer.say("bob: still here");
    let screen = terminal.wait_for("message", |screen| has(screen, "bob: still here"));
    assert_eq!(screen[8], "bob: still here");
    assert!(reserved(&screen)[0].starts_with("--- ann"));
    terminal.press("Enter");
    peer.expect(&long);
}

#[test]
fn a_window_that_changes_during_typing_is_divided_again() {
    let Some(terminal) = Terminal::open(60, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.types("half typed");
    // Narrower, higher, lower, wider: each is detected within a second.
    for (columns, rows) in [(40, 14), (40, 18), (40, 12), (100, 16)] {
        terminal.resize(columns, rows);
        let region = format!("0-{}", rows - 4);
        terminal.wait_for("rule", |screen| {
            reserved(screen)[0] == rule(&server, columns) && terminal.region() == region
        });
        let message = format!("bob: at {columns} and {rows}");
        peer.say(&message);
        let screen = terminal.wait_for("message", |screen| has(screen, &message));
        assert_eq!(screen[usize::from(rows) - 4], message);
        assert!(has(reserved(&screen), "> half typed"), "{screen:#?}");
    }
    terminal.types(", then whole");
    terminal.press("Enter");
    peer.expect("half typed, then whole");
    let whole = |screen: &[String]| reserved(screen)[1] == ">" && has(screen, "ann: half typed");
    terminal.wait_for("order", whole);
}

#[test]
fn a_window_that_gets_too_small_has_plain_lines_until_it_grows() {
    let Some(terminal) = Terminal::open(60, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.resize(60, 7);
    // A plain line ends with a newline, so the last row is empty. On the divided screen
    // the last rows contain no messages.
    terminal.wait_for("plain lines", |screen| {
        peer.say("bob: small");
        screen[5..] == ["bob: small", ""]
    });
    assert_eq!(terminal.region(), "0-6");
    terminal.resize(60, 16);
    terminal.wait_for("rule", |screen| reserved(screen)[0].starts_with("--- ann"));
    peer.say("bob: large");
    let screen = terminal.wait_for("message", |screen| has(screen, "bob: large"));
    assert_eq!(screen[12], "bob: large");
}

#[test]
fn a_small_window_and_a_simple_terminal_get_plain_lines() {
    #[track_caller]
    fn check(columns: u16, rows: u16, before: &str, options: &str) {
        let Some(terminal) = Terminal::open(columns, rows) else {
            return;
        };
        terminal.types(before);
        terminal.press("Enter");
        let server = FakeServer::open();
        let mut peer = terminal.join(&server, options);
        peer.say("bob: plain");
        let screen = terminal.wait_for("message", |screen| has(screen, "bob: plain"));
        assert!(!has(&screen, "---"), "{screen:#?}");
        assert_eq!(terminal.region(), format!("0-{}", rows - 1));
        terminal.types("hi");
        terminal.press("Enter");
        peer.expect("hi");
    }
    check(80, 7, "", "");
    check(19, 24, "", "");
    check(80, 24, "", "--plain");
    check(80, 24, "TERM=dumb", "");
    check(80, 24, "unset TERM", "");
    check(80, 24, "stty() { :; }; PATH=/nowhere", "");
}

#[test]
fn the_terminal_is_restored_however_it_ends() {
    let Some(terminal) = Terminal::open(80, 12) else {
        return;
    };
    let server = FakeServer::open();
    let before = terminal.settings();

    let mut peer = terminal.join(&server, "");
    assert_eq!(terminal.region(), "0-8");
    terminal.types("/quit");
    terminal.press("Enter");
    peer.expect_quit();
    terminal.check_restored(&before);

    let mut peer = terminal.join(&server, "");
    terminal.press("C-d");
    peer.expect_quit();
    terminal.check_restored(&before);

    let mut peer = terminal.join(&server, "");
    terminal.types("half typed");
    terminal.press("C-c");
    peer.expect_quit();
    terminal.check_restored(&before);

    // A second Ctrl-C, because the server does not answer the first.
    let mut peer = terminal.join(&server, "");
    terminal.press("C-c");
    peer.expect("q:quit");
    terminal.press("C-c");
    terminal.check_restored(&before);

    let mut peer = terminal.join(&server, "");
    peer.say("! you were removed");
    peer.say("q:quit");
    terminal.wait_for("reason", |screen| has(screen, "has ended the session"));
    terminal.check_restored(&before);

    let peer = terminal.join(&server, "--no-reconnect");
    peer.close();
    terminal.wait_for("reason", |screen| has(screen, "connection lost"));
    terminal.check_restored(&before);
}

#[test]
fn a_half_typed_line_does_not_reach_the_shell() {
    for options in ["", "--plain"] {
        let Some(terminal) = Terminal::open(80, 14) else {
            return;
        };
        let server = FakeServer::open();
        let before = terminal.settings();
        let mut peer = terminal.join(&server, options);
        terminal.types("echo half");
        terminal.wait_for("typed text", |screen| has(screen, "echo half"));
        peer.say("! you were removed");
        peer.say("q:quit");
        terminal.wait_for("reason", |screen| has(screen, "has ended the session"));
        terminal.wait_for("prompt", |screen| screen.iter().any(|row| row == "$"));
        // The shell has read its input until here.
        terminal.press("Enter");
        terminal.types("echo done");
        terminal.press("Enter");
        // The shell may print its prompt before or after what is typed ahead.
        let printed = |screen: &[String], word: &str| {
            screen
                .iter()
                .any(|row| row.trim_start_matches("$ ") == word)
        };
        let screen = terminal.wait_for("end", |screen| printed(screen, "done"));
        assert!(!printed(&screen, "half"), "{screen:#?}");
        terminal.check_restored(&before);
    }
}

/// The bytes of a file may be commands to the terminal.
#[test]
fn a_file_is_not_written_to_a_terminal() {
    let Some(terminal) = Terminal::open(80, 14) else {
        return;
    };
    let server = FakeServer::open();
    let program = env!("CARGO_BIN_EXE_chat-client");
    let command = format!("{program} -n bot --get 3 {}", server.port);
    terminal.types(&format!("clear; {command} --to -; echo code $?"));
    terminal.press("Enter");
    let why = "cannot write a file to a terminal, give --to FILE";
    terminal.wait_for("reason", |screen| screen[..2] == [why, "code 1"]);

    terminal.types(&format!("clear; {command} --to /dev/tty; echo code $?"));
    terminal.press("Enter");
    let mut chat = server.accept();
    chat.welcome("bot");
    chat.expect("/get 3");
    let ticket = "0000000000000000000000000000002a";
    chat.say(&format!(
        "Ticket {ticket} to get 5 bytes of 3, x within 60 s."
    ));
    let mut download = server.accept();
    download.receive();
    download.send(b"ok 5\nhello");
    chat.expect_quit();
    terminal.wait_for("reason", |screen| {
        screen[..2] == [&format!("! get x: {why}"), "code 1"]
    });
}

#[test]
fn many_pasted_lines_all_arrive_and_the_screen_stays_in_order() {
    let Some(terminal) = Terminal::open(60, 12) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    let lines: Vec<String> = (0..200).map(|n| format!("pasted line {n}")).collect();
    terminal.tmux(&["set-buffer", &(lines.join("\n") + "\n")]);
    terminal.tmux(&["paste-buffer"]);
    for line in &lines {
        peer.expect(line);
    }
    let screen = terminal.wait_for("last line", |screen| has(screen, "pasted line 199"));
    let mut expected: Vec<_> = (191..200)
        .map(|n| format!("ann: pasted line {n}"))
        .collect();
    expected.push(rule(&server, 60));
    expected.extend([">".to_string(), String::new()]);
    assert_eq!(screen, expected);
}

#[test]
fn a_user_is_asked_again_until_a_name_is_accepted() {
    let Some(terminal) = Terminal::open(80, 14) else {
        return;
    };
    let server = FakeServer::open();
    terminal.types(&format!(
        "clear; {} {}",
        env!("CARGO_BIN_EXE_chat-client"),
        server.port
    ));
    terminal.press("Enter");
    let mut peer = server.accept();
    for (typed, why) in [("a b", "! a name contains only"), ("ann", "! ann is taken")] {
        terminal.wait_for("question", |screen| {
            screen.iter().any(|row| row == "Enter your name:")
        });
        terminal.types(typed);
        terminal.press("Enter");
        if typed == "ann" {
            peer.expect("ann");
            peer.say("! ann is taken");
        }
        terminal.wait_for("reason", |screen| has(screen, why));
    }
    terminal.types("bob");
    terminal.press("Enter");
    peer.welcome("bob");
    let opened = |screen: &[String]| reserved(screen)[0].starts_with("--- bob in lobby");
    terminal.wait_for("rule", opened);
}

#[test]
fn a_terminal_that_is_closed_makes_it_leave() {
    let Some(terminal) = Terminal::open(80, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.tmux(&["kill-server"]);
    peer.expect_quit();
    peer.expect_end();
}

#[test]
fn a_flood_does_not_delay_ctrl_c() {
    let Some(terminal) = Terminal::open(80, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    let flood = "bob: flood\n".repeat(20_000);
    peer.send(flood.as_bytes());
    terminal.types("typed in the flood");
    terminal.press("Enter");
    peer.expect("typed in the flood");
    peer.send(flood.as_bytes());
    terminal.press("C-c");
    peer.expect_quit();
    terminal.wait_for("prompt", |screen| screen.iter().any(|row| row == "$"));
    assert_eq!(terminal.region(), "0-13");
}

#[test]
fn no_text_of_a_member_begins_a_row() {
    for options in ["", "--plain"] {
        let Some(terminal) = Terminal::open(40, 14) else {
            return;
        };
        let server = FakeServer::open();
        let mut peer = terminal.join(&server, options);
        let forged = format!("bob: {}Server: leave at once", " ".repeat(35));
        peer.say(&forged);
        peer.say(&format!("bob: {}", "李".repeat(30)));
        let screen = terminal.wait_for("lines", |screen| {
            has(screen, "leave at once") && has(screen, "  李")
        });
        let from = screen.iter().position(|row| row == "bob:").unwrap();
        let rows = [
            "bob:",
            "  Server: leave at once",
            &format!("bob: {}", "李".repeat(17)),
            &format!("  {}", "李".repeat(13)),
        ];
        assert_eq!(screen[from..from + 4], rows, "{options}");
        // The window wraps again, for the shell and for what is typed.
        terminal.types("/quit");
        terminal.press("Enter");
        peer.expect_quit();
        terminal.wait_for("prompt", |screen| screen.iter().any(|row| row == "$"));
        terminal.types(&format!("clear; echo {}", "x".repeat(50)));
        terminal.press("Enter");
        terminal.wait_for("wrapping", |screen| screen[1] == "x".repeat(10));
    }
}

#[test]
fn a_stopped_terminal_stops_only_the_screen() {
    let Some(terminal) = Terminal::open(80, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.press("C-s");
    let flood: String = (0..1000).map(|n| format!("bob: line {n}\n")).collect();
    peer.send(flood.as_bytes());
    for line in ["hi", "still here"] {
        terminal.types(line);
        terminal.press("Enter");
        peer.expect(line);
        // A probe, and the server's answer to its answer.
        peer.send(b"\n");
        assert_eq!(peer.receive().as_deref(), Some(""));
        peer.send(b"\n");
    }
    terminal.press("C-q");
    terminal.wait_for("the rest", |screen| {
        has(screen, "bob: line 999") && has(screen, "ann: still here")
    });
}

/// Returns history as the server sends it, between its markers.
fn history(lines: &[&str]) -> String {
    let ago = Duration::from_secs(60);
    let text = common::notice::excerpt_header(common::notice::Excerpt::Last, lines.len(), ago);
    format!("--- {text} ---\n{}\n--- now ---\n", lines.join("\n"))
}

#[test]
fn each_kind_of_line_has_its_style() {
    let Some(terminal) = Terminal::open(80, 20) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    peer.send(history(&["bob: old, ann", "* bob: old"]).as_bytes());
    peer.say("bob -> ann: private");
    peer.say("* bob: acts");
    peer.say("bob is away.");
    peer.say("! refused");
    peer.say("Server: tea");
    peer.say("bob: plain");
    // After a redraw each row keeps its style.
    terminal.resize(52, 20);
    let narrow = rule(&server, 52);
    terminal.wait_for("rule", |screen| reserved(screen)[0] == narrow);
    peer.say("bob: end");
    terminal.wait_for("end", |screen| has(screen, "bob: end"));
    let expected = [
        "<2>--- the last 2 lines, the oldest from 1 min ago ---",
        "<2>bob: old, ann",
        "<2>* bob old",
        "<2>--- now ---",
        "<35>>> bob -> ann: private",
        "<36>* bob acts",
        "<2>bob is away.",
        "<31>! refused",
        "<1>Server: tea",
        "bob: plain",
        "bob: end",
    ];
    assert_eq!(terminal.colours()[6..17], expected);
}

#[test]
fn without_colours_an_action_is_a_sentence_and_a_mention_is_marked() {
    let Some(terminal) = Terminal::open(80, 12) else {
        return;
    };
    terminal.types("export NO_COLOR=1");
    terminal.press("Enter");
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    peer.say("* bob: waves at ANN.");
    peer.say("! refused");
    terminal.wait_for("refusal", |screen| screen[8] == "! refused");
    assert_eq!(
        terminal.colours()[7..9],
        [">> * bob waves at ANN.", "! refused"]
    );
}

#[test]
fn a_mention_rings_unless_the_bell_is_off() {
    #[track_caller]
    fn check(options: &str, mention: &str, rings: bool, shown: &str) {
        let Some(terminal) = Terminal::open(80, 12) else {
            return;
        };
        let server = FakeServer::open();
        let mut peer = terminal.join(&server, options);
        peer.send(history(&["bob: old, ann", "bob -> ann: old"]).as_bytes());
        peer.say("bob: anna and hanna");
        terminal.types("I, ann");
        terminal.press("Enter");
        peer.expect("I, ann");
        peer.say("bob: so");
        terminal.wait_for("so", |screen| has(screen, "bob: so"));
        assert!(!terminal.has_rung(), "{options}: for nothing");
        peer.say(mention);
        peer.say("bob: end");
        let screen = terminal.wait_for("end", |screen| has(screen, "bob: end"));
        assert_eq!(terminal.has_rung(), rings, "{options}: {mention}");
        assert!(screen.iter().any(|row| row == shown), "{screen:#?}");
    }
    check("", "bob: hi Ann", true, ">> bob: hi Ann");
    check("", "bob -> ann: hi", true, ">> bob -> ann: hi");
    check("--no-bell", "bob: hi Ann", false, ">> bob: hi Ann");
    check("--plain", "* bob: hugs ann", true, "* bob: hugs ann");
    check("--plain --no-bell", "bob: hi Ann", false, "bob: hi Ann");
    // A pipe never rings.
    let to_file = "--plain | cat";
    check(to_file, "bob: hi Ann", false, "bob: hi Ann");
}

#[test]
fn commands_are_echoed_as_others_see_them() {
    let Some(terminal) = Terminal::open(80, 16) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    peer.say("eve -> ann: psst");
    terminal.wait_for("private line", |screen| has(screen, "psst"));
    for line in ["/msg bob,carl hi", "/me waves", "/reply what", "/help"] {
        terminal.types(line);
        terminal.press("Enter");
        peer.expect(line);
    }
    // The client shows its own part when the line is sent.
    terminal.wait_for("own help", |screen| has(screen, "/cancel N ends one"));
    peer.say("/help  this list");
    let screen = terminal.wait_for("help", |screen| screen[12] == "/help  this list");
    let own = ["ann -> bob,carl: hi", "* ann waves", "ann -> eve: what"];
    let at = screen.iter().position(|row| row == own[0]).unwrap();
    assert_eq!(screen[at..at + 3], own);
    assert!(
        screen[at + 3].starts_with("Here also: q, exit"),
        "{screen:#?}"
    );
    let colours = terminal.colours();
    assert!(colours[at].starts_with("<35>ann"), "{colours:#?}");
    assert!(colours[at + 1].starts_with("<36>* ann"), "{colours:#?}");
    assert!(colours[at + 3].starts_with("<2>Here also"), "{colours:#?}");
}

#[test]
fn the_rule_follows_the_name_and_the_room_during_typing() {
    let Some(terminal) = Terminal::open(80, 12) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    terminal.types("half ty");
    peer.say("You are now called rob.");
    peer.say("You are in games now. bob is here.");
    terminal.types("ped");
    let place = format!("127.0.0.1:{}", server.port);
    let rule = format!("--- rob in games at {place} - /quit leaves ---");
    terminal.wait_for("rule", |screen| {
        reserved(screen)[0] == rule && reserved(screen)[1] == "> half typed"
    });
    peer.say("bob: ann");
    peer.say("bob: rob");
    terminal.press("Enter");
    peer.expect("half typed");
    let screen = terminal.wait_for("own line", |screen| has(screen, "rob: half typed"));
    assert_eq!(screen[6..9], ["bob: ann", ">> bob: rob", "rob: half typed"]);
    terminal.resize(30, 12);
    let narrow = "--- rob - /quit leaves ---";
    terminal.wait_for("rule", |screen| reserved(screen)[0] == narrow);
}

#[test]
fn a_broken_connection_keeps_the_typed_line_and_what_is_typed_waits() {
    let Some(terminal) = Terminal::open(70, 14) else {
        return;
    };
    let server = FakeServer::open();
    let mut peer = terminal.join(&server, "");
    peer.say("You are in games now. bob is here.");
    terminal.types("half ty");
    terminal.wait_for("typed text", |screen| reserved(screen)[1] == "> half ty");
    peer.close();
    let broken = "--- ann in games - reconnecting - /quit leaves ---";
    terminal.wait_for("rule", |screen| {
        reserved(screen)[0] == broken && has(screen, "Trying again in 1 s")
    });
    terminal.types("ped");
    terminal.press("Enter");
    terminal.types("/who");
    terminal.press("Enter");
    terminal.wait_for("waiting lines", |screen| {
        has(screen, "waiting: half typed") && has(screen, "waiting: /who")
    });
    // A new member is in the lobby, so the user is asked.
    let mut peer = server.accept();
    peer.welcome("ann");
    let whole = rule(&server, 70);
    terminal.wait_for("question", |screen| {
        has(
            screen,
            "! 2 lines are waiting. Type /send-waiting to send here,",
        ) && reserved(screen)[0] == whole
    });
    terminal.types("/send-waiting");
    terminal.press("Enter");
    peer.expect("half typed");
    peer.expect("/who");
    terminal.wait_for("own line", |screen| has(screen, "ann: half typed"));
}

#[test]
fn leaving_does_not_wait_for_a_connection() {
    for leaves in ["/quit", "C-d", "C-c"] {
        let Some(terminal) = Terminal::open(70, 12) else {
            return;
        };
        let server = FakeServer::open();
        let before = terminal.settings();
        let peer = terminal.join(&server, "");
        peer.close();
        terminal.wait_for("break", |screen| has(screen, "Trying again in"));
        if leaves == "/quit" {
            terminal.types("not sent");
            terminal.press("Enter");
            terminal.types(leaves);
            terminal.press("Enter");
            terminal.wait_for("loss", |screen| has(screen, "! not sent: 1 line"));
        } else {
            terminal.press(leaves);
        }
        terminal.check_restored(&before);
    }
}

#[test]
fn times_are_dim_and_those_of_the_terminal() {
    let Some(terminal) = Terminal::open(60, 12) else {
        return;
    };
    terminal.types("export TZ=XXX-2");
    terminal.press("Enter");
    let server = FakeServer::open();
    let program = env!("CARGO_BIN_EXE_chat-client");
    terminal.types(&format!("clear; {program} {} -n ann", server.port));
    terminal.press("Enter");
    let mut peer = server.accept();
    peer.grants(crate::capabilities::ALL);
    peer.expect("ann");
    peer.say("@time=2026-03-01T21:59:00.000Z Welcome, ann. bob is here.");
    peer.say("@time=2026-03-01T22:00:00.000Z;id=lobby-k3f9-1 bob: good night, ann");
    terminal.wait_for("line", |screen| has(screen, "good night"));
    let expected = [
        "<2>23:59 Welcome, ann. bob is here.",
        "<2>--- 2026-03-02 ---",
        "<2>00:00 >> bob: good night, ann",
    ];
    assert_eq!(terminal.colours()[6..9], expected);
    terminal.types("bye all");
    terminal.press("Enter");
    peer.expect_numbered(1, "bye all");
    let screen = terminal.wait_for("own line", |screen| has(screen, ": bye all"));
    // Only the digits depend on the day and the time.
    let (time, rest) = screen[8].split_once(' ').unwrap();
    assert_eq!((time.len(), rest), (5, "ann: bye all"), "{screen:#?}");
}
