//! Subject: starts the measured program as a child process.

use std::env;
use std::io::{self, BufRead, BufReader, Error};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The timeout for the first line of a subject, which has its address.
const START: Duration = Duration::from_secs(10);

/// The arguments for a server without the limits that the bench exceeds.
const SERVER_ARGS: [&str; 7] = [
    "127.0.0.1",
    "0",
    "--rate",
    "off",
    "--quiet",
    "--max-clients",
    "20000",
];

/// A program to measure.
pub enum Subject {
    /// The chat server at this path, or the one that was built with the bench.
    Server(Option<PathBuf>),
    Loop,
}

/// A subject that listens. Dropping it kills the process.
pub struct Running {
    child: Child,
    drain: Option<JoinHandle<()>>,
    pub address: SocketAddr,
}

impl Subject {
    /// Starts the child and waits for its address.
    ///
    /// # Errors
    ///
    /// When the program does not exist, or does not print its address.
    pub fn start(&self) -> io::Result<Running> {
        start(&mut self.command()?)
    }

    /// Starts a server that shares files in this folder, and has the rate limit of an
    /// ordinary start.
    ///
    /// # Errors
    ///
    /// As [`Subject::start`].
    pub fn start_limited(&self, folder: &Path) -> io::Result<Running> {
        let mut command = self.command()?;
        command.args(["--rate", "10:50", "--files"]).arg(folder);
        start(&mut command)
    }

    /// Starts a server that shares files in this folder.
    ///
    /// # Errors
    ///
    /// As [`Subject::start`].
    pub fn start_sharing(&self, folder: &Path) -> io::Result<Running> {
        let mut command = self.command()?;
        command.arg("--files").arg(folder);
        // One host may take a quarter, and all transfers of the bench are of one.
        command.args(["--files-size", "4096"]);
        start(&mut command)
    }

    fn command(&self) -> io::Result<Command> {
        let own = env::current_exe()?;
        Ok(match self {
            Subject::Loop => {
                let mut command = Command::new(own);
                command.args(["--role", "loop"]);
                command
            }
            Subject::Server(path) => {
                let path = path.clone().map_or_else(|| built_beside(&own), Ok)?;
                let mut command = Command::new(path);
                command.args(SERVER_ARGS);
                command
            }
        })
    }
}

/// Returns the path of the server. Cargo builds the bench in `target/release/deps`,
/// and programs one folder above.
fn built_beside(bench: &Path) -> io::Result<PathBuf> {
    bench
        .parent()
        .and_then(Path::parent)
        .map(|folder| folder.join(format!("chat-server{}", env::consts::EXE_SUFFIX)))
        .filter(|path| path.is_file())
        .ok_or_else(|| Error::other("no chat-server found: build it first: cargo build --release"))
}

fn start(command: &mut Command) -> io::Result<Running> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|why| Error::other(format!("cannot start {command:?}: {why}")))?;
    let stdout = child.stdout.take();
    // From here on, dropping `running` ends the child.
    let mut running = Running {
        child,
        drain: None,
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let (sender, first_line) = mpsc::channel();
    if let Some(stdout) = stdout {
        let drain = thread::Builder::new()
            .name("drain of the subject's stdout".into())
            .spawn(move || drain(stdout, &sender))?;
        running.drain = Some(drain);
    }
    let line = first_line
        .recv_timeout(START)
        .map_err(|_| Error::other(format!("{command:?} does not print its address")))?;
    running.address = line
        .rsplit_once(" at ")
        .and_then(|(_, address)| address.trim().parse().ok())
        .ok_or_else(|| Error::other(format!("no address in its first line: {line:?}")))?;
    Ok(running)
}

/// Sends the first line and discards the rest, so that a subject never blocks on a
/// full pipe. Ends with the child.
fn drain(stdout: ChildStdout, first_line: &Sender<String>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    if stdout.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        // An error means that the receiver has timed out.
        let _ = first_line.send(line);
    }
    let _ = io::copy(&mut stdout, &mut io::sink());
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the child has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(drain) = self.drain.take() {
            let _ = drain.join();
        }
    }
}
