//! Turns each [`Show`] into one write, in the form that the terminal can bear.
//!
//! It decides between plain lines and the divided screen, also when the window
//! grows or shrinks under it. It knows no thread, and writes to any two
//! [`Write`]s. When it is dropped, the terminal is as it was.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::bell::Bell;
use super::divided::{Divided, Looks};
use super::regard::{Follower, Regard};
use super::title::Title;
use super::window::Size;
use super::{Line, Show};

/// How many lines are kept to be shown again when the window has changed: as
/// many as the tallest window has rows.
const RECENT: usize = 200;

/// Where the question for the name is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptOn {
    /// With the messages, on a terminal.
    Out,
    /// With the notes, if the messages go to a file.
    Err,
}

/// Writes messages to `O` and the client's own notes to `E`.
pub struct Painter<O: Write, E: Write> {
    out: O,
    err: E,
    prompt_on: PromptOn,
    looks: Looks,
    /// The window, if the screen may be divided at all.
    size: Option<Size>,
    /// What the rule says, once the room is open.
    title: Option<Title>,
    /// The divided screen, while there is one.
    divided: Option<Divided>,
    /// What was shown last on the divided screen, the oldest first.
    recent: VecDeque<(Line, Regard)>,
    follower: Follower,
    bell: Bell,
}

impl<O: Write, E: Write> Painter<O, E> {
    /// A painter of plain lines, for ever.
    pub fn plain(out: O, err: E, prompt_on: PromptOn) -> Painter<O, E> {
        Painter {
            out,
            err,
            prompt_on,
            // Plain lines have no looks.
            looks: Looks::Bare,
            size: None,
            title: None,
            divided: None,
            recent: VecDeque::new(),
            follower: Follower::default(),
            bell: Bell::default(),
        }
    }

    /// A painter that divides a window of `size` once the room is open.
    pub fn divided(out: O, err: E, size: Size, looks: Looks) -> Painter<O, E> {
        let mut painter = Painter::plain(out, err, PromptOn::Out);
        painter.looks = looks;
        painter.size = Some(size);
        painter
    }

    /// Has it ring for what concerns the person; only for a terminal.
    pub fn with_bell(mut self, bell: Bell) -> Painter<O, E> {
        self.bell = bell;
        self
    }

    /// Paints one thing.
    ///
    /// # Errors
    ///
    /// What `O` says. Nobody is told about errors of `E`: there is no other
    /// place left to tell them.
    pub fn paint(&mut self, show: Show) -> io::Result<()> {
        match show {
            Show::Line(line) => self.line(line),
            Show::AskName => self.ask_name(),
            Show::Entered => match &self.divided {
                Some(divided) => put(&mut self.out, &divided.entered()),
                None => Ok(()),
            },
            Show::Open(title) => {
                self.title = Some(title);
                self.arrange()
            }
            Show::Reply(text) => self.reply(&text),
            Show::Called(name) => self.retitle(|title| title.name = name),
            Show::Moved(room) => self.retitle(|title| title.room = room),
            Show::Progress(progress) => self.progress(progress),
            Show::Step(text) => match self.divided {
                Some(_) => Ok(()),
                None => self.plain_line(Line::Told(text), ""),
            },
            Show::Window(size) => {
                self.size = self.size.map(|_| size);
                self.arrange()
            }
            Show::Close => Ok(()),
        }
    }

    /// On the divided screen a line is also kept, to be drawn again when the
    /// window changes: what a terminal does with its rows then is its own idea.
    fn line(&mut self, line: Line) -> io::Result<()> {
        let name = self.title.as_ref().map_or("", |title| &title.name);
        let regard = self.follower.regard(&line, name);
        let bell = self.bell.ring(regard);
        let Some(divided) = &self.divided else {
            return self.plain_line(line, bell);
        };
        let painted = put(
            &mut self.out,
            &format!("{bell}{}", divided.line(&line, regard)),
        );
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((line, regard));
        painted
    }

    /// Messages are for whoever reads the output, a script perhaps, and notes
    /// for whoever started the client.
    fn plain_line(&mut self, line: Line, bell: &str) -> io::Result<()> {
        match line {
            Line::Received(line) => put(&mut self.out, &format!("{bell}{line}\n")),
            Line::Own(_) => Ok(()),
            Line::Note(text) | Line::Told(text) => {
                let _ = put(&mut self.err, &format!("! {text}\n"));
                Ok(())
            }
        }
    }

    /// The cursor stays behind the question, so there is no newline.
    fn ask_name(&mut self) -> io::Result<()> {
        const PROMPT: &str = "Enter your name: ";
        match self.prompt_on {
            PromptOn::Out => put(&mut self.out, PROMPT),
            PromptOn::Err => {
                let _ = put(&mut self.err, PROMPT);
                Ok(())
            }
        }
    }

