//! The session: from the options to an exit, from the first thread to the last.
//!
//! This file connects the threads. Each has one job, and they share nothing but the
//! messages on these channels:
//!
//! ```text
//!      stdin -> STDIN -> input lines -> SENDER (the main thread) -> connection
//!                                         ^       |
//!                                 updates |       | own messages
//!                                         |       v
//! connection -> RECEIVER --------------------> SCREEN -> stdout
//! ```
//!
//! The sender's transfer manager starts a thread for each file, see `transfers`.
//!
//! Invariant: it knows no line of the protocol.

use std::env;
use std::io::{self, IsTerminal, Stderr, Stdout};
use std::time::Duration;

use common::{LOBBY, Name};
use crossbeam_channel::{Receiver, bounded};

use crate::connection::{self, describe};
use crate::exit::Exit;
use crate::handshake::{Handshake, Joined};
use crate::input::stdin::{self, InputLine, InputSource};
use crate::options::{Layout, Options};
use crate::quit::QuitRequest;
use crate::receiver;
use crate::screen::bell::Bell;
use crate::screen::size::{self, Size};
use crate::screen::split::Style;
use crate::screen::status_line::StatusLine;
use crate::screen::{self, PromptOutput, Renderer, Screen, ScreenUpdate, watcher};
use crate::sender::{Sender, SenderConfig, Sources};
use crate::signals;
use crate::transfers::{TransferConfig, TransferManager};

/// The number of quit requests that can exist: a signal, and a broken output.
const MAX_QUIT_REQUESTS: usize = 2;

/// The time that the screen has after a signal to show what waits.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a whole session, and returns how it ended. The terminal is restored then.
pub fn run(options: &Options) -> Exit {
    connect_and_run(options).unwrap_or_else(|exit| exit)
}

/// Both results are exits; `?` returns those before the session.
fn connect_and_run(options: &Options) -> Result<Exit, Exit> {
    // Until here Ctrl-C simply ends the process, even while this blocks.
    let connection =
        connection::connect(&options.address, options.transport).map_err(Exit::Unreachable)?;
    let (quit_sender, quit_requests) = bounded(MAX_QUIT_REQUESTS);
    let window = split_size(options);
    let started = match options.task {
        None => screen::start(
            renderer(window).with_bell(bell(options)),
            quit_sender.clone(),
        ),
        // For one file no messages are shown; standard output may be for the file.
        Some(_) => screen::start(
            Renderer::plain(io::sink(), io::stderr(), PromptOutput::Stderr),
            quit_sender.clone(),
        ),
    };
    let (screen, _guard) = started.map_err(no_thread)?;
    signals::watch(quit_sender, screen.clone()).map_err(Exit::Failed)?;
    let source = input_source(options);
    // This thread is never joined, see `stdin`.
    let input = stdin::start(source, screen.clone()).map_err(no_thread)?;
    let handshake = Handshake {
        address: &options.address,
        given_name: options.name.clone(),
        input: &input,
        source,
        quit_requests: &quit_requests,
        screen: &screen,
    };
    let joined = handshake.join(connection)?;
    let watcher = window.map(|window| watcher::start(window, screen.clone()));
    let exit = run_joined(joined, options, &screen, input, quit_requests)?;
    drop(watcher);
    // All messages are shown before the end, however slow the terminal is.
    match exit {
        Exit::Interrupted => screen.close(Some(CLOSE_TIMEOUT)),
        _ => screen.close(None),
    }
    Ok(exit)
}

/// Runs the session from the welcome on.
fn run_joined(
    joined: Joined,
    options: &Options,
    screen: &Screen,
    input: Receiver<InputLine>,
    quit_requests: Receiver<QuitRequest>,
) -> Result<Exit, Exit> {
    let name = joined.name;
    screen.show(ScreenUpdate::Joined(status_line(&name, options)));
    match joined.first_line {
        Some(line) => screen.show_received(line),
        None => screen.warn(format!("joined as {name}, without a welcome")),
    }
    if let Some(warning) = joined.info.warning() {
        screen.warn(warning.to_string());
    }
    let (updates, receiver) =
        receiver::start(joined.lines, screen.clone(), options.heartbeat).map_err(no_thread)?;
    let config = TransferConfig {
        server: joined.info.server,
        downloads: options.downloads.clone(),
    };
    let mut transfers = TransferManager::new(config, screen.clone());
    if let Some(task) = &options.task {
        transfers.add(task.clone());
    }
    let config = SenderConfig {
        writer: joined.writer,
        name,
        source: input_source(options),
        heartbeat: options.heartbeat,
        info: joined.info,
        screen: screen.clone(),
    };
    let sources = Sources {
        input,
        quit_requests,
        updates,
        transfers,
    };
    // The sender drops its half of the connection, which ends the receiver.
    let exit = Sender::new(config, sources).run();
    // The receiver's last lines are shown, unless a signal asked to hurry: a terminal
    // that was stopped may block it for as long as it likes.
    if exit != Exit::Interrupted {
        let _ = receiver.join();
    }
    Ok(exit)
}

fn status_line(name: &Name, options: &Options) -> StatusLine {
    StatusLine {
        name: name.to_string(),
        room: LOBBY.to_string(),
        address: options.address.to_string(),
        progress: Vec::new(),
    }
}

fn input_source(options: &Options) -> InputSource {
    if options.task.is_some() {
        InputSource::None
    } else if io::stdin().is_terminal() {
        InputSource::Terminal
    } else {
        InputSource::Pipe
    }
}

/// Returns the window's size if the screen can be divided: it needs a terminal at both
/// ends, a terminal that knows commands, and a known size.
fn split_size(options: &Options) -> Option<Size> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let has_commands = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    match options.layout {
        Layout::Divided if options.task.is_none() && terminal && has_commands => size::query(),
        _ => None,
    }
}

fn renderer(window: Option<Size>) -> Renderer<Stdout, Stderr> {
    // Any value but the empty one asks for no colours.
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let style = if no_color {
        Style::Plain
    } else {
        Style::Colored
    };
    // In `chat-client > chat.txt` the user reads standard error.
    let prompt_output = if io::stdout().is_terminal() {
        PromptOutput::Stdout
    } else {
        PromptOutput::Stderr
    };
    match window {
        Some(size) => Renderer::split(io::stdout(), io::stderr(), size, style),
        None => Renderer::plain(io::stdout(), io::stderr(), prompt_output),
    }
}

/// Returns a bell that rings only on a terminal.
fn bell(options: &Options) -> Bell {
    if options.bell && io::stdout().is_terminal() {
        Bell::ringing()
    } else {
        Bell::default()
    }
}

fn no_thread(error: io::Error) -> Exit {
    Exit::Failed(format!("cannot start a thread: {}", describe(&error)))
}
