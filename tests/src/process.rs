//! Process: starts a program under test, observes it through `/proc`, and ends it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::{DEADLINE, eventually};

/// The resources that a process uses at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The number of open files.
    pub files: usize,
    /// The number of threads.
    pub threads: usize,
    /// The resident memory in KiB.
    pub memory: usize,
}

/// A running program whose output is collected line by line.
pub struct Running {
    child: Child,
    output: Arc<Output>,
}

#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Running {
    /// Starts `command` with its input and output connected to the test. Standard error
    /// is collected with the output.
    pub fn start(command: &mut Command) -> Running {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starting the program");
        let output = Arc::new(Output::default());
        collect(child.stdout.take().expect("its output"), &output);
        collect(child.stderr.take().expect("its errors"), &output);
        Running { child, output }
    }

    /// Returns the address in the first line of the server.
    pub fn address(&self) -> SocketAddr {
        let line = self.wait_for("listening at ");
        let address = line.split_once("listening at ").expect("an address").1;
        address.parse().expect("an address")
    }

    /// Waits for a line of output that contains `part`.
    pub fn wait_for(&self, part: &str) -> String {
        let until = Instant::now() + DEADLINE;
        let mut lines = self.output.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(part)) {
                return line.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {part:?} in {lines:#?}");
            lines = self.output.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Returns the lines of output so far that contain `part`.
    pub fn lines_with(&self, part: &str) -> Vec<String> {
        let lines = self.output.lines.lock().unwrap();
        let with = lines.iter().filter(|line| line.contains(part));
        with.cloned().collect()
    }

    /// Writes `line` to its standard input.
    pub fn type_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("an open input");
        writeln!(input, "{line}").expect("typing");
    }

    /// Closes its standard input.
    pub fn end_input(&mut self) {
        self.child.stdin = None;
    }

    /// Returns its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name: `TERM`, `INT`, `STOP`.
    pub fn signal(&self, name: &str) {
        // std cannot send signals, but the shell of every Unix can.
        let kill = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success(), "{kill}");
    }

    /// Waits for the end of the program.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the program's end", || self.child.try_wait().unwrap())
    }

    /// Returns its resources, where the kernel reports them (Linux).
    pub fn usage(&self) -> Option<Usage> {
        let id = self.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Usage {
            files: fs::read_dir(format!("/proc/{id}/fd")).ok()?.count(),
            threads: field("Threads:")?,
            memory: field("VmRSS:")?,
        })
    }

    /// Returns the processor time it has used, where the kernel reports it.
    pub fn cpu_time(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        // The unit is a hundredth of a second on every Linux (USER_HZ).
        Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }
}

impl Drop for Running {
    #[allow(clippy::print_stderr)] // the test harness shows it if the test fails
    fn drop(&mut self) {
        if thread::panicking() {
            let lines = self.output.lines.lock();
            let lines = lines.unwrap_or_else(PoisonError::into_inner);
            let last = &lines[lines.len().saturating_sub(20)..];
            eprintln!(
                "the program ({:?}) printed {last:#?}",
                self.child.try_wait()
            );
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static, output: &Arc<Output>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            output.lines.lock().unwrap().push(line);
            output.more.notify_all();
        }
    });
}
