//! Rendering: the batch of a room in two forms, plain and with tags.
//!
//! Each form is built only if a member of the room wants it, and is shared by all that
//! do. Nothing is copied for a single member.

use std::borrow::Cow;
use std::time::SystemTime;

use common::Timestamp;
use common::tags::TagWriter;

use super::batch::{Batch, View};

/// The form of the lines that a member receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rendering {
    /// The lines alone, as `nc` receives them.
    #[default]
    Plain,
    /// Each line with its time, and with its id if the history keeps it.
    Tagged,
}

impl Rendering {
    /// Returns notices of the time `time` in this form.
    pub fn of_notice(self, lines: &[u8], time: Timestamp) -> Cow<'_, [u8]> {
        match self {
            Rendering::Plain => Cow::Borrowed(lines),
            Rendering::Tagged => Cow::Owned(tag_notices(lines, time)),
        }
    }
}

/// The lines since the last write, in the forms that the room's members want.
#[derive(Default)]
pub struct RoomBatch {
    plain: Form,
    tagged: Form,
}

#[derive(Default)]
struct Form {
    batch: Batch,
    /// The number of members that receive it.
    members: usize,
}

impl RoomBatch {
    /// Counts a new member. Returns its view: it receives what is said from now on.
    pub fn add_member(&mut self, rendering: Rendering) -> View {
        let form = self.form(rendering);
        form.members += 1;
        form.batch.newcomer_view()
    }

    /// Counts one member less.
    pub fn remove_member(&mut self, rendering: Rendering) {
        self.form(rendering).members -= 1;
    }

    /// Adds lines for all members. `tags` gives the writer of their tags, and the id
    /// of the first line.
    pub fn push_shared(&mut self, lines: &[u8], tags: impl FnOnce() -> (TagWriter, u64)) {
        if self.plain.members > 0 {
            self.plain.batch.push_shared(lines);
        }
        if self.tagged.members > 0 {
            let (writer, first) = tags();
            let write = |out: &mut Vec<u8>| writer.push_lines(lines, first, out);
            self.tagged.batch.push_with(write);
        }
    }

    /// Adds notices for all members.
    pub fn push_notice(&mut self, lines: &[u8]) {
        self.push_shared(lines, || (TagWriter::time(now()), 0));
    }

    /// Leaves the shared lines that were added last out of a view.
    pub fn exclude(&mut self, rendering: Rendering, view: &mut View) {
        self.form(rendering).batch.exclude(view);
    }

    /// Adds lines for one member alone, as they are.
    pub fn push_private(&mut self, rendering: Rendering, view: &mut View, lines: &[u8]) {
        self.form(rendering).batch.push_private(view, lines);
    }

    /// Returns the batch in one form.
    pub fn rendered(&self, rendering: Rendering) -> &Batch {
        match rendering {
            Rendering::Plain => &self.plain.batch,
            Rendering::Tagged => &self.tagged.batch,
        }
    }

    /// Returns `true` if there are no shared lines.
    pub fn has_no_shared(&self) -> bool {
        self.plain.batch.has_no_shared() && self.tagged.batch.has_no_shared()
    }

    /// Returns `true` if there are no lines.
    pub fn is_empty(&self) -> bool {
        self.plain.batch.is_empty() && self.tagged.batch.is_empty()
    }

    /// Empties the batch after it was written.
    pub fn clear(&mut self) {
        self.plain.batch.clear();
        self.tagged.batch.clear();
    }

    fn form(&mut self, rendering: Rendering) -> &mut Form {
        match rendering {
            Rendering::Plain => &mut self.plain,
            Rendering::Tagged => &mut self.tagged,
        }
    }
}

/// Returns the present time, for tags.
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Returns notices with the tag of their time. Lines of the protocol, such as `/cap`
/// and `/ack`, stay as they are.
pub fn tag_notices(lines: &[u8], time: Timestamp) -> Vec<u8> {
    let writer = TagWriter::time(time);
    let mut out = Vec::with_capacity(2 * lines.len());
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        match line.first() {
            Some(b'/' | b'!' | b'\n') => out.extend_from_slice(line),
            _ => writer.push_lines(line, 0, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(batch: &RoomBatch, rendering: Rendering, view: &View) -> String {
        let copy = batch.rendered(rendering).copy_for(view);
        String::from_utf8(copy.to_vec()).unwrap()
    }

    fn tags() -> (TagWriter, u64) {
        (TagWriter::with_ids(Timestamp::from_millis(0), "r-x"), 7)
    }

    #[test]
    fn each_member_receives_its_form_without_its_own_lines() {
        let mut batch = RoomBatch::default();
        let mut nc = batch.add_member(Rendering::Plain);
        let mut ann = batch.add_member(Rendering::Tagged);
        batch.push_shared(b"ann: a\nann: b\n", tags);
        batch.exclude(Rendering::Tagged, &mut ann);
        batch.push_shared(b"nc: c\n", tags);
        batch.exclude(Rendering::Plain, &mut nc);
        let tag = "@time=1970-01-01T00:00:00.000Z;id=r-x-7 ";
        assert_eq!(received(&batch, Rendering::Plain, &nc), "ann: a\nann: b\n");
        assert_eq!(
            received(&batch, Rendering::Tagged, &ann),
            format!("{tag}nc: c\n")
        );
    }

    #[test]
    fn a_form_that_nobody_wants_is_not_built() {
        let mut batch = RoomBatch::default();
        let _nc = batch.add_member(Rendering::Plain);
        batch.push_shared(b"x\n", || unreachable!());
        let ann = batch.add_member(Rendering::Tagged);
        batch.remove_member(Rendering::Plain);
        batch.push_shared(b"y\n", tags);
        assert!(received(&batch, Rendering::Tagged, &ann).ends_with(" y\n"));
        assert_eq!(received(&batch, Rendering::Plain, &View::default()), "x\n");
    }

    #[test]
    fn lines_of_the_protocol_are_not_tagged() {
        let tagged = tag_notices(
            b"Welcome, ann.\n/cap time\n! no\n\n",
            Timestamp::from_millis(0),
        );
        let expected = "@time=1970-01-01T00:00:00.000Z Welcome, ann.\n/cap time\n! no\n\n";
        assert_eq!(String::from_utf8(tagged).unwrap(), expected);
    }
}
