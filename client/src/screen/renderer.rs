//! The renderer: from each [`ScreenUpdate`] to one write, plain or divided.
//!
//! It chooses between plain lines and the divided screen, even when the window changes.
//! When it is dropped, the terminal is restored.
//!
//! Invariant: no thread; it writes to any two [`Write`]s.

use std::collections::VecDeque;
use std::io::{self, Write};

use common::Timestamp;

use super::bell::Bell;
use super::clock::LineClock;
use super::highlight::Highlighter;
use super::size::Size;
use super::split::{ShownLine, SplitScreen, Style, day_rule};
use super::status_line::StatusLine;
use super::update::{Line, ScreenUpdate};
use super::wrap::wrap;

/// The number of lines that are kept for a redraw: the rows of the tallest window.
const MAX_RECENT: usize = 200;

/// The output that shows the question for the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptOutput {
    /// Standard output, with the messages, on a terminal.
    Stdout,
    /// Standard error, with the warnings, if the messages go to a file.
    Stderr,
}

/// A renderer that writes messages to `O` and the client's own lines to `E`.
pub struct Renderer<O: Write, E: Write> {
    out: O,
    err: E,
    prompt_output: PromptOutput,
    /// The window's size, if the output is a terminal that knows it.
    size: Option<Size>,
    /// `true` if the client's own lines go to the same window.
    shares_window: bool,
    /// The style of the divided screen, if the screen may be divided at all.
    style: Option<Style>,
    /// The status line, once we have joined.
    status_line: Option<StatusLine>,
    /// The divided screen, while there is one.
    split: Option<SplitScreen>,
    /// The last lines on the divided screen, the oldest first.
    recent: VecDeque<ShownLine>,
    highlighter: Highlighter,
    bell: Bell,
    /// Gives each line its time, if times are shown.
    clock: Option<LineClock>,
}

impl<O: Write, E: Write> Renderer<O, E> {
    /// Makes a renderer of plain lines.
    pub fn plain(out: O, err: E, prompt_output: PromptOutput) -> Renderer<O, E> {
        Renderer {
            out,
            err,
            prompt_output,
            size: None,
            shares_window: false,
            style: None,
            status_line: None,
            split: None,
            recent: VecDeque::new(),
            highlighter: Highlighter::default(),
            bell: Bell::default(),
            clock: None,
        }
    }

    /// Makes a renderer that divides a window of `size` once we have joined.
    pub fn split(out: O, err: E, size: Size, style: Style) -> Renderer<O, E> {
        let mut renderer = Renderer::plain(out, err, PromptOutput::Stdout);
        renderer.style = Some(style);
        renderer.with_window(Some(size), true)
    }

    /// Adds a window, for which plain lines are wrapped. The client's own lines are,
    /// too, if it shows them (`shares_window`).
    pub fn with_window(mut self, size: Option<Size>, shares_window: bool) -> Renderer<O, E> {
        self.size = size;
        self.shares_window = shares_window;
        self
    }

    /// Adds a bell, which is for a terminal only.
    pub fn with_bell(mut self, bell: Bell) -> Renderer<O, E> {
        self.bell = bell;
        self
    }

    /// Adds a clock, which puts the time before each line.
    pub fn with_clock(mut self, clock: Option<LineClock>) -> Renderer<O, E> {
        self.clock = clock;
        self
    }

    /// Renders an update.
    ///
    /// # Errors
    ///
    /// The errors of `O`. Those of `E` are ignored, because there is no other output to
    /// report them on.
    pub fn render(&mut self, update: ScreenUpdate) -> io::Result<()> {
        match update {
            ScreenUpdate::Line(line) => self.timed_line(line, None),
            ScreenUpdate::TimedLine(line, moment) => self.timed_line(line, Some(moment)),
            ScreenUpdate::AskName => self.ask_name(),
            ScreenUpdate::EnterPressed => match &self.split {
                Some(split) => write_at_once(&mut self.out, &split.enter_pressed()),
                None => Ok(()),
            },
            ScreenUpdate::Joined(status_line) => {
                self.status_line = Some(status_line);
                self.arrange_layout()
            }
            ScreenUpdate::Reply(text) => self.reply(&text),
            ScreenUpdate::Renamed(name) => self.update_status(|status| status.name = name),
            ScreenUpdate::RoomChanged(room) => self.update_status(|status| status.room = room),
            ScreenUpdate::Offline => self.update_status(|status| status.offline = true),
            ScreenUpdate::Online => {
                self.highlighter.end_history();
                self.update_status(|status| status.offline = false)
            }
            ScreenUpdate::Progress(progress) => {
                self.update_status(|status| status.progress = progress)
            }
            ScreenUpdate::ProgressLine(text) => match self.split {
                Some(_) => Ok(()),
                None => self.line(Line::Info(text), None),
            },
            ScreenUpdate::Resized(size) => {
                self.size = self.size.map(|_| size);
                self.arrange_layout()
            }
            ScreenUpdate::Close => Ok(()),
        }
    }

