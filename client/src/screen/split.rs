//! Turns lines into the terminal commands of the divided screen.
//!
//! ```text
//! bob: messages come in here, and        rows 1 to N: the scroll region
//! bob: scroll up
//! --- ann at 127.0.0.1:4000 - /quit leaves ---        the rule
//! > what one types stands here, and the terminal      two input rows
//!   itself edits it
//! ```
//!
//! The terminal stays in its ordinary, "cooked" mode: the system echoes and
//! edits the line, and we never see it before Enter. So that a message does not
//! run into it, only the rows above the rule may scroll (`ESC[1;Nr`, DECSTBM of
//! ECMA-48's cousin, the DEC VT100), and around each message the cursor is
//! saved and put back (`ESC 7`, `ESC 8`).
//!
//! Two input rows at least: where a long line wraps off the last row of the
//! window, terminals go on at that row's start, over its beginning.
//!
//! Pure: text in, text out. It writes nothing and asks nobody.

use std::collections::VecDeque;

use common::Event;

use super::Line;
use super::highlight::Highlight;
use super::size::Size;
use super::status_line::StatusLine;

/// The rows for typing.
const INPUT_ROWS: u16 = 2;

/// The rule and the input rows.
const RESERVED: u16 = 1 + INPUT_ROWS;

/// With fewer rows too little of the talk would be left beside the reserved
/// ones; with fewer columns too little of a message fits into a row.
const MIN_SIZE: Size = Size {
    rows: 8,
    columns: 20,
};

/// Saves the cursor and its colours (DECSC).
const SAVE_CURSOR: &str = "\u{1b}7";
/// Puts the cursor back, and its colours (DECRC).
const RESTORE_CURSOR: &str = "\u{1b}8";
/// To the start of the next row; on the last row of the region this scrolls
/// (NEL). It does what `\r\n` does, but the system's terminal driver, which
/// lets a pressed key in before each `\n`, does not see it.
const NEXT_ROW: &str = "\u{1b}E";
/// One row down in the same column, and scrolls on the last row (IND).
const NEXT_LINE: &str = "\u{1b}D";
/// One row up in the same column (CUU).
const CURSOR_UP: &str = "\u{1b}[A";
/// Makes the whole window scroll again (DECSTBM); moves the cursor.
const WHOLE_WINDOW: &str = "\u{1b}[r";
/// Clears from the cursor to the end of the window (ED).
const CLEAR_BELOW: &str = "\u{1b}[J";
/// Clears from the start of the window to the cursor (ED).
const CLEAR_ABOVE: &str = "\u{1b}[1J";
/// Clears the cursor's row (EL).
const CLEAR_ROW: &str = "\u{1b}[2K";
/// Ends all colours (SGR); the next ones begin one.
const NORMAL: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const MAGENTA: &str = "\u{1b}[35m";
const CYAN: &str = "\u{1b}[36m";
/// What stands before a line that concerns the person.
const MARK: &str = ">> ";
/// What stands before the typed line.
const PROMPT: &str = "> ";

/// Whether the kinds of lines look different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Notices dim, refusals red, the operator bold.
    Colored,
    /// All alike, as `NO_COLOR` asks for (<https://no-color.org>).
    Plain,
}

/// The divided screen of one window size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitScreen {
    size: Size,
    rule: String,
    style: Style,
}

impl SplitScreen {
    /// Divides a window of `size`, with a rule between the halves that says as
    /// much of `title` as fits; `None` if the window is too small for that.
    pub fn new(size: Size, title: &StatusLine, looks: Style) -> Option<SplitScreen> {
        if size.rows < MIN_SIZE.rows || size.columns < MIN_SIZE.columns {
            return None;
        }
        let rule = title.render(size.columns);
        Some(SplitScreen {
            size,
            rule,
            style: looks,
        })
    }

    /// Makes room at the bottom and divides the window.
    pub fn open(&self) -> String {
        // What is on the screen moves up, if it reaches down that far.
        let room = "\n".repeat(RESERVED.into());
        format!("{room}{}", self.enter_pressed())
    }

