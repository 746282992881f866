//! History: a look through what was said in the member's room.

use common::notice::Excerpt;

use super::super::member_session::MemberSession;
use crate::limits;
use crate::room::history::{Bounds, excerpt};

/// The cost of a look through a room's lines, in lines of the member's own. It takes
/// some thousand times as long as saying one.
const SEARCH_COST: u32 = 5;

pub fn show_last(session: &mut MemberSession<'_, '_>, count: Option<usize>) {
    let max = count.unwrap_or(limits::HISTORY_ON_JOIN);
    match find(session, Excerpt::Last, max, |_| true) {
        Some(lines) => session.posts().send_to(session.id(), lines),
        None => session.refuse("Nothing was said here yet."),
    }
}

pub fn search(session: &mut MemberSession<'_, '_>, text: &str) {
    let text = text.to_lowercase();
    let matches = |line: &str| line.to_lowercase().contains(&text);
    match find(session, Excerpt::Matching, limits::MAX_SEARCH_HITS, matches) {
        Some(lines) => session.posts().send_to(session.id(), lines),
        None => session.refuse("No line in this room matches."),
    }
}

/// Returns the last `max` lines that match. The search runs in the member's own
/// thread and time; the broadcaster only hands out the entries.
fn find(
    session: &mut MemberSession<'_, '_>,
    which: Excerpt,
    max: usize,
    matches: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    session.guard.rate_limit.charge(SEARCH_COST);
    let entries = session.posts().read_history(session.id());
    let bounds = Bounds {
        lines: max.min(session.guard.context.limits.history_lines),
        bytes: session.connection().max_answer(),
    };
    excerpt(entries.iter().rev(), None, which, bounds, matches)
}
