//! The divided screen: from lines to terminal commands.
//!
//! ```text
//! bob: messages come in here, and        rows 1 to N: the scroll region
//! bob: scroll up
//! --- ann at 127.0.0.1:4000 - /quit leaves ---        the rule
//! > what you type stands here, and the terminal       two input rows
//!   itself edits it
//! ```
//!
//! The terminal stays in its ordinary, "cooked" mode: the system echoes and edits the
//! line, and the client receives it after Enter. Only the rows above the rule may
//! scroll, so that a message does not run into the line (`ESC[1;Nr`, DECSTBM of the DEC
//! VT100). Around each message the cursor is saved and restored (`ESC 7`, `ESC 8`).
//!
//! There are at least two input rows. Where a long line wraps off the window's last
//! row, terminals continue at the start of that row and overwrite it.
//!
//! Invariant: text in, text out; no output and no query.

use std::collections::VecDeque;

use common::Event;

use super::highlight::Highlight;
use super::size::Size;
use super::status_line::StatusLine;
use super::update::Line;
use super::wrap::{max_width, wrap};

/// The rows for typing.
const INPUT_ROWS: u16 = 2;

/// The rule and the input rows.
const RESERVED: u16 = 1 + INPUT_ROWS;

/// The smallest window that is divided. Fewer rows would leave too few messages, fewer
/// columns too little of each.
const MIN_SIZE: Size = Size {
    rows: 8,
    columns: 20,
};

/// Saves the cursor and its colours (DECSC).
const SAVE_CURSOR: &str = "\u{1b}7";
/// Restores the cursor and its colours (DECRC).
const RESTORE_CURSOR: &str = "\u{1b}8";
/// Moves to the start of the next row, and scrolls on the region's last row (NEL). The
/// terminal driver lets a pressed key in before each `\n`, but does not know this.
const NEXT_ROW: &str = "\u{1b}E";
/// Moves one row down in the same column, and scrolls on the last row (IND).
const NEXT_LINE: &str = "\u{1b}D";
/// Moves one row up in the same column (CUU).
const CURSOR_UP: &str = "\u{1b}[A";
/// Makes the whole window scroll again (DECSTBM); moves the cursor.
const WHOLE_WINDOW: &str = "\u{1b}[r";
/// Clears from the cursor to the end of the window (ED).
const CLEAR_BELOW: &str = "\u{1b}[J";
/// Clears from the start of the window to the cursor (ED).
const CLEAR_ABOVE: &str = "\u{1b}[1J";
/// Clears the cursor's row (EL).
const CLEAR_ROW: &str = "\u{1b}[2K";
/// From here on the terminal cuts what is wider than its window (DECAWM). The client wraps
/// by itself, and may be wrong about the width of a character.
const WRAP_OFF: &str = "\u{1b}[?7l";
/// From here on the terminal wraps again.
const WRAP_ON: &str = "\u{1b}[?7h";
/// Ends all colours (SGR); each of the next five begins a colour.
const NORMAL: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const MAGENTA: &str = "\u{1b}[35m";
const CYAN: &str = "\u{1b}[36m";
/// The mark before a personal line.
const MARK: &str = ">> ";
/// The prompt before the input.
const PROMPT: &str = "> ";

/// The style of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Notices dim, refusals red, the operator bold.
    Colored,
    /// No colours, as `NO_COLOR` asks for (<https://no-color.org>).
    Plain,
}

/// A line as it stands on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownLine {
    /// The line.
    pub line: Line,
    /// The way in which it concerns the user.
    pub highlight: Highlight,
    /// Its local time, if times are shown.
    pub time: Option<String>,
}

/// The divided screen of a window of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitScreen {
    size: Size,
    rule: String,
    style: Style,
}

impl SplitScreen {
    /// Divides a window of `size`, with as much of `status` in the rule as fits.
    /// Returns `None` if the window is too small.
    pub fn new(size: Size, status: &StatusLine, style: Style) -> Option<SplitScreen> {
        if size.rows < MIN_SIZE.rows || size.columns < MIN_SIZE.columns {
            return None;
        }
        let rule = status.render(size.columns);
        Some(SplitScreen { size, rule, style })
    }

    /// Makes room at the bottom and divides the window.
    pub fn open(&self) -> String {
        // The screen's text moves up, if it reaches the reserved rows.
        let room = "\n".repeat(RESERVED.into());
        format!("{room}{}", self.enter_pressed())
    }

