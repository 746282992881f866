//! The program `chat-client`: options, session, exit code.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use client::options;
use client::{exit, session};
use common::options::EarlyExit;

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(early) => return explain(&early),
    };
    let exit = session::run(&options);
    if let Some(message) = exit.message() {
        // If this fails, the exit code still reports it.
        let _ = writeln!(io::stderr(), "{message}");
    }
    ExitCode::from(exit.code())
}

/// Prints requested text to standard output and a complaint to standard error, so that
/// neither ends up in the other's pipe.
fn explain(early: &EarlyExit) -> ExitCode {
    let printed = match early {
        EarlyExit::Help => write!(io::stdout(), "{}", options::help()),
        EarlyExit::Version => writeln!(io::stdout(), "chat-client {}", env!("CARGO_PKG_VERSION")),
        EarlyExit::Usage(why) => {
            let hint = "Try 'chat-client --help' for more information.";
            let _ = writeln!(io::stderr(), "chat-client: {why}\n{hint}");
            return ExitCode::from(exit::USAGE);
        }
    };
    // A closed pipe is no failure: `chat-client --help | head -1`.
    let _ = printed;
    ExitCode::SUCCESS
}
