//! What was said before.

use common::notice::Excerpt;

use super::super::talk::Talk;
use crate::history::excerpt;
use crate::limits;

/// What looking through a room's lines costs, in lines of one's own: it takes
/// some thousand times as long as saying one.
const COST: u32 = 5;

impl Talk<'_, '_> {
    pub(super) fn history(&mut self, count: Option<usize>) {
        let most = count.unwrap_or(limits::SHOWN);
        self.show(Excerpt::Last, most, "Nothing was said here yet.", |_| true);
    }

    pub(super) fn search(&mut self, text: &str) {
        let text = text.to_lowercase();
        let found = |line: &str| line.to_lowercase().contains(&text);
        self.show(
            Excerpt::Matching,
            limits::FOUND,
            "No line of this room holds that.",
            found,
        );
    }

    /// The looking is done here, in the member's own thread and time; the
    /// broadcaster only hands out what there is.
    fn show(&mut self, which: Excerpt, most: usize, none: &str, wanted: impl Fn(&str) -> bool) {
        self.bucket.charge(COST);
        let id = self.visit.link.id;
        let said = self.visit.shared.posts.recall(id);
        let most = most.min(self.visit.shared.limits.history);
        match excerpt(said.iter().rev(), which, most, wanted) {
            Some(lines) => self.visit.shared.posts.tell(id, lines),
            None => self.refuse_command(none),
        }
    }
}