    /// Adds a line with its time, after the date if it has changed. The client's own
    /// reports have no time.
    fn timed_line(&mut self, line: Line, moment: Option<Timestamp>) -> io::Result<()> {
        let is_said = match &line {
            // An empty one only ends the row of a question.
            Line::Received(text) => !text.is_empty(),
            Line::Own(_) => self.split.is_some(),
            Line::Warning(_) | Line::Info(_) | Line::Day(_) => false,
        };
        let Some(clock) = self.clock.as_mut().filter(|_| is_said) else {
            return self.line(line, None);
        };
        let stamp = clock.stamp(moment);
        if let Some(date) = stamp.new_day {
            self.line(Line::Day(date), None)?;
        }
        self.line(line, Some(stamp.time))
    }

    /// Adds a line. The divided screen also keeps it for a redraw, because terminals
    /// differ in what they do with their rows when the window changes.
    fn line(&mut self, line: Line, time: Option<String>) -> io::Result<()> {
        let name = self.status_line.as_ref().map_or("", |status| &status.name);
        let highlight = self.highlighter.classify(&line, name);
        let bell = self.bell.ring(highlight);
        let Some(split) = &self.split else {
            let time = time.map(|time| time + " ").unwrap_or_default();
            return self.plain_line(line, bell, &time);
        };
        let shown = ShownLine {
            line,
            highlight,
            time,
        };
        let bytes = format!("{bell}{}", split.line(&shown));
        let written = write_at_once(&mut self.out, &bytes);
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(shown);
        written
    }

    /// Writes messages to standard output, which may be a script's input, and the
    /// client's own lines to standard error.
    fn plain_line(&mut self, line: Line, bell: &str, time: &str) -> io::Result<()> {
        match line {
            Line::Received(line) => {
                let line = wrapped(format!("{time}{line}"), self.size);
                write_at_once(&mut self.out, &format!("{bell}{line}\n"))
            }
            Line::Day(date) => write_at_once(&mut self.out, &format!("{}\n", day_rule(&date))),
            Line::Own(_) => Ok(()),
            Line::Warning(text) | Line::Info(text) => {
                let window = self.size.filter(|_| self.shares_window);
                let line = wrapped(format!("! {text}"), window);
                let _ = write_at_once(&mut self.err, &format!("{line}\n"));
                Ok(())
            }
        }
    }

    /// Asks for the name. The cursor stays behind the question, so there is no newline.
    fn ask_name(&mut self) -> io::Result<()> {
        const PROMPT: &str = "Enter your name: ";
        match self.prompt_output {
            PromptOutput::Stdout => write_at_once(&mut self.out, PROMPT),
            PromptOutput::Stderr => {
                let _ = write_at_once(&mut self.err, PROMPT);
                Ok(())
            }
        }
    }

    /// Adds our reply. Without a private sender the server refuses it, so nothing is
    /// added.
    fn reply(&mut self, text: &str) -> io::Result<()> {
        let (Some(status), Some(to)) = (&self.status_line, self.highlighter.last_private_from())
        else {
            return Ok(());
        };
        let line = format!("{} -> {to}: {text}", status.name);
        self.timed_line(Line::Own(line), None)
    }

    /// Changes the status line, and redraws it if it differs then.
    fn update_status(&mut self, change: impl FnOnce(&mut StatusLine)) -> io::Result<()> {
        let Some(status) = &mut self.status_line else {
            return Ok(());
        };
        let previous = status.clone();
        change(status);
        match &mut self.split {
            Some(split) if *status != previous => {
                write_at_once(&mut self.out, &split.redraw_status(status))
            }
            _ => Ok(()),
        }
    }

