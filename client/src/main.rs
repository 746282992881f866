//! The program `chat-client`: options, conversation, exit code.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use client::options::{self, HELP, Stop};
use client::{ending, session};

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(stop) => return explain(&stop),
    };
    let ending = session::run(&options);
    if let Some(told) = ending.told() {
        // If nobody can read it, the exit code still says it.
        let _ = writeln!(io::stderr(), "{told}");
    }
    ExitCode::from(ending.code())
}

fn explain(stop: &Stop) -> ExitCode {
    // What was asked for goes to standard output, a complaint to standard error,
    // so that neither ends up in the other's pipe.
    let printed = match stop {
        Stop::Help => write!(io::stdout(), "{HELP}"),
        Stop::Version => writeln!(io::stdout(), "chat-client {}", env!("CARGO_PKG_VERSION")),
        Stop::Usage(why) => {
            let _ = writeln!(io::stderr(), "{why}; --help explains all");
            return ExitCode::from(ending::USAGE);
        }
    };
    // A closed pipe is no failure: `chat-client --help | head -1`.
    let _ = printed;
    ExitCode::SUCCESS
}