    /// Clears the input rows after Enter.
    ///
    /// All is redrawn, also the region, so that Enter repairs whatever another program
    /// has done to the screen.
    pub fn enter_pressed(&self) -> String {
        let start = self.size.rows - INPUT_ROWS + 1;
        let frame = self.frame();
        format!("{frame}{}{CLEAR_BELOW}{PROMPT}", to_row(start))
    }

    /// Redraws a window that has just got this size; `recent` are its last lines.
    ///
    /// The typed line is not redrawn, because only the terminal knows it, and it may be
    /// anywhere on the screen. So it is brought to a known row: scrolling down by a
    /// whole window takes the cursor to the last row and its line to the first, from
    /// anywhere. This happens below the first row, because what leaves the first row
    /// goes to the terminal's history.
    ///
    /// Of a line that fills two rows, only the cursor's row stays on the screen.
    pub fn resized(&self, recent: &VecDeque<ShownLine>) -> String {
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
        for line in recent.iter().skip(newest) {
            all += &self.line(line);
        }
        all
    }

    /// Redraws the rule with a new status.
    pub fn redraw_status(&mut self, status: &StatusLine) -> String {
        self.rule = status.render(self.size.columns);
        format!("{SAVE_CURSOR}{}{RESTORE_CURSOR}", self.frame())
    }

    /// Lets the whole window scroll, because it has become too small. Its text stays,
    /// the typed line too.
    pub fn too_small(&self) -> String {
        format!("{SAVE_CURSOR}{WHOLE_WINDOW}{RESTORE_CURSOR}")
    }

    /// Restores the window, with the cursor below the last message.
    pub fn close(&self) -> String {
        let end = to_row(self.region() + 1);
        format!("{WHOLE_WINDOW}{end}{CLEAR_BELOW}")
    }

    /// Scrolls the region and writes `shown` into the free row, and what does not fit there
    /// into further rows, which are indented.
    ///
    /// The region is set each time, because a window that has just changed may have
    /// none.
    pub fn line(&self, shown: &ShownLine) -> String {
        let (text, style) = match &shown.line {
            Line::Received(text) | Line::Own(text) => (readable(text), line_style(text)),
            Line::Warning(text) => (format!("! {text}"), RED),
            Line::Info(text) => (text.clone(), DIM),
            Line::Day(date) => (day_rule(date), DIM),
        };
        let (text, style) = match shown.highlight {
            Highlight::Normal => (text, style),
            Highlight::Personal => (format!("{MARK}{text}"), style),
            Highlight::Past => (text, DIM),
        };
        // The terminal driver would split the write at a tab, as at `\n`.
        let text = text.replace('\t', "    ");
        let time = shown.time.as_ref().map(|time| format!("{time} "));
        let time = time.unwrap_or_default();
        let columns = self.size.columns;
        let first = usize::from(columns).saturating_sub(max_width(&time));
        let text = self.styled(style, &wrap(&text, first, columns, NEXT_ROW));
        let time = self.styled(DIM, &time);
        let region = self.region();
        let last = to_row(region);
        format!(
            "{SAVE_CURSOR}\u{1b}[1;{region}r{last}{WRAP_OFF}{NEXT_ROW}{time}{text}{WRAP_ON}{RESTORE_CURSOR}"
        )
    }

    fn styled(&self, style: &str, text: &str) -> String {
        match self.style {
            Style::Colored if !style.is_empty() && !text.is_empty() => {
                format!("{style}{text}{NORMAL}")
            }
            _ => text.to_string(),
        }
    }

    /// Draws the region and the rule, and leaves the cursor anywhere.
    fn frame(&self) -> String {
        let region = self.region();
        let rule = self.styled(DIM, &self.rule);
        format!("\u{1b}[1;{region}r{}{CLEAR_ROW}{rule}", to_row(region + 1))
    }

    /// Returns the last row of the region, counted from 1.
    fn region(&self) -> u16 {
        self.size.rows - RESERVED
    }
}

/// Returns the line between two days.
pub fn day_rule(date: &str) -> String {
    format!("--- {date} ---")
}

/// Returns a line as people read it: an action needs no colon.
fn readable(line: &str) -> String {
    match Event::parse(line) {
        Event::Action { from, text } => format!("* {from} {text}"),
        _ => line.to_string(),
    }
}

/// Returns the colour of a line from the server.
fn line_style(line: &str) -> &'static str {
    match Event::parse(line) {
        Event::Notice(_) | Event::HistoryMarker(_) => DIM,
        Event::Refusal(_) => RED,
        Event::Operator(_) => BOLD,
        Event::Private { .. } => MAGENTA,
        Event::Action { .. } => CYAN,
        _ => "",
    }
}

