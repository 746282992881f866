//! `chat-server`: options, bind, Ctrl-C, run, exit code.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::{self, ExitCode};

use common::options::EarlyExit;
use server::accept::listeners::Listeners;
use server::console;
use server::console::stdin::ConsoleInput;
use server::record::log_file::LogFile;
use server::startup::banner::{self, ClientCommand};
use server::startup::hangup::Hangup;
use server::startup::options::{self, Options};
use server::{ServerConfig, shutdown};

const FAILURE: u8 = 1;
const USAGE: u8 = 2;
const CANNOT_LISTEN: u8 = 3;

const VERSION: &str = concat!("chat-server ", env!("CARGO_PKG_VERSION"));
const TRY_HELP: &str = "Try 'chat-server --help' for more information.";

/// The exit code that a shell gives a program ended by Ctrl-C: 128 and the signal.
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    let result = match options::parse(env::args_os().skip(1)) {
        Ok(options) => serve(options),
        Err(EarlyExit::Help) => return print(&options::help()),
        Err(EarlyExit::Version) => return print(VERSION),
        Err(EarlyExit::Usage(why)) => Err((USAGE, format!("{why}\n{TRY_HELP}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, error)) => {
            let _ = writeln!(io::stderr(), "chat-server: {error}");
            ExitCode::from(code)
        }
    }
}

fn serve(options: Options) -> Result<(), (u8, String)> {
    let cannot_listen = |error| (CANNOT_LISTEN, error);
    let listeners = Listeners::bind(&options.addresses, options.udp).map_err(cannot_listen)?;
    let addresses = listeners.addresses();
    let addresses = addresses.map_err(|error| cannot_listen(error.to_string()))?;
    let failure = |error: String| (FAILURE, error);

    let (handle, stop) = shutdown::channel();
    let hangup = Hangup::watch().map_err(|error| failure(format!("cannot start: {error}")))?;
    let on_signal = handle.clone();
    ctrlc::set_handler(move || {
        if !hangup.explains_signal() && !on_signal.trigger() {
            process::exit(INTERRUPTED);
        }
    })
    .map_err(|error| failure(format!("cannot watch for Ctrl-C: {error}")))?;

    let client = match env::var_os("CARGO") {
        Some(_) => ClientCommand::InWorkspace,
        None => ClientCommand::Installed,
    };
    let config = ServerConfig {
        transcript: options.transcript,
        files: options.files,
        motd: options.motd.as_deref().map_or(Ok(Vec::new()), read_motd)?,
        banner: banner::render(&addresses, options.limits.max_clients, client),
        log_scope: options.log_scope,
        output: Box::new(io::stdout()),
        log_file: options.log.as_deref().map(open_log).transpose()?,
        console: Some(Box::new(ConsoleInput::new(io::stdin()))),
        limits: options.limits,
    };
    server::run(listeners, config, handle, stop)
        .map_err(|error| failure(format!("cannot start: {error}")))
}

fn open_log(path: &str) -> Result<LogFile, (u8, String)> {
    LogFile::open(path).map_err(|error| (FAILURE, format!("cannot write the log {path}: {error}")))
}

/// Returns the message of the day in the file at `path`, made safe to show.
fn read_motd(path: &str) -> Result<Vec<String>, (u8, String)> {
    let cannot = |error| (FAILURE, format!("cannot read the motd {path}: {error}"));
    let text = fs::read_to_string(path).map_err(cannot)?;
    Ok(console::motd(text.lines()))
}

fn print(text: &str) -> ExitCode {
    // A closed pipe is not a failure: `chat-server --help | head -1`.
    let _closed_pipe = writeln!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}
