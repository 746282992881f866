//! Turns the options into a conversation, from the first thread to the last.
//!
//! Here the threads are wired together. Each has one job, and what passes
//! between them are the messages on these channels, nothing else:
//!
//! ```text
//!  stdin -> KEYBOARD -> typed -> SENDER (the main thread) -> socket
//!                                  ^        |
//!                       answers, the end    | what we said
//!                                  |        v
//! socket -> RECEIVER ----------------> SCREEN -> stdout
//! ```
//!
//! Files come and go beside it, in threads that the sender's desk starts, see `files`.
//!
//! It knows no line of the protocol.

use std::env;
use std::io::{self, IsTerminal, Stderr, Stdout};
use std::time::Duration;

use common::LOBBY;
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
use crate::screen::{self, PromptOutput, Renderer, Screen, ScreenUpdate};
use crate::sender::{Sender, Sources};
use crate::signals;
use crate::transfers::{TransferConfig, TransferManager};

/// As many wishes to leave as there may be: a signal, and a broken output.
const MAX_QUIT_REQUESTS: usize = 2;

/// How long one who has sent a signal waits for what is still to be shown.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Holds a whole conversation, and says how it ended. The terminal is as it
/// was before when this returns.
pub fn run(options: &Options) -> Exit {
    connect_and_run(options).unwrap_or_else(|ending| ending)
}

/// Both results are endings; `?` is for those that come before the talk.
fn connect_and_run(options: &Options) -> Result<Exit, Exit> {
    // Until here Ctrl-C still simply ends the process, also while this waits.
    let connection =
        connection::connect(&options.address, options.transport).map_err(Exit::Unreachable)?;
    let (wishes, leave) = bounded(MAX_QUIT_REQUESTS);
    let window = split_size(options);
    let started = match options.task {
        None => screen::start(renderer(window).with_bell(bell(options)), wishes.clone()),
        // Who comes for a file hears nobody; the output may be for the file.
        Some(_) => screen::start(
            Renderer::plain(io::sink(), io::stderr(), PromptOutput::Stderr),
            wishes.clone(),
        ),
    };
    let (screen, _guard) = started.map_err(no_thread)?;
    signals::watch(wishes, screen.clone()).map_err(Exit::Failed)?;
    let input = input_source(options);
    // It is never joined: see there.
    let typed = stdin::start(input, screen.clone()).map_err(no_thread)?;
    let handshake = Handshake {
        address: &options.address,
        given_name: options.name.clone(),
        input: &typed,
        source: input,
        quit_requests: &leave,
        screen: &screen,
    };
    let joined = handshake.join(connection)?;
    let watcher = window.map(|window| size::watch(window, screen.clone()));
    let ending = run_joined(joined, options, input, &screen, typed, leave)?;
    drop(watcher);
    // All that was heard is shown before the end, however slow the reader is.
    match ending {
        Exit::Interrupted => screen.close(Some(CLOSE_TIMEOUT)),
        _ => screen.close(None),
    }
    Ok(ending)
}

/// Talks until the conversation is over.
fn run_joined(
    joined: Joined,
    options: &Options,
    input: InputSource,
    screen: &Screen,
    typed: Receiver<InputLine>,
    leave: Receiver<QuitRequest>,
) -> Result<Exit, Exit> {
    let name = joined.name;
    screen.show(ScreenUpdate::Joined(StatusLine {
        name: name.to_string(),
        room: LOBBY.to_string(),
        address: options.address.to_string(),
        progress: Vec::new(),
    }));
    match joined.first_line {
        Some(line) => screen.show_received(line),
        None => screen.warn(format!(
            "you are in as {name}; the server has not greeted you"
        )),
    }
    let (news, receiver) =
        receiver::start(joined.lines, screen.clone(), options.heartbeat).map_err(no_thread)?;
    let place = TransferConfig {
        server: joined.info.server,
        downloads: options.downloads.clone(),
    };
    let mut files = TransferManager::new(place, screen.clone());
    if let Some(task) = &options.task {
        files.add(task.clone());
    }
    let sources = Sources {
        input: typed,
        quit_requests: leave,
        updates: news,
        transfers: files,
    };
    let heartbeat = options.heartbeat;
    let sender = Sender::new(
        joined.writer,
        name,
        input,
        heartbeat,
        joined.info,
        screen.clone(),
        sources,
    );
    // The sender takes its half of the socket with it, which wakes the receiver.
    let ending = sender.run();
    // Whatever it still holds is to be shown, unless somebody is in a hurry: a
    // terminal that has been stopped keeps it for as long as it likes.
    if ending != Exit::Interrupted {
        let _ = receiver.join();
    }
    Ok(ending)
}

/// Both ends of a pipe look alike to `read`, but a person can be asked again.
fn input_source(options: &Options) -> InputSource {
    if options.task.is_some() {
        InputSource::None
    } else if io::stdin().is_terminal() {
        InputSource::Terminal
    } else {
        InputSource::Pipe
    }
}

/// The window, if the screen can be divided: there has to be a terminal at both
/// ends, one that knows commands, and its size.
fn split_size(options: &Options) -> Option<Size> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let clever = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    match options.layout {
        Layout::Divided if options.task.is_none() && terminal && clever => size::query(),
        _ => None,
    }
}

fn renderer(window: Option<Size>) -> Renderer<Stdout, Stderr> {
    // Set to anything but nothing, it asks for no colours.
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let looks = if no_color {
        Style::Plain
    } else {
        Style::Colored
    };
    // In `chat-client > talk.txt` a person types, and looks at standard error.
    let prompt_on = if io::stdout().is_terminal() {
        PromptOutput::Stdout
    } else {
        PromptOutput::Stderr
    };
    match window {
        Some(size) => Renderer::split(io::stdout(), io::stderr(), size, looks),
        None => Renderer::plain(io::stdout(), io::stderr(), prompt_on),
    }
}

/// A bell is for a person: what goes to a file or a pipe has none.
fn bell(options: &Options) -> Bell {
    match options.bell && io::stdout().is_terminal() {
        true => Bell::ringing(),
        false => Bell::default(),
    }
}

fn no_thread(error: io::Error) -> Exit {
    Exit::Failed(format!("cannot start a thread: {}", describe(&error)))
}
