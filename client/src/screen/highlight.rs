//! What a line is to the person at this screen: something said to them, something
//! from before, or just a line.

use common::{Event, Name, notice};

use super::Line;

/// How a line concerns the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Highlight {
    /// It is one of many.
    Normal,
    /// It names them, or is for them alone.
    Personal,
    /// It was said before they came.
    Past,
}

/// Follows the lines, to know which are from the past, and who wrote last.
#[derive(Default)]
pub struct Highlighter {
    in_history: bool,
    last_private_from: Option<Name>,
}

impl Highlighter {
    /// How `line` concerns somebody called `name`.
    pub fn classify(&mut self, line: &Line, name: &str) -> Highlight {
        let Line::Received(line) = line else {
            return Highlight::Normal;
        };
        let text = match Event::parse(line) {
            Event::HistoryMarker(text) => {
                self.in_history = text != notice::EXCERPT_END;
                return Highlight::Past;
            }
            _ if self.in_history => return Highlight::Past,
            Event::Private { from, .. } => {
                self.last_private_from = Some(from);
                return Highlight::Personal;
            }
            Event::Message { text, .. } | Event::Action { text, .. } | Event::Operator(text) => {
                text
            }
            _ => return Highlight::Normal,
        };
        match mentions(text, name) {
            true => Highlight::Personal,
            false => Highlight::Normal,
        }
    }

    /// Who wrote last in private: to them a reply goes.
    pub fn last_private_from(&self) -> Option<&Name> {
        self.last_private_from.as_ref()
    }
}

/// Whether `name` stands in `text` as a word of its own, in whatever case.
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
    fn what_is_said_to_one_is_personal_and_what_was_is_past() {
        let mut follower = Highlighter::default();
        let mut check = |line: &str, expected| {
            let line = Line::Received(line.to_string());
            assert_eq!(follower.classify(&line, "Ann"), expected, "{line:?}");
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
    fn a_reply_goes_to_whoever_wrote_last_in_private() {
        let mut follower = Highlighter::default();
        let mut check = |line: &str, expected| {
            follower.classify(&Line::Received(line.to_string()), "ann");
            assert_eq!(
                follower.last_private_from().map(Name::as_str),
                expected,
                "{line:?}"
            );
        };
        check("bob: hi ann", None);
        check("bob -> ann: hi", Some("bob"));
        check("eve -> bob,ann: hi", Some("eve"));
        check("bob: hi ann", Some("eve"));
    }
}
