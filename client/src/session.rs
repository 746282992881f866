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
//! The sender and the receiver live as long as a connection. The [`Conversation`] goes on
//! with the next one, see `reconnect`. The transfer manager starts a thread for each file,
//! see `transfers`.
//!
//! Invariant: it knows no line of the protocol.

use std::io;
use std::time::Duration;

use common::{Capability, LOBBY, MAX_MISSED_HEARTBEATS, Name};
use crossbeam_channel::{Receiver, bounded, select};

use crate::connection::{self, Connection, Transport};
use crate::conversation::Conversation;
use crate::conversation::queue::LineQueue;
use crate::conversation::waiting::WaitingLines;
use crate::exit::Exit;
use crate::handshake::{self, Handshake, Joined};
use crate::input::discard;
use crate::input::stdin::{self, Input, InputLine, InputSource};
use crate::options::{Options, ReconnectChoice};
use crate::quit::QuitReceiver;
use crate::receiver::{self, Memory, ReceiverConfig};
use crate::reconnect::{self, Reconnector};
use crate::screen::size::Size;
use crate::screen::status_line::StatusLine;
use crate::screen::{self, PromptOutput, Renderer, Screen, ScreenUpdate, watcher};
use crate::sender::{ConnectionEnd, Sender, SenderConnection};
use crate::signals;
use crate::terminal::{input_source, renderer, window_size};
use crate::transfers::{Task, TransferConfig, TransferManager};

/// The number of quit requests that can exist: a signal, and a broken output.
const MAX_QUIT_REQUESTS: usize = 2;

/// The time that the screen has after a signal to show what waits and to restore the
/// terminal.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(300);

/// Runs a whole session, and returns how it ended. The terminal is restored then.
pub fn run(options: &Options) -> Exit {
    connect_and_run(options).unwrap_or_else(|exit| exit)
}

/// Both results are exits; `?` returns those without a screen.
fn connect_and_run(options: &Options) -> Result<Exit, Exit> {
    let checked = options.task.as_ref().map_or(Ok(()), Task::check);
    checked.map_err(Exit::Failed)?;
    // Until here Ctrl-C simply ends the process, even while this blocks.
    let connection =
        connection::connect(&options.address, options.transport).map_err(Exit::Unreachable)?;
    let (quit_sender, requests) = bounded(MAX_QUIT_REQUESTS);
    let window = window_size(options);
    let started = match options.task {
        None => screen::start(renderer(options, window), quit_sender.clone()),
        // For one file no messages are shown; standard output may be for the file.
        Some(_) => screen::start(
            Renderer::plain(io::sink(), io::stderr(), PromptOutput::Stderr),
            quit_sender.clone(),
        ),
    };
    let (screen, guard) = started.map_err(Exit::no_thread)?;
    let interrupted = signals::watch(quit_sender, screen.clone()).map_err(Exit::Failed)?;
    let quit = QuitReceiver {
        requests,
        interrupted,
    };
    let source = input_source(options);
    // This thread is never joined, see `stdin`.
    let Input { lines, reads } = stdin::start(source, screen.clone()).map_err(Exit::no_thread)?;
    let exit = join_and_converse(connection, options, window, &screen, lines, &quit);
    let exit = exit.unwrap_or_else(|exit| exit);
    // All messages are shown before the end, however slow the terminal is, unless a signal
    // asks to hurry, now or then.
    let is_restored = screen.close_unless(&quit.interrupted) || screen.close_within(CLOSE_TIMEOUT);
    guard.disarm();
    if !is_restored {
        // The same terminal must not block the reason.
        return Ok(exit.unexplained());
    }
    // What is typed after the line that leaves is for the shell.
    if source == InputSource::Terminal && exit != Exit::Left {
        discard::pending_input(&reads);
    }
    Ok(exit)
}

/// Runs a session on a new connection. Both results are exits; `?` returns those before we
/// have joined.
fn join_and_converse(
    connection: Connection,
    options: &Options,
    window: Option<Size>,
    screen: &Screen,
    input: Receiver<InputLine>,
    quit: &QuitReceiver,
) -> Result<Exit, Exit> {
    let handshake = Handshake {
        address: &options.address,
        given_name: options.name.clone(),
        input: &input,
        source: input_source(options),
        quit_requests: &quit.requests,
        screen,
        wanted: handshake::wanted(options.transport, options.heartbeat),
    };
    let joined = handshake.join(connection)?;
    let _watcher = window.map(|window| watcher::start(window, screen.clone()));
    let conversation = conversation(&joined, options, screen, input, quit);
    converse(joined, options, conversation)
}

