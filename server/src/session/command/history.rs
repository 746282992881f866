//! What was said before.

use common::notice::Excerpt;

use super::super::chat::ChatSession;
use crate::limits;
use crate::room::history::excerpt;

/// What looking through a room's lines costs, in lines of one's own: it takes
/// some thousand times as long as saying one.
const SEARCH_COST: u32 = 5;

impl ChatSession<'_, '_> {
    pub(super) fn history(&mut self, count: Option<usize>) {
        let max = count.unwrap_or(limits::HISTORY_ON_JOIN);
        self.send_excerpt(Excerpt::Last, max, "Nothing was said here yet.", |_| true);
    }

    pub(super) fn search(&mut self, text: &str) {
        let text = text.to_lowercase();
        let found = |line: &str| line.to_lowercase().contains(&text);
        self.send_excerpt(
            Excerpt::Matching,
            limits::MAX_SEARCH_HITS,
            "No line of this room holds that.",
            found,
        );
    }

    /// The looking is done here, in the member's own thread and time; the
    /// broadcaster only hands out what there is.
    fn send_excerpt(
        &mut self,
        which: Excerpt,
        max: usize,
        none: &str,
        wanted: impl Fn(&str) -> bool,
    ) {
        self.rate_limit.charge(SEARCH_COST);
        let id = self.guard.connection.id;
        let said = self.guard.context.posts.read_history(id);
        let max = max.min(self.guard.context.limits.history_lines);
        match excerpt(said.iter().rev(), which, max, wanted) {
            Some(lines) => self.guard.context.posts.send_to(id, lines),
            None => self.refuse_command(none),
        }
    }
}
