//! Turns each [`Show`] into one write, in the form that the terminal can bear.
//!
//! It decides between plain lines and the divided screen, also when the window
//! grows or shrinks under it. It knows no thread, and writes to any two
//! [`Write`]s. When it is dropped, the terminal is as it was.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::bell::Bell;
use super::highlight::{Highlight, Highlighter};
use super::size::Size;
use super::split::{SplitScreen, Style};
use super::status_line::StatusLine;
use super::{Line, ScreenUpdate};

/// How many lines are kept to be shown again when the window has changed: as
/// many as the tallest window has rows.
const MAX_RECENT: usize = 200;

/// Where the question for the name is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptOutput {
    /// With the messages, on a terminal.
    Stdout,
    /// With the notes, if the messages go to a file.
    Stderr,
}

/// Writes messages to `O` and the client's own notes to `E`.
pub struct Renderer<O: Write, E: Write> {
    out: O,
    err: E,
    prompt_output: PromptOutput,
    style: Style,
    /// The window, if the screen may be divided at all.
    size: Option<Size>,
    /// What the rule says, once the room is open.
    status_line: Option<StatusLine>,
    /// The divided screen, while there is one.
    split: Option<SplitScreen>,
    /// What was shown last on the divided screen, the oldest first.
    recent: VecDeque<(Line, Highlight)>,
    highlighter: Highlighter,
    bell: Bell,
}

impl<O: Write, E: Write> Renderer<O, E> {
    /// A painter of plain lines, for ever.
    pub fn plain(out: O, err: E, prompt_output: PromptOutput) -> Renderer<O, E> {
        Renderer {
            out,
            err,
            prompt_output,
            // Plain lines have no looks.
            style: Style::Plain,
            size: None,
            status_line: None,
            split: None,
            recent: VecDeque::new(),
            highlighter: Highlighter::default(),
            bell: Bell::default(),
        }
    }

    /// A painter that divides a window of `size` once the room is open.
    pub fn split(out: O, err: E, size: Size, looks: Style) -> Renderer<O, E> {
        let mut painter = Renderer::plain(out, err, PromptOutput::Stdout);
        painter.style = looks;
        painter.size = Some(size);
        painter
    }

    /// Has it ring for what concerns the person; only for a terminal.
    pub fn with_bell(mut self, bell: Bell) -> Renderer<O, E> {
        self.bell = bell;
        self
    }

    /// Paints one thing.
    ///
    /// # Errors
    ///
    /// What `O` says. Nobody is told about errors of `E`: there is no other
    /// place left to tell them.
    pub fn render(&mut self, show: ScreenUpdate) -> io::Result<()> {
        match show {
            ScreenUpdate::Line(line) => self.line(line),
            ScreenUpdate::AskName => self.ask_name(),
            ScreenUpdate::EnterPressed => match &self.split {
                Some(divided) => write_at_once(&mut self.out, &divided.enter_pressed()),
                None => Ok(()),
            },
            ScreenUpdate::Joined(title) => {
                self.status_line = Some(title);
                self.arrange_layout()
            }
            ScreenUpdate::Reply(text) => self.reply(&text),
            ScreenUpdate::Renamed(name) => self.update_status(|title| title.name = name),
            ScreenUpdate::RoomChanged(room) => self.update_status(|title| title.room = room),
            ScreenUpdate::Progress(progress) => self.progress(progress),
            ScreenUpdate::ProgressLine(text) => match self.split {
                Some(_) => Ok(()),
                None => self.plain_line(Line::Info(text), ""),
            },
            ScreenUpdate::Resized(size) => {
                self.size = self.size.map(|_| size);
                self.arrange_layout()
            }
            ScreenUpdate::Close => Ok(()),
        }
    }

    /// On the divided screen a line is also kept, to be drawn again when the
    /// window changes: what a terminal does with its rows then is its own idea.
    fn line(&mut self, line: Line) -> io::Result<()> {
        let name = self.status_line.as_ref().map_or("", |title| &title.name);
        let regard = self.highlighter.classify(&line, name);
        let bell = self.bell.ring(regard);
        let Some(divided) = &self.split else {
            return self.plain_line(line, bell);
        };
        let painted = write_at_once(
            &mut self.out,
            &format!("{bell}{}", divided.line(&line, regard)),
        );
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((line, regard));
        painted
    }

    /// Messages are for whoever reads the output, a script perhaps, and notes
    /// for whoever started the client.
    fn plain_line(&mut self, line: Line, bell: &str) -> io::Result<()> {
        match line {
            Line::Received(line) => write_at_once(&mut self.out, &format!("{bell}{line}\n")),
            Line::Own(_) => Ok(()),
            Line::Warning(text) | Line::Info(text) => {
                let _ = write_at_once(&mut self.err, &format!("! {text}\n"));
                Ok(())
            }
        }
    }

    /// The cursor stays behind the question, so there is no newline.
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

    /// What we replied, unless nobody has written: that the server refuses.
    fn reply(&mut self, text: &str) -> io::Result<()> {
        let (Some(title), Some(writer)) = (&self.status_line, self.highlighter.last_private_from())
        else {
            return Ok(());
        };
        let line = format!("{} -> {writer}: {text}", title.name);
        self.line(Line::Own(line))
    }

    /// Draws the bar where it has changed.
    fn progress(&mut self, progress: Vec<String>) -> io::Result<()> {
        match &self.status_line {
            Some(title) if title.progress != progress => {
                self.update_status(|title| title.progress = progress)
            }
            _ => Ok(()),
        }
    }

    /// The rule says something else from now on.
    fn update_status(&mut self, change: impl FnOnce(&mut StatusLine)) -> io::Result<()> {
        let Some(title) = &mut self.status_line else {
            return Ok(());
        };
        change(title);
        match &mut self.split {
            Some(divided) => write_at_once(&mut self.out, &divided.redraw_status(title)),
            None => Ok(()),
        }
    }

