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

use crate::connection::{self, words};
use crate::ending::{Ending, Leave};
use crate::files::{Desk, Place};
use crate::handshake::{Handshake, Joined};
use crate::keyboard::{self, Input, Typed};
use crate::options::{Layout, Options};
use crate::receiver;
use crate::screen::bell::Bell;
use crate::screen::divided::Looks;
use crate::screen::title::Title;
use crate::screen::window::{self, Size};
use crate::screen::{self, Painter, PromptOn, Screen, Show};
use crate::sender::{Sender, Sources};
use crate::signals;

/// As many wishes to leave as there may be: a signal, and a broken output.
const WISHES: usize = 2;

/// How long one who has sent a signal waits for what is still to be shown.
const SHOWING: Duration = Duration::from_secs(1);

/// Holds a whole conversation, and says how it ended. The terminal is as it
/// was before when this returns.
pub fn run(options: &Options) -> Ending {
    hold(options).unwrap_or_else(|ending| ending)
}

/// Both results are endings; `?` is for those that come before the talk.
fn hold(options: &Options) -> Result<Ending, Ending> {
    // Until here Ctrl-C still simply ends the process, also while this waits.
    let connection =
        connection::connect(&options.address, options.transport).map_err(Ending::Unreachable)?;
    let (wishes, leave) = bounded(WISHES);
    let window = divisible(options);
    let started = match options.task {
        None => screen::start(painter(window).with_bell(bell(options)), wishes.clone()),
        // Who comes for a file hears nobody; the output may be for the file.
        Some(_) => screen::start(
            Painter::plain(io::sink(), io::stderr(), PromptOn::Err),
            wishes.clone(),
        ),
    };
    let (screen, _guard) = started.map_err(no_thread)?;
    signals::watch(wishes, screen.clone()).map_err(Ending::Failed)?;
    let input = input(options);
    // It is never joined: see there.
    let typed = keyboard::start(input, screen.clone()).map_err(no_thread)?;
    let handshake = Handshake {
        address: &options.address,
        given: options.name.clone(),
        typed: &typed,
        input,
        leave: &leave,
        screen: &screen,
    };
    let joined = handshake.join(connection)?;
    let watcher = window.map(|window| window::watch(window, screen.clone()));
    let ending = talk(joined, options, input, &screen, typed, leave)?;
    drop(watcher);
    // All that was heard is shown before the end, however slow the reader is.
    match ending {
        Ending::Interrupted => screen.close(Some(SHOWING)),
        _ => screen.close(None),
    }
    Ok(ending)
}

/// Talks until the conversation is over.
fn talk(
    joined: Joined,
    options: &Options,
    input: Input,
    screen: &Screen,
    typed: Receiver<Typed>,
    leave: Receiver<Leave>,
) -> Result<Ending, Ending> {
    let name = joined.name;
    screen.show(Show::Open(Title {
        name: name.to_string(),
        room: LOBBY.to_string(),
        address: options.address.to_string(),
        progress: Vec::new(),
    }));
    match joined.first {
        Some(line) => screen.received(line),
        None => screen.note(format!(
            "you are in as {name}; the server has not greeted you"
        )),
    }
    let (news, receiver) =
        receiver::start(joined.incoming, screen.clone(), options.heartbeat).map_err(no_thread)?;
    let place = Place {
        server: joined.terms.server,
        downloads: options.downloads.clone(),
    };
    let mut files = Desk::new(place, screen.clone());
    if let Some(task) = &options.task {
        files.add(task.clone());
    }
    let sources = Sources {
        typed,
        leave,
        news,
        files,
    };
    let heartbeat = options.heartbeat;
    let sender = Sender::new(
        joined.outgoing,
        name,
        input,
        heartbeat,
        joined.terms,
        screen.clone(),
        sources,
    );
    // The sender takes its half of the socket with it, which wakes the receiver.
    let ending = sender.run();
    // Whatever it still holds is to be shown, unless somebody is in a hurry: a
    // terminal that has been stopped keeps it for as long as it likes.
    if ending != Ending::Interrupted {
        let _ = receiver.join();
    }
    Ok(ending)
}

/// Both ends of a pipe look alike to `read`, but a person can be asked again.
fn input(options: &Options) -> Input {
    if options.task.is_some() {
        Input::None
    } else if io::stdin().is_terminal() {
        Input::Terminal
    } else {
        Input::Pipe
    }
}

/// The window, if the screen can be divided: there has to be a terminal at both
/// ends, one that knows commands, and its size.
fn divisible(options: &Options) -> Option<Size> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let clever = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    match options.layout {
        Layout::Divided if options.task.is_none() && terminal && clever => window::size(),
        _ => None,
    }
}

fn painter(window: Option<Size>) -> Painter<Stdout, Stderr> {
    // Set to anything but nothing, it asks for no colours.
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let looks = if no_color { Looks::Bare } else { Looks::Modest };
    // In `chat-client > talk.txt` a person types, and looks at standard error.
    let prompt_on = if io::stdout().is_terminal() {
        PromptOn::Out
    } else {
        PromptOn::Err
    };
    match window {
        Some(size) => Painter::divided(io::stdout(), io::stderr(), size, looks),
        None => Painter::plain(io::stdout(), io::stderr(), prompt_on),
    }
}

/// A bell is for a person: what goes to a file or a pipe has none.
fn bell(options: &Options) -> Bell {
    match options.bell && io::stdout().is_terminal() {
        true => Bell::ringing(),
        false => Bell::default(),
    }
}

fn no_thread(error: io::Error) -> Ending {
    Ending::Failed(format!("cannot start a thread: {}", words(&error)))
}
