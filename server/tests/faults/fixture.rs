//! Fixture: a server with two bystanders, and the assertions after every fault.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tests::{Bystanders, DEADLINE, Running, TestClient, Usage, eventually};

/// The allowed growth of resident memory in KiB. The allocator keeps freed memory for a
/// while, and so do the stacks of ended threads. Two hundred members leave 12 MiB once
/// (measured).
const MEMORY_SLACK: usize = 20 * 1024;

/// The beginning of the names of the bystanders, and so of their lines.
const BYSTANDERS: &str = "bystander";

/// A running server with bystanders, and its resources before the fault.
pub struct FaultFixture {
    pub server: Running,
    pub address: SocketAddr,
    bystanders: Bystanders,
    baseline: Option<Usage>,
}

impl FaultFixture {
    /// Starts a server at a free port, with these options.
    pub fn start(options: &[&str]) -> FaultFixture {
        FaultFixture::around(serve(options))
    }

    /// Returns a fixture for a server that was started otherwise.
    pub fn around(server: Running) -> FaultFixture {
        let address = server.address();
        let bystanders = Bystanders::start(address);
        // One member joins and leaves first, so that everything allocated once is in
        // the baseline.
        let mut first = TestClient::join(address, "first");
        let with_first = server.usage();
        first.say("q:quit");
        first.expect_sometime("q:quit");
        server.wait_for("[CONNECTION CLOSED] first disconnected (quit).");
        drop(first);
        let baseline = with_first.map(|with_first| {
            eventually("the first to be gone", || {
                let now = server.usage()?;
                let gone = now.files < with_first.files && now.threads < with_first.threads;
                gone.then_some(now)
            })
        });
        FaultFixture {
            server,
            address,
            bystanders,
            baseline,
        }
    }

    /// Connects a client that sends nothing.
    pub fn connect(&self) -> TestClient {
        TestClient::connect(self.address).ignoring(BYSTANDERS)
    }

    /// Joins a client that skips the lines of the bystanders.
    pub fn join(&self, name: &str) -> TestClient {
        TestClient::join(self.address, name).ignoring(BYSTANDERS)
    }

    /// Joins clients. Each expects the notices about the following.
    pub fn join_all<const N: usize>(&self, names: [&str; N]) -> [TestClient; N] {
        let mut peers: Vec<TestClient> = Vec::new();
        for name in names {
            let new_client = self.join(name);
            for peer in &mut peers {
                peer.expect(&format!("{name} has joined the chat room."));
            }
            peers.push(new_client);
        }
        peers.try_into().ok().expect("as many peers as names")
    }

    /// Waits for the only close line of `who`, with `reason`.
    pub fn expect_reason(&self, who: &str, reason: &str) {
        let line = format!("[CONNECTION CLOSED] {who} disconnected ({reason}).");
        self.server.wait_for(&line);
        let closed = format!("[CONNECTION CLOSED] {who} ");
        let lines = self.server.lines_with(&closed);
        assert_eq!(lines, [line], "one reason for one connection");
    }

    /// Makes the assertions of every row: the bystanders lost nothing, and the
    /// resources of the server are back at the baseline.
    pub fn check(self) {
        self.check_within(MEMORY_SLACK);
    }

    /// Makes the same assertions, where memory may have grown by `slack` KiB.
    pub fn check_within(self, slack: usize) {
        match self.baseline {
            Some(base) => self.expect_back_at(base, slack),
            None => eprintln!("not checked here: files, threads and memory, for want of /proc"),
        }
        self.bystanders.stop();
    }

    fn expect_back_at(&self, base: Usage, slack: usize) {
        let until = Instant::now() + DEADLINE;
        while let Some(now) = self.server.usage() {
            let is_back = now.files <= base.files && now.threads <= base.threads;
            if is_back && now.memory <= base.memory + slack {
                return;
            }
            assert!(Instant::now() < until, "{now:?} is not back at {base:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Returns the program under test. It sends no history and every notice of joining, so
/// that a test expects only lines that it has caused.
pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    program.args(["--history", "0", "--crowd", "100000"]);
    program
}

/// Starts the program at a free port, with these options and without members.
pub fn serve(options: &[&str]) -> Running {
    Running::start(program().args(["127.0.0.1", "0"]).args(options))
}

/// Starts the program by a line of shell, in which it is `$0` and `words` are `$1`,
/// `$2`. The line must `exec` it, so that it receives the signals.
pub fn serve_through(line: &str, words: &[&str]) -> Running {
    let mut shell = Command::new("sh");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_chat-server")]);
    Running::start(shell.args(words))
}

/// Returns `true` if a program is installed, and prints a line if not.
pub fn is_installed(tool: &str) -> bool {
    let found = Command::new(tool).arg("-V").output().is_ok();
    if !found {
        eprintln!("skipped: there is no {tool} here");
    }
    found
}

/// Checks that the server uses almost no processor time for two seconds. The time
/// itself is measured, so this sleeps.
pub fn expect_idle(server: &Running) {
    let (begin, before) = (Instant::now(), server.cpu_time());
    std::thread::sleep(Duration::from_secs(2));
    if let (Some(before), Some(after)) = (before, server.cpu_time()) {
        let (busy, limit) = (after - before, begin.elapsed() / 20);
        assert!(busy < limit, "it was busy for {busy:?} of {limit:?} * 20");
    }
}

/// Sends lines from `ann` until the member `stalled`, which does not read, lags
/// according to the console's `/who`. The limits must allow both. It must lag five
/// times in a row, because the system may find some more room a moment later.
pub fn fill_backlog(server: &mut Running, ann: &mut TestClient, stalled: &str) {
    let mut in_a_row = 0;
    eventually("a lagging member", || {
        ann.send(format!("{}\n", "x".repeat(4000)).repeat(25).as_bytes());
        // The reply comes after all the lines, and so does /who.
        ann.say("");
        ann.expect_sometime("");
        in_a_row = if is_lagging(server, stalled) {
            in_a_row + 1
        } else {
            0
        };
        (in_a_row == 5).then_some(())
    });
}

/// Returns `true` if the member `name` lags according to the console's `/who`. It waits
/// for the answer, so that nobody sends too much meanwhile.
pub fn is_lagging(server: &mut Running, name: &str) -> bool {
    let row = format!("{name:<24}  ");
    let before = server.lines_with(&row).len();
    server.type_line("/who");
    let rows = eventually("its row", || {
        let rows = server.lines_with(&row);
        (rows.len() > before).then_some(rows)
    });
    rows.last().is_some_and(|row| row.ends_with("  lagging"))
}

/// A directory for one test, which every user may read.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("chat-faults-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory");
        let open = Command::new("chmod").arg("755").arg(&path).status();
        assert!(open.expect("chmod").success());
        Scratch(path)
    }

    /// Returns the path of a file in it.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
