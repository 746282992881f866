//! The program `chat-client`: options, conversation, exit code.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use client::options::{self, EarlyExit, HELP};
use client::{exit, session};

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(stop) => return explain(&stop),
    };
    let exit = session::run(&options);
    if let Some(told) = exit.message() {
        // If nobody can read it, the exit code still says it.
        let _ = writeln!(io::stderr(), "{told}");
    }
    ExitCode::from(exit.code())
}

fn explain(stop: &EarlyExit) -> ExitCode {
    // What was asked for goes to standard output, a complaint to standard error,
    // so that neither ends up in the other's pipe.
    let printed = match stop {
        EarlyExit::Help => write!(io::stdout(), "{HELP}"),
        EarlyExit::Version => writeln!(io::stdout(), "chat-client {}", env!("CARGO_PKG_VERSION")),
        EarlyExit::Usage(why) => {
            let _ = writeln!(io::stderr(), "{why}; --help explains all");
            return ExitCode::from(exit::USAGE);
        }
    };
    // A closed pipe is no failure: `chat-client --help | head -1`.
    let _ = printed;
    ExitCode::SUCCESS
}
