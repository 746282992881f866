//! Highlights: from a line to how it concerns the user.

use common::{Event, Name, notice};

use super::update::Line;

/// The way in which a line concerns the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Highlight {
    /// An ordinary line.
    Normal,
    /// A line that mentions the user, or is for them alone.
    Personal,
    /// A line from before they joined.
    Past,
}

/// A classifier that remembers whether the lines are history, and the last sender of a
/// private message.
#[derive(Default)]
pub struct Highlighter {
    in_history: bool,
    last_private_from: Option<Name>,
}

impl Highlighter {
    /// Returns how `line` concerns the user called `name`.
    pub fn classify(&mut self, line: &Line, name: &str) -> Highlight {
        let Line::Received(line) = line else {
            return Highlight::Normal;
        };
        let text = match Event::parse(line) {
            Event::HistoryMarker(text) => {
                self.in_history = text != notice::EXCERPT_END;
                return Highlight::Past;
            }
            Event::Private { from, .. } => {
                self.last_private_from = Some(from);
                return if self.in_history {
                    Highlight::Past
                } else {
                    Highlight::Personal
                };
            }
            _ if self.in_history => return Highlight::Past,
            Event::Message { text, .. } | Event::Action { text, .. } | Event::Operator(text) => {
                text
            }
            _ => return Highlight::Normal,
        };
        if mentions(text, name) {
            Highlight::Personal
        } else {
            Highlight::Normal
        }
    }

    /// Ends the history, because the connection ended in the middle of it.
    pub fn end_history(&mut self) {
        self.in_history = false;
    }

    /// Returns the sender of the last private message, who receives a reply.
    pub fn last_private_from(&self) -> Option<&Name> {
        self.last_private_from.as_ref()
    }
}

/// Returns `true` if `name` is a word of its own in `text`. Case does not count.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = text.match_indices(&name);
    !name.is_empty()
        && found.any(|(at, name)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text
                .get(at + name.len()..)
                .and_then(|after| after.chars().next());
            !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_personal_and_history_is_past() {
        let mut highlighter = Highlighter::default();
        let mut check = |line: &str, expected| {
            let line = Line::Received(line.to_string());
            assert_eq!(highlighter.classify(&line, "Ann"), expected, "{line:?}");
        };
        check("bob: hi ann!", Highlight::Personal);
        check("bob: hi joanna", Highlight::Normal);
        check("bob: ann_2 is here", Highlight::Normal);
        check("bob -> ann: x", Highlight::Personal);
        check("* bob: waves to ANN", Highlight::Personal);
        check("Server: ann, please", Highlight::Personal);
        check("ann has left the chat room.", Highlight::Normal);
        check(
            "--- the last 1 line, the oldest from 5 s ago ---",
            Highlight::Past,
        );
        check("bob: hi ann", Highlight::Past);
        check("--- now ---", Highlight::Past);
        check("bob: ann?", Highlight::Personal);
    }

    #[test]
    fn a_history_that_was_cut_ends() {
        let mut highlighter = Highlighter::default();
        let line = |text: &str| Line::Received(text.to_string());
        highlighter.classify(&line("--- 2 missed lines ---"), "ann");
        let mention = line("bob: ann?");
        assert_eq!(highlighter.classify(&mention, "ann"), Highlight::Past);
        highlighter.end_history();
        assert_eq!(highlighter.classify(&mention, "ann"), Highlight::Personal);
    }

    #[test]
    fn a_reply_goes_to_the_last_private_sender() {
        let mut highlighter = Highlighter::default();
        let mut check = |line: &str, expected| {
            highlighter.classify(&Line::Received(line.to_string()), "ann");
            assert_eq!(
                highlighter.last_private_from().map(Name::as_str),
                expected,
                "{line:?}"
            );
        };
        check("bob: hi ann", None);
        check("bob -> ann: hi", Some("bob"));
        check("eve -> bob,ann: hi", Some("eve"));
        check("bob: hi ann", Some("eve"));
        check(
            "--- 1 missed line, the oldest from 40 s ago ---",
            Some("eve"),
        );
        check("carl -> ann: are you back?", Some("carl"));
    }
}