    /// Divides the screen, or ends that, as the window and the room ask for.
    fn arrange_layout(&mut self) -> io::Result<()> {
        let (Some(size), Some(title)) = (self.size, &self.status_line) else {
            return Ok(());
        };
        let next = SplitScreen::new(size, title, self.style);
        let bytes = match (&self.split, &next) {
            // Before and after; a terminal that was never divided is left alone.
            (None, None) => return Ok(()),
            (None, Some(next)) => next.open(),
            (Some(_), Some(next)) => next.resized(&self.recent),
            (Some(before), None) => before.too_small(),
        };
        self.split = next;
        write_at_once(&mut self.out, &bytes)
    }
}

impl<O: Write, E: Write> Drop for Renderer<O, E> {
    fn drop(&mut self) {
        if let Some(divided) = self.split.take() {
            // If this fails the terminal is gone, and needs no restoring.
            let _ = write_at_once(&mut self.out, &divided.close());
        }
    }
}

/// All of `text` at once: between two writes the terminal may show a key that
/// is pressed, and it would land in the middle of ours.
fn write_at_once(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> ScreenUpdate {
        ScreenUpdate::Joined(StatusLine {
            name: "ann".to_string(),
            room: "lobby".to_string(),
            address: "host:4000".to_string(),
            progress: Vec::new(),
        })
    }

    fn size(rows: u16, columns: u16) -> Size {
        Size { rows, columns }
    }

    /// What is written to both places when `shows` are painted one by one.
    fn plain(shows: &[ScreenUpdate]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut painter = Renderer::plain(&mut out, &mut err, PromptOutput::Stderr);
        for show in shows {
            painter.render(show.clone()).unwrap();
        }
        drop(painter);
        (
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        )
    }

    #[test]
    fn plain_lines_are_the_wire_and_notes_go_elsewhere() {
        let (out, err) = plain(&[
            ScreenUpdate::AskName,
            open(),
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
    fn a_reply_is_shown_as_what_it_is_once_somebody_has_written() {
        let shown = |line: &str| {
            let mut out = Vec::new();
            let mut painter = Renderer::split(&mut out, Vec::new(), size(24, 80), Style::Plain);
            let line = ScreenUpdate::Line(Line::Received(line.to_string()));
            for show in [open(), line, ScreenUpdate::Reply("yes".to_string())] {
                painter.render(show).unwrap();
            }
            drop(painter);
            String::from_utf8(out).unwrap().contains("ann -> bob: yes")
        };
        assert!(shown("bob -> ann: hi"));
        assert!(!shown("bob: hi"));
    }

    /// Each thing is one write, so that no key can get between its parts.
    #[test]
    fn a_bell_and_its_line_are_one_write_and_ring_once_in_a_flood() {
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
            let painter = Renderer::split(out, Vec::new(), size(rows, 80), Style::Plain);
            let mut painter = painter.with_bell(Bell::ringing());
            painter.render(open()).unwrap();
            painter.out.0.clear();
            for _ in 0..9 {
                let line = Line::Received("bob -> ann: hi".to_string());
                painter.render(ScreenUpdate::Line(line)).unwrap();
            }
            assert_eq!(painter.out.0.len(), 9);
            let write = painter.out.0[0].clone();
            assert!(
                write.starts_with('\u{7}') && write.contains("hi"),
                "{write:?}"
            );
            assert_eq!(painter.out.0.concat().matches('\u{7}').count(), 1);
        }
    }

    #[test]
    fn the_screen_is_divided_when_the_room_opens_and_restored_at_the_end() {
        let mut out = Vec::new();
        let mut painter = Renderer::split(&mut out, Vec::new(), size(24, 80), Style::Plain);
        painter
            .render(ScreenUpdate::Line(Line::Received("before".to_string())))
            .unwrap();
        painter.render(open()).unwrap();
        drop(painter);
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("before\n"), "{out:?}");
        let divided = out.find("\u{1b}[1;21r").unwrap();
        let restored = out.find("\u{1b}[r").unwrap();
        assert!(divided < restored, "{out:?}");
    }

    #[test]
    fn a_window_that_gets_too_small_falls_back_to_plain_lines_and_returns() {
        let mut out = Vec::new();
        let mut painter = Renderer::split(&mut out, Vec::new(), size(7, 80), Style::Plain);
        let mut painted = |show: ScreenUpdate| {
            painter.render(show).unwrap();
            String::from_utf8(std::mem::take(painter.out)).unwrap()
        };
        assert_eq!(painted(open()), "");
        assert_eq!(
            painted(ScreenUpdate::Line(Line::Received("a".to_string()))),
            "a\n"
        );
        assert!(painted(ScreenUpdate::Resized(size(9, 80))).contains("\u{1b}[1;6r"));
        assert!(painted(ScreenUpdate::Line(Line::Received("b".to_string()))).contains("\u{1b}7"));
        assert!(painted(ScreenUpdate::Resized(size(9, 19))).contains("\u{1b}[r"));
        assert_eq!(
            painted(ScreenUpdate::Line(Line::Received("c".to_string()))),
            "c\n"
        );
    }

    #[test]
    fn a_broken_place_for_messages_is_an_error_and_one_for_notes_is_not() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut painter = Renderer::plain(Broken, Broken, PromptOutput::Stderr);
        painter
            .render(ScreenUpdate::Line(Line::Warning("x".to_string())))
            .unwrap();
        painter.render(ScreenUpdate::AskName).unwrap();
        painter
            .render(ScreenUpdate::Line(Line::Received("x".to_string())))
            .unwrap_err();
    }
}
