//! What a line is to the person at this screen: something said to them, something
//! from before, or just a line.

use common::{Event, Name, notice};

use super::Line;

/// How a line concerns the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regard {
    /// It is one of many.
    Usual,
    /// It names them, or is for them alone.
    Personal,
    /// It was said before they came.
    Past,
}

/// Follows the lines, to know which are from the past, and who wrote last.
#[derive(Default)]
pub struct Follower {
    past: bool,
    writer: Option<Name>,
}

impl Follower {
    /// How `line` concerns somebody called `name`.
    pub fn regard(&mut self, line: &Line, name: &str) -> Regard {
        let Line::Received(line) = line else {
            return Regard::Usual;
        };
        let text = match Event::parse(line) {
            Event::HistoryMarker(text) => {
                self.past = text != notice::EXCERPT_END;
                return Regard::Past;
            }
            _ if self.past => return Regard::Past,
            Event::Private { from, .. } => {
                self.writer = Some(from);
                return Regard::Personal;
            }
            Event::Message { text, .. } | Event::Action { text, .. } | Event::Operator(text) => {
                text
            }
            _ => return Regard::Usual,
        };
        match names(text, name) {
            true => Regard::Personal,
            false => Regard::Usual,
        }
    }

    /// Who wrote last in private: to them a reply goes.
    pub fn writer(&self) -> Option<&Name> {
        self.writer.as_ref()
    }
}

/// Whether `name` stands in `text` as a word of its own, in whatever case.
fn names(text: &str, name: &str) -> bool {
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
        let mut follower = Follower::default();
        let mut check = |line: &str, expected| {
            let line = Line::Received(line.to_string());
            assert_eq!(follower.regard(&line, "Ann"), expected, "{line:?}");
        };
        check("bob: hi ann!", Regard::Personal);
        check("bob: hi joanna", Regard::Usual);
        check("bob: ann_2 is here", Regard::Usual);
        check("bob -> ann: x", Regard::Personal);
        check("* bob: waves to ANN", Regard::Personal);
        check("Server: ann, please", Regard::Personal);
        check("ann has left the chat room.", Regard::Usual);
        check(
            "--- the last 1 line, the oldest from 5 s ago ---",
            Regard::Past,
        );
        check("bob: hi ann", Regard::Past);
        check("--- now ---", Regard::Past);
        check("bob: ann?", Regard::Personal);
    }

    #[test]
    fn a_reply_goes_to_whoever_wrote_last_in_private() {
        let mut follower = Follower::default();
        let mut check = |line: &str, expected| {
            follower.regard(&Line::Received(line.to_string()), "ann");
            assert_eq!(follower.writer().map(Name::as_str), expected, "{line:?}");
        };
        check("bob: hi ann", None);
        check("bob -> ann: hi", Some("bob"));
        check("eve -> bob,ann: hi", Some("eve"));
        check("bob: hi ann", Some("eve"));
    }
}