fn conversation(
    joined: &Joined,
    options: &Options,
    screen: &Screen,
    input: Receiver<InputLine>,
    quit: &QuitReceiver,
) -> Conversation {
    let config = TransferConfig {
        server: joined.info.server,
        downloads: options.downloads.clone(),
    };
    Conversation {
        name: joined.name.clone(),
        heartbeat: options.heartbeat,
        memory: Memory::default(),
        queue: LineQueue::default(),
        waiting: WaitingLines::default(),
        source: input_source(options),
        input,
        input_ended: false,
        quit_requests: quit.requests.clone(),
        transfers: TransferManager::new(config, screen.clone(), quit.interrupted.clone()),
        screen: screen.clone(),
    }
}

/// Runs the conversation from the welcome on, over as many connections as it takes.
fn converse(
    mut joined: Joined,
    options: &Options,
    mut conversation: Conversation,
) -> Result<Exit, Exit> {
    let screen = conversation.screen.clone();
    let status_line = status_line(&joined.name, options);
    screen.show(ScreenUpdate::Joined(status_line));
    if let Some(task) = &options.task {
        conversation.transfers.add(task.clone());
    }
    let wanted = handshake::wanted(options.transport, options.heartbeat);
    let address = options.address.clone();
    let mut reconnector = Reconnector::new(address, options.transport, wanted);
    let exit = loop {
        let end;
        (end, conversation) = run_connection(joined, conversation)?;
        let why = match end {
            ConnectionEnd::Left(exit) => break exit,
            ConnectionEnd::Ended(why) => why,
        };
        let next = if reconnects(options) && reconnect::is_temporary(&why) {
            reconnector.reconnect(&mut conversation, why)
        } else {
            Err(why)
        };
        match next {
            Ok(next) => joined = next,
            Err(exit) => {
                conversation.transfers.close();
                break exit;
            }
        }
    };
    // The same terminal must not block a report either.
    if exit != Exit::Interrupted || screen.has_room() {
        conversation.report_end();
    }
    Ok(match (&exit, conversation.transfers.exit()) {
        // The client was started for that file alone.
        (Exit::Left | Exit::Interrupted, Some(failure)) if options.task.is_some() => failure,
        _ => exit,
    })
}

/// Runs one connection, from the welcome to its end.
fn run_connection(
    joined: Joined,
    mut conversation: Conversation,
) -> Result<(ConnectionEnd, Conversation), Exit> {
    conversation.set_name(&joined.name);
    let is_numbered = joined.granted.contains(Capability::Id);
    let beginning = if joined.resumed && is_numbered == conversation.queue.is_numbered() {
        conversation.resume()
    } else {
        conversation.begin(joined.granted)
    };
    if joined.first_line.is_none() {
        let name = &joined.name;
        let why = format!("joined as {name}, without a welcome");
        conversation.screen.warn(why);
    }
    if let Some(warning) = joined.info.warning() {
        conversation.screen.warn(warning.to_string());
    }
    let config = ReceiverConfig {
        screen: conversation.screen.clone(),
        timeout: conversation.heartbeat * MAX_MISSED_HEARTBEATS,
        granted: joined.granted,
        first_line: joined.first_line,
        memory: std::mem::take(&mut conversation.memory),
    };
    let receiver = receiver::start(joined.lines, config).map_err(Exit::no_thread)?;
    conversation.after_welcome(&beginning);
    let connection = SenderConnection {
        writer: joined.writer,
        info: joined.info,
        granted: joined.granted,
        updates: receiver.updates,
    };
    // The sender drops its half of the connection, which ends the receiver.
    let (end, mut conversation) = Sender::new(connection, conversation).run();
    match take_memory(&end, &mut conversation, &receiver.memory) {
        None => Ok((end, conversation)),
        Some(exit) => Ok((ConnectionEnd::Left(exit), conversation)),
    }
}

/// Waits until the receiver's last lines are shown, and takes its memory. A terminal
/// that was stopped may block it for as long as it likes, so a signal ends the wait.
/// Returns the exit then.
fn take_memory(
    end: &ConnectionEnd,
    conversation: &mut Conversation,
    memory: &Receiver<Memory>,
) -> Option<Exit> {
    if *end.exit() == Exit::Interrupted {
        return None;
    }
    select! {
        recv(memory) -> memory => {
            conversation.memory = memory.unwrap_or_default();
            None
        }
        recv(conversation.quit_requests) -> request => {
            conversation.transfers.close();
            Some(request.map_or(Exit::Left, Exit::from))
        }
    }
}

/// Returns `true` if a broken connection is replaced. An unframed server may end a session
/// by closing the connection, and then would meet us again and again.
fn reconnects(options: &Options) -> bool {
    match options.reconnect {
        ReconnectChoice::Always => true,
        ReconnectChoice::Never => false,
        ReconnectChoice::OnTerminal => {
            input_source(options) == InputSource::Terminal
                && options.transport != Transport::Unframed
        }
    }
}

fn status_line(name: &Name, options: &Options) -> StatusLine {
    StatusLine {
        name: name.to_string(),
        room: LOBBY.to_string(),
        address: options.address.to_string(),
        offline: false,
        progress: Vec::new(),
    }
}