    /// The person has pressed Enter: the input rows are empty again.
    ///
    /// All is drawn anew, also the region, so that Enter mends whatever another
    /// program has done to the screen.
    pub fn enter_pressed(&self) -> String {
        let start = self.size.rows - INPUT_ROWS + 1;
        let frame = self.frame();
        format!("{frame}{}{CLEAR_BELOW}{PROMPT}", to_row(start))
    }

    /// The window has just got this size, and `recent` was shown last.
    ///
    /// All is drawn anew but the typed line, which only the terminal knows, and
    /// nobody can say where on the screen the terminal has moved it. So it is
    /// brought to a place we do know: scrolling down by a whole window takes
    /// the cursor to the last row and its line to the first, from wherever.
    /// Below the second row, since what leaves the first goes to the history.
    ///
    /// Of a line that fills two rows only the cursor's is kept on the screen.
    pub fn resized(&self, recent: &VecDeque<(Line, Highlight)>) -> String {
        let Size { rows, columns } = self.size;
        let scroll = NEXT_LINE.repeat((rows - 2).into());
        let to_first_input_row = format!("{}\u{1b}[{}L", to_row(2), rows - 3);
        let clear_above = format!("\u{1b}[{};{columns}H{CLEAR_ABOVE}", rows - 2);
        let mut all = format!(
            "{SAVE_CURSOR}\u{1b}[2;{rows}r{RESTORE_CURSOR}{scroll}\
             {SAVE_CURSOR}{to_first_input_row}{clear_above}{}{RESTORE_CURSOR}{CURSOR_UP}",
            self.frame()
        );
        let newest = recent.len().saturating_sub(rows.into());
        for (line, regard) in recent.iter().skip(newest) {
            all += &self.line(line, *regard);
        }
        all
    }

    /// The rule says something else from now on.
    pub fn redraw_status(&mut self, title: &StatusLine) -> String {
        self.rule = title.render(self.size.columns);
        format!("{SAVE_CURSOR}{}{RESTORE_CURSOR}", self.frame())
    }

    /// The window has become too small to be divided: from here on all of it
    /// scrolls, and what is on it stays, the typed line too.
    pub fn too_small(&self) -> String {
        format!("{SAVE_CURSOR}{WHOLE_WINDOW}{RESTORE_CURSOR}")
    }

    /// Gives the window back: the cursor stands below the last message.
    pub fn close(&self) -> String {
        let end = to_row(self.region() + 1);
        format!("{WHOLE_WINDOW}{end}{CLEAR_BELOW}")
    }

    /// Scrolls the region and writes `line` into the row that is free then.
    ///
    /// The region is set each time, since a window that has just changed may
    /// have none until we notice.
    pub fn line(&self, line: &Line, regard: Highlight) -> String {
        let (text, style) = match line {
            Line::Received(text) | Line::Own(text) => (readable(text), line_style(text)),
            Line::Warning(text) => (format!("! {text}"), RED),
            Line::Info(text) => (text.clone(), DIM),
        };
        let (text, style) = match regard {
            Highlight::Normal => (text, style),
            Highlight::Personal => (format!("{MARK}{text}"), style),
            Highlight::Past => (text, DIM),
        };
        // A tab is for the terminal driver to see, like `\n`, and would part
        // the write in two.
        let text = text.replace('\t', "    ");
        let text = self.styled(style, &text);
        let region = self.region();
        let last = to_row(region);
        format!("{SAVE_CURSOR}\u{1b}[1;{region}r{last}{NEXT_ROW}{text}{RESTORE_CURSOR}")
    }

    fn styled(&self, style: &str, text: &str) -> String {
        match self.style {
            Style::Colored if !style.is_empty() => format!("{style}{text}{NORMAL}"),
            _ => text.to_string(),
        }
    }

    /// The region and the rule. The cursor ends up anywhere.
    fn frame(&self) -> String {
        let region = self.region();
        let rule = self.styled(DIM, &self.rule);
        format!("\u{1b}[1;{region}r{}{CLEAR_ROW}{rule}", to_row(region + 1))
    }

    /// The last row of the region, counted from 1.
    fn region(&self) -> u16 {
        self.size.rows - RESERVED
    }
}