/// Moves to the first column of `row`, counted from 1 (CUP).
fn to_row(row: u16) -> String {
    format!("\u{1b}[{row};1H")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::status_line::tests::status;

    fn split(rows: u16, columns: u16, style: Style) -> Option<SplitScreen> {
        SplitScreen::new(Size { rows, columns }, &status("ann"), style)
    }

    fn shown(line: Line, highlight: Highlight) -> ShownLine {
        let time = None;
        ShownLine {
            line,
            highlight,
            time,
        }
    }

    fn received(line: &str) -> ShownLine {
        shown(Line::Received(line.to_string()), Highlight::Normal)
    }

    #[test]
    fn a_small_window_is_not_divided() {
        assert!(split(8, 20, Style::Plain).is_some());
        assert!(split(7, 20, Style::Plain).is_none());
        assert!(split(8, 19, Style::Plain).is_none());
        assert!(split(0, 0, Style::Plain).is_none());
    }

    #[test]
    fn a_message_is_written_into_the_region_and_the_cursor_restored() {
        let split = split(24, 80, Style::Plain).unwrap();
        let expected = "\u{1b}7\u{1b}[1;21r\u{1b}[21;1H\u{1b}[?7l\u{1b}Ebob: hi\u{1b}[?7h\u{1b}8";
        assert_eq!(split.line(&received("bob: hi")), expected);
    }

    #[test]
    fn a_line_that_wraps_is_indented_after_its_time_and_mark() {
        let split = split(24, 20, Style::Plain).unwrap();
        let text = format!("bob: {}Server: hi", " ".repeat(6));
        let mut line = shown(Line::Received(text), Highlight::Personal);
        line.time = Some("09:05".to_string());
        let rows = "\u{1b}E09:05 >> bob:       \u{1b}E  Server: hi\u{1b}[?7h";
        let bytes = split.line(&line);
        assert!(bytes.contains(rows), "{bytes:?}");
    }

    /// The terminal driver splits a write at these, and lets a key in.
    #[test]
    fn no_message_contains_what_splits_a_write() {
        for style in [Style::Plain, Style::Colored] {
            let split = split(24, 80, style).unwrap();
            for kind in [Line::Received, Line::Own, Line::Warning, Line::Info] {
                let bytes = split.line(&shown(kind("a\tb".to_string()), Highlight::Normal));
                assert!(!bytes.contains(['\t', '\n', '\r']), "{bytes:?}");
            }
        }
    }

    #[test]
    fn kinds_of_lines_differ_in_colour_unless_plain() {
        #[track_caller]
        fn check(line: &str, style: &str) {
            let colored = split(24, 80, Style::Colored).unwrap();
            let colored = colored.line(&received(line));
            let plain = split(24, 80, Style::Plain).unwrap().line(&received(line));
            assert!(colored.contains(&format!("{style}{line}")), "{colored:?}");
            assert!(!plain.contains('m'), "{plain:?}");
        }
        check("ann is here.", "\u{1b}[2m");
        check("! no", "\u{1b}[31m");
        check("Server: hi", "\u{1b}[1m");
        check("bob: hi", NEXT_ROW);
        check("bob -> ann: hi", "\u{1b}[35m");
        check("--- now ---", "\u{1b}[2m");
    }

    #[test]
    fn an_action_reads_as_a_sentence_and_a_personal_line_is_marked() {
        let split = split(24, 80, Style::Colored).unwrap();
        let action = split.line(&received("* bob: waves"));
        assert!(
            action.contains("\u{1b}[36m* bob waves\u{1b}[0m"),
            "{action:?}"
        );
        let line = |highlight| split.line(&shown(received("bob: ann!").line, highlight));
        let marked = line(Highlight::Personal);
        assert!(marked.contains(">> bob: ann!"), "{marked:?}");
        let past = line(Highlight::Past);
        assert!(past.contains("\u{1b}[2mbob: ann!"), "{past:?}");
    }

    #[test]
    fn a_time_is_dim_and_stands_first() {
        let mut line = received("* bob: waves");
        line.time = Some("09:05".to_string());
        let text = |style| split(24, 80, style).unwrap().line(&line);
        let colored = text(Style::Colored);
        let expected = "\u{1b}E\u{1b}[2m09:05 \u{1b}[0m\u{1b}[36m* bob waves\u{1b}[0m";
        assert!(colored.contains(expected), "{colored:?}");
        assert!(text(Style::Plain).contains("\u{1b}E09:05 * bob waves"));
        let day = shown(Line::Day("2026-03-01".to_string()), Highlight::Normal);
        let rule = split(24, 80, Style::Plain).unwrap().line(&day);
        assert!(rule.contains("--- 2026-03-01 ---"), "{rule:?}");
    }
}
