//! The terminal: from the options and the environment to a renderer.
//!
//! Invariant: it queries, and changes nothing.

use std::env;
use std::io::{self, IsTerminal, Stderr, Stdout};

use crate::input::stdin::InputSource;
use crate::options::{Layout, Options, TimeChoice};
use crate::screen::bell::Bell;
use crate::screen::clock::LineClock;
use crate::screen::size::{self, Size};
use crate::screen::split::Style;
use crate::screen::{PromptOutput, Renderer};

/// Returns the kind of standard input.
pub fn input_source(options: &Options) -> InputSource {
    if options.task.is_some() {
        InputSource::None
    } else if io::stdin().is_terminal() {
        InputSource::Terminal
    } else {
        InputSource::Pipe
    }
}

/// Returns the window's size, if there is a terminal at both ends that knows it.
pub fn window_size(options: &Options) -> Option<Size> {
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    (options.task.is_none() && is_terminal)
        .then(size::query)
        .flatten()
}

/// Returns `true` if the screen can be divided: the terminal must know commands.
fn is_divided(options: &Options) -> bool {
    let has_commands = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    options.layout == Layout::Divided && has_commands
}

/// Returns the renderer of a window that is divided if its size is known.
pub fn renderer(options: &Options, window: Option<Size>) -> Renderer<Stdout, Stderr> {
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
    let renderer = match window {
        Some(size) if is_divided(options) => {
            Renderer::split(io::stdout(), io::stderr(), size, style)
        }
        _ => Renderer::plain(io::stdout(), io::stderr(), prompt_output),
    };
    let renderer = renderer.with_window(window, io::stderr().is_terminal());
    renderer.with_bell(bell(options)).with_clock(clock(options))
}

/// Returns a bell that rings only on a terminal.
fn bell(options: &Options) -> Bell {
    if options.bell && io::stdout().is_terminal() {
        Bell::ringing()
    } else {
        Bell::default()
    }
}

/// Returns a clock if the lines have times. A script sees none unless it asks.
fn clock(options: &Options) -> Option<LineClock> {
    let format = match &options.times {
        TimeChoice::OnTerminal => io::stdout().is_terminal().then(Default::default),
        TimeChoice::Off => None,
        TimeChoice::Format(format) => Some(format.clone()),
    };
    format.map(LineClock::new)
}