/// A line as people read it: what somebody does needs no colon.
fn readable(line: &str) -> String {
    match Event::parse(line) {
        Event::Action { from, text } => format!("* {from} {text}"),
        _ => line.to_string(),
    }
}

/// How a line from the server looks.
fn line_style(line: &str) -> &'static str {
    match Event::parse(line) {
        Event::Notice(_) => DIM,
        Event::Refusal(_) => RED,
        Event::Operator(_) => BOLD,
        Event::Private { .. } => MAGENTA,
        Event::Action { .. } => CYAN,
        Event::HistoryMarker(_) => DIM,
        _ => "",
    }
}

/// To the first column of `row`, counted from 1 (CUP).
fn to_row(row: u16) -> String {
    format!("\u{1b}[{row};1H")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(name: &str) -> StatusLine {
        StatusLine {
            name: name.to_string(),
            room: "lobby".to_string(),
            address: "127.0.0.1:4000".to_string(),
            progress: Vec::new(),
        }
    }

    fn divided(rows: u16, columns: u16, looks: Style) -> Option<SplitScreen> {
        SplitScreen::new(Size { rows, columns }, &title("ann"), looks)
    }

    fn received(line: &str) -> Line {
        Line::Received(line.to_string())
    }

    #[test]
    fn a_small_window_is_not_divided() {
        assert!(divided(8, 20, Style::Plain).is_some());
        assert!(divided(7, 20, Style::Plain).is_none());
        assert!(divided(8, 19, Style::Plain).is_none());
        assert!(divided(0, 0, Style::Plain).is_none());
    }

    #[test]
    fn a_message_goes_into_the_region_and_the_cursor_comes_back() {
        let divided = divided(24, 80, Style::Plain).unwrap();
        let expected = "\u{1b}7\u{1b}[1;21r\u{1b}[21;1H\u{1b}Ebob: hi\u{1b}8";
        assert_eq!(
            divided.line(&received("bob: hi"), Highlight::Normal),
            expected
        );
    }

    /// The terminal driver parts a write at these, and lets a key in.
    #[test]
    fn no_message_holds_what_parts_a_write() {
        for looks in [Style::Plain, Style::Colored] {
            let divided = divided(24, 80, looks).unwrap();
            for kind in [Line::Received, Line::Own, Line::Warning, Line::Info] {
                let bytes = divided.line(&kind("a\tb".to_string()), Highlight::Normal);
                assert!(!bytes.contains(['\t', '\n', '\r']), "{bytes:?}");
            }
        }
    }

    #[test]
    fn the_kinds_of_lines_differ_unless_no_colour_is_wanted() {
        #[track_caller]
        fn check(line: &str, style: &str) {
            let modest = divided(24, 80, Style::Colored)
                .unwrap()
                .line(&received(line), Highlight::Normal);
            let bare = divided(24, 80, Style::Plain)
                .unwrap()
                .line(&received(line), Highlight::Normal);
            assert!(modest.contains(&format!("{style}{line}")), "{modest:?}");
            assert!(!bare.contains('m'), "{bare:?}");
        }
        check("ann is here.", "\u{1b}[2m");
        check("! no", "\u{1b}[31m");
        check("Server: hi", "\u{1b}[1m");
        check("bob: hi", NEXT_ROW);
        check("bob -> ann: hi", "\u{1b}[35m");
        check("--- now ---", "\u{1b}[2m");
    }

    #[test]
    fn an_action_reads_as_a_sentence_and_what_concerns_one_is_marked() {
        let divided = divided(24, 80, Style::Colored).unwrap();
        let action = divided.line(&received("* bob: waves"), Highlight::Normal);
        assert!(
            action.contains("\u{1b}[36m* bob waves\u{1b}[0m"),
            "{action:?}"
        );
        let marked = divided.line(&received("bob: ann!"), Highlight::Personal);
        assert!(marked.contains(">> bob: ann!"), "{marked:?}");
        let past = divided.line(&received("bob: ann!"), Highlight::Past);
        assert!(past.contains("\u{1b}[2mbob: ann!"), "{past:?}");
    }
}
