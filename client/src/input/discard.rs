//! Discarding: from what is half typed at the end to nothing.
//!
//! A half typed line stays in the terminal when the client ends. The shell would show
//! it at its prompt, and Enter would run it. std cannot discard it (POSIX: `tcflush`).
//! But without line editing (`-icanon`) a half typed line can be read. So the client
//! switches that off and on again, by the program `stty`, and the stdin thread, which
//! waits in a read, gets the line.
//!
//! Thread: `discard`, so that a terminal that is stuck does not block the end.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::background;

/// The script. No signal ends it between the two settings. A shell that reads meanwhile
/// (`min 1`) waits as usual.
const SCRIPT: &str = "
    trap '' INT QUIT TERM HUP TSTP
    saved=$(stty -g) && stty -icanon min 1 time 0
    stty \"$saved\"
";

/// The time that the script has. It takes some milliseconds.
const SCRIPT_TIMEOUT: Duration = Duration::from_millis(500);

/// The time that the stdin thread has. If nothing was typed, it reads nothing.
const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// Discards what was typed at the terminal at standard input and not read; `reads` fires
/// when the stdin thread has read something. Call it when no input matters any more.
/// Without `sh` and `stty` nothing is discarded.
pub fn pending_input(reads: &Receiver<()>) {
    reads.try_iter().for_each(drop);
    if let Ok(done) = background::run("discard", run_script)
        && matches!(done.recv_timeout(SCRIPT_TIMEOUT), Ok(Ok(())))
    {
        let _ = reads.recv_timeout(READ_TIMEOUT);
    }
}

fn run_script() -> io::Result<()> {
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", SCRIPT]).stdin(Stdio::inherit());
    shell.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    Ok(())
}