    /// What we replied, unless nobody has written: that the server refuses.
    fn reply(&mut self, text: &str) -> io::Result<()> {
        let (Some(title), Some(writer)) = (&self.title, self.follower.writer()) else {
            return Ok(());
        };
        let line = format!("{} -> {writer}: {text}", title.name);
        self.line(Line::Own(line))
    }

    /// Draws the bar where it has changed.
    fn progress(&mut self, progress: Vec<String>) -> io::Result<()> {
        match &self.title {
            Some(title) if title.progress != progress => {
                self.retitle(|title| title.progress = progress)
            }
            _ => Ok(()),
        }
    }

    /// The rule says something else from now on.
    fn retitle(&mut self, change: impl FnOnce(&mut Title)) -> io::Result<()> {
        let Some(title) = &mut self.title else {
            return Ok(());
        };
        change(title);
        match &mut self.divided {
            Some(divided) => put(&mut self.out, &divided.retitled(title)),
            None => Ok(()),
        }
    }

    /// Divides the screen, or ends that, as the window and the room ask for.
    fn arrange(&mut self) -> io::Result<()> {
        let (Some(size), Some(title)) = (self.size, &self.title) else {
            return Ok(());
        };
        let next = Divided::new(size, title, self.looks);
        let bytes = match (&self.divided, &next) {
            // Before and after; a terminal that was never divided is left alone.
            (None, None) => return Ok(()),
            (None, Some(next)) => next.open(),
            (Some(_), Some(next)) => next.resized(&self.recent),
            (Some(before), None) => before.too_small(),
        };
        self.divided = next;
        put(&mut self.out, &bytes)
    }
}

impl<O: Write, E: Write> Drop for Painter<O, E> {
    fn drop(&mut self) {
        if let Some(divided) = self.divided.take() {
            // If this fails the terminal is gone, and needs no restoring.
            let _ = put(&mut self.out, &divided.close());
        }
    }
}

/// All of `text` at once: between two writes the terminal may show a key that
/// is pressed, and it would land in the middle of ours.
fn put(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Show {
        Show::Open(Title {
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
    fn plain(shows: &[Show]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut painter = Painter::plain(&mut out, &mut err, PromptOn::Err);
        for show in shows {
            painter.paint(show.clone()).unwrap();
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
            Show::AskName,
            open(),
            Show::Line(Line::Received("bob: hi".to_string())),
            Show::Line(Line::Own("ann: hi".to_string())),
            Show::Entered,
            Show::Line(Line::Note("too long".to_string())),
            Show::Window(size(24, 80)),
            Show::Line(Line::Received("! no".to_string())),
        ]);
        assert_eq!(out, "bob: hi\n! no\n");
        assert_eq!(err, "Enter your name: ! too long\n");
    }

    #[test]
    fn a_reply_is_shown_as_what_it_is_once_somebody_has_written() {
        let shown = |line: &str| {
            let mut out = Vec::new();
            let mut painter = Painter::divided(&mut out, Vec::new(), size(24, 80), Looks::Bare);
            let line = Show::Line(Line::Received(line.to_string()));
            for show in [open(), line, Show::Reply("yes".to_string())] {
                painter.paint(show).unwrap();
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
            let painter = Painter::divided(out, Vec::new(), size(rows, 80), Looks::Bare);
            let mut painter = painter.with_bell(Bell::ringing());
            painter.paint(open()).unwrap();
            painter.out.0.clear();
            for _ in 0..9 {
                let line = Line::Received("bob -> ann: hi".to_string());
                painter.paint(Show::Line(line)).unwrap();
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
        let mut painter = Painter::divided(&mut out, Vec::new(), size(24, 80), Looks::Bare);
        painter
            .paint(Show::Line(Line::Received("before".to_string())))
            .unwrap();
        painter.paint(open()).unwrap();
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
        let mut painter = Painter::divided(&mut out, Vec::new(), size(7, 80), Looks::Bare);
        let mut painted = |show: Show| {
            painter.paint(show).unwrap();
            String::from_utf8(std::mem::take(painter.out)).unwrap()
        };
        assert_eq!(painted(open()), "");
        assert_eq!(painted(Show::Line(Line::Received("a".to_string()))), "a\n");
        assert!(painted(Show::Window(size(9, 80))).contains("\u{1b}[1;6r"));
        assert!(painted(Show::Line(Line::Received("b".to_string()))).contains("\u{1b}7"));
        assert!(painted(Show::Window(size(9, 19))).contains("\u{1b}[r"));
        assert_eq!(painted(Show::Line(Line::Received("c".to_string()))), "c\n");
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
        let mut painter = Painter::plain(Broken, Broken, PromptOn::Err);
        painter
            .paint(Show::Line(Line::Note("x".to_string())))
            .unwrap();
        painter.paint(Show::AskName).unwrap();
        painter
            .paint(Show::Line(Line::Received("x".to_string())))
            .unwrap_err();
    }
}