    /// Divides the screen, or stops dividing it, for the current window.
    fn arrange_layout(&mut self) -> io::Result<()> {
        let (Some(size), Some(style), Some(status)) = (self.size, self.style, &self.status_line)
        else {
            return Ok(());
        };
        let next = SplitScreen::new(size, status, style);
        let bytes = match (&self.split, &next) {
            // A terminal that was never divided is left alone.
            (None, None) => return Ok(()),
            (None, Some(next)) => next.open(),
            (Some(_), Some(next)) => next.resized(&self.recent),
            (Some(previous), None) => previous.too_small(),
        };
        self.split = next;
        write_at_once(&mut self.out, &bytes)
    }
}

impl<O: Write, E: Write> Drop for Renderer<O, E> {
    fn drop(&mut self) {
        if let Some(split) = self.split.take() {
            // If this fails, the terminal has gone and needs no restoring.
            let _ = write_at_once(&mut self.out, &split.close());
        }
    }
}

/// Wraps a plain line for its window, if there is one.
fn wrapped(line: String, window: Option<Size>) -> String {
    match window {
        Some(Size { columns, .. }) => wrap(&line, columns.into(), columns, "\n"),
        None => line,
    }
}

/// Writes all of `text` at once. Between two writes the terminal may echo a pressed key
/// into the middle of the text.
fn write_at_once(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> ScreenUpdate {
        ScreenUpdate::Joined(StatusLine {
            name: "ann".to_string(),
            room: "lobby".to_string(),
            address: "host:4000".to_string(),
            offline: false,
            progress: Vec::new(),
        })
    }

    fn size(rows: u16, columns: u16) -> Size {
        Size { rows, columns }
    }

    /// Returns what is written to both outputs for these updates.
    fn plain(updates: &[ScreenUpdate]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut renderer = Renderer::plain(&mut out, &mut err, PromptOutput::Stderr);
        for update in updates {
            renderer.render(update.clone()).unwrap();
        }
        drop(renderer);
        (
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        )
    }

    #[test]
    fn plain_lines_are_unchanged_and_warnings_go_to_standard_error() {
        let (out, err) = plain(&[
            ScreenUpdate::AskName,
            joined(),
            ScreenUpdate::Line(Line::Received("bob: hi".to_string())),
            ScreenUpdate::Line(Line::Own("ann: hi".to_string())),
            ScreenUpdate::EnterPressed,
            ScreenUpdate::Line(Line::Warning("too long".to_string())),
            ScreenUpdate::Resized(size(24, 80)),
            ScreenUpdate::Line(Line::Received("! no".to_string())),
        ]);
        assert_eq!(out, "bob: hi\n! no\n");
        assert_eq!(err, "Enter your name: ! too long\n");
    }

    #[test]
    fn plain_lines_are_wrapped_for_a_window_and_nothing_else() {
        let rows = |line: fn(String) -> Line, shares_window| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let renderer = Renderer::plain(&mut out, &mut err, PromptOutput::Stderr);
            let mut renderer = renderer.with_window(Some(size(24, 40)), shares_window);
            renderer
                .render(ScreenUpdate::Resized(size(24, 20)))
                .unwrap();
            renderer.render(joined()).unwrap();
            let line = line("bob: 78901234567890Server: hi".to_string());
            renderer.render(ScreenUpdate::Line(line)).unwrap();
            drop(renderer);
            out.extend(err);
            String::from_utf8(out).unwrap()
        };
        let expected = "bob: 78901234567890S\n  erver: hi\n";
        assert_eq!(rows(Line::Received, false), expected);
        let expected = "! bob: 7890123456789\n  0Server: hi\n";
        assert_eq!(rows(Line::Warning, true), expected);
        let expected = "! bob: 78901234567890Server: hi\n";
        assert_eq!(rows(Line::Warning, false), expected);
    }

    #[test]
    fn a_clock_dates_what_was_said_and_not_the_clients_reports() {
        let mut out = Vec::new();
        let renderer = Renderer::plain(&mut out, Vec::new(), PromptOutput::Stderr);
        let mut renderer = renderer.with_clock(Some(LineClock::for_tests()));
        let said = |text: &str, moment: &str| {
            let moment = Timestamp::parse(moment).unwrap();
            ScreenUpdate::TimedLine(Line::Received(text.to_string()), moment)
        };
        for update in [
            said("bob: good night", "2026-02-28T21:59:00.000Z"),
            ScreenUpdate::Line(Line::Warning("no".to_string())),
            ScreenUpdate::Line(Line::Own("ann: hi".to_string())),
            said("bob: good morning", "2026-03-01T05:00:00.000Z"),
        ] {
            renderer.render(update).unwrap();
        }
        let err = String::from_utf8(renderer.err.clone()).unwrap();
        drop(renderer);
        let expected = "23:59 bob: good night\n--- 2026-03-01 ---\n07:00 bob: good morning\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(err, "! no\n");
    }

    #[test]
    fn a_reply_is_shown_once_there_is_a_private_sender() {
        let shown = |line: &str| {
            let mut out = Vec::new();
            let mut renderer = Renderer::split(&mut out, Vec::new(), size(24, 80), Style::Plain);
            let line = ScreenUpdate::Line(Line::Received(line.to_string()));
            for update in [joined(), line, ScreenUpdate::Reply("yes".to_string())] {
                renderer.render(update).unwrap();
            }
            drop(renderer);
            String::from_utf8(out).unwrap().contains("ann -> bob: yes")
        };
        assert!(shown("bob -> ann: hi"));
        assert!(!shown("bob: hi"));
    }

    /// Each update is one write, so that no key is echoed into it.
    #[test]
    fn a_bell_and_its_line_are_one_write_and_a_flood_rings_once() {
        struct Writes<'a>(&'a mut Vec<String>);
        impl Write for Writes<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(String::from_utf8(bytes.to_vec()).unwrap());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for rows in [7, 24] {
            let mut writes = Vec::new();
            let out = Writes(&mut writes);
            let renderer = Renderer::split(out, Vec::new(), size(rows, 80), Style::Plain);
            let mut renderer = renderer.with_bell(Bell::ringing());
            renderer.render(joined()).unwrap();
            renderer.out.0.clear();
            for _ in 0..9 {
                let line = Line::Received("bob -> ann: hi".to_string());
                renderer.render(ScreenUpdate::Line(line)).unwrap();
            }
            assert_eq!(renderer.out.0.len(), 9);
            let write = renderer.out.0[0].clone();
            assert!(
                write.starts_with('\u{7}') && write.contains("hi"),
                "{write:?}"
            );
            assert_eq!(renderer.out.0.concat().matches('\u{7}').count(), 1);
        }
    }

    #[test]
    fn the_screen_is_divided_after_joining_and_restored_at_the_end() {
        let mut out = Vec::new();
        let mut renderer = Renderer::split(&mut out, Vec::new(), size(24, 80), Style::Plain);
        renderer
            .render(ScreenUpdate::Line(Line::Received("before".to_string())))
            .unwrap();
        renderer.render(joined()).unwrap();
        drop(renderer);
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("before\n"), "{out:?}");
        let divided = out.find("\u{1b}[1;21r").unwrap();
        let restored = out.find("\u{1b}[r").unwrap();
        assert!(divided < restored, "{out:?}");
    }

    #[test]
    fn a_window_that_is_too_small_has_plain_lines_until_it_grows() {
        let mut out = Vec::new();
        let mut renderer = Renderer::split(&mut out, Vec::new(), size(7, 80), Style::Plain);
        let mut rendered = |update: ScreenUpdate| {
            renderer.render(update).unwrap();
            String::from_utf8(std::mem::take(renderer.out)).unwrap()
        };
        assert_eq!(rendered(joined()), "");
        assert_eq!(
            rendered(ScreenUpdate::Line(Line::Received("a".to_string()))),
            "a\n"
        );
        assert!(rendered(ScreenUpdate::Resized(size(9, 80))).contains("\u{1b}[1;6r"));
        assert!(rendered(ScreenUpdate::Line(Line::Received("b".to_string()))).contains("\u{1b}7"));
        assert!(rendered(ScreenUpdate::Resized(size(9, 19))).contains("\u{1b}[r"));
        assert_eq!(
            rendered(ScreenUpdate::Line(Line::Received("c".to_string()))),
            "c\n"
        );
    }

    #[test]
    fn a_broken_standard_output_is_an_error_and_a_broken_standard_error_is_not() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut renderer = Renderer::plain(Broken, Broken, PromptOutput::Stderr);
        renderer
            .render(ScreenUpdate::Line(Line::Warning("x".to_string())))
            .unwrap();
        renderer.render(ScreenUpdate::AskName).unwrap();
        renderer
            .render(ScreenUpdate::Line(Line::Received("x".to_string())))
            .unwrap_err();
    }
}
