//! Batch: many posts become one write. It holds the lines that all members share,
//! and how the view of each member differs.
//!
//! Every line stands once, one after the other, in the shared bytes. Most members
//! receive exactly these. A [`View`] has the exceptions: a member's own lines are
//! left out, its replies are put in, and a newcomer's view begins where it joined.
//! Nothing is copied for that; a write takes the slices as they lie. Only a lagging
//! member needs a copy.
//!
//! ```text
//! shared   | ann: hi | bob: hello | carl: hey |
//! bob's    | ann: hi |            | carl: hey | ! Unknown command /x. |
//! ```
//!
//! A room has two of these, one plain and one with tags. Each is built only if a member
//! of the room wants it, and is shared by all that do.

use std::cell::OnceCell;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use common::tags::TagWriter;

use super::rendering::{Rendering, now};

/// The bytes of memory that an empty batch keeps: what an ordinary read brings,
/// several times over.
const KEPT_CAPACITY: usize = 32 * 1024;

/// The lines collected since the last write.
#[derive(Default)]
pub struct Batch {
    shared: Vec<u8>,
    extra: Vec<u8>,
    /// The number of shared bytes that were added last.
    last_length: usize,
    /// A copy of the shared bytes, for all members that lag.
    shared_copy: OnceCell<Arc<[u8]>>,
}

/// The difference between one member's lines and the shared ones.
#[derive(Default)]
pub struct View {
    /// The member receives the shared bytes from this offset on.
    from: usize,
    /// In order of `at`.
    splices: Vec<Splice>,
}

/// A splice at the offset `at` of the shared bytes: `insert` is put in, and `skip`
/// bytes are left out.
struct Splice {
    at: usize,
    skip: usize,
    insert: Range<usize>,
}

impl Batch {
    /// Adds lines for all members of the room.
    pub fn push_shared(&mut self, lines: &[u8]) {
        self.push_with(|shared| shared.extend_from_slice(lines));
    }

    /// Adds what `write` appends for all members of the room.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.shared.len();
        write(&mut self.shared);
        self.last_length = self.shared.len() - before;
    }

    /// Leaves the shared lines that were added last out of this view.
    pub fn exclude(&self, view: &mut View) {
        let length = self.last_length;
        let at = self.shared.len().saturating_sub(length);
        match view.splices.last_mut() {
            Some(last) if last.skip > 0 && last.at + last.skip == at => last.skip += length,
            _ => view.splices.push(Splice {
                at,
                skip: length,
                insert: 0..0,
            }),
        }
    }

    /// Adds lines for the member with this view alone.
    pub fn push_for_one(&mut self, view: &mut View, lines: &[u8]) {
        let at = self.shared.len();
        let begin = self.extra.len();
        self.extra.extend_from_slice(lines);
        let insert = begin..self.extra.len();
        view.splices.push(Splice {
            at,
            skip: 0,
            insert,
        });
    }

    /// Returns the view of a member that receives what is said from now on.
    pub fn newcomer_view(&self) -> View {
        View {
            from: self.shared.len(),
            splices: Vec::new(),
        }
    }

    /// Returns `true` if there are no shared lines.
    pub fn has_no_shared(&self) -> bool {
        self.shared.is_empty()
    }

    /// Returns `true` if there are no lines.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.extra.is_empty()
    }

    /// Puts what the member with this view receives into `slices`.
    pub fn slices<'a>(&'a self, view: &View, slices: &mut Vec<IoSlice<'a>>) {
        slices.clear();
        let mut push = |bytes: &'a [u8], range: Range<usize>| match bytes.get(range) {
            Some([]) | None => {}
            Some(slice) => slices.push(IoSlice::new(slice)),
        };
        let mut next = view.from;
        for splice in &view.splices {
            push(&self.shared, next..splice.at.max(next));
            push(&self.extra, splice.insert.clone());
            next = next.max(splice.at + splice.skip);
        }
        push(&self.shared, next..self.shared.len());
    }

    /// Returns a copy of what the member with this view receives. However many
    /// members lag, the shared bytes are copied once.
    pub fn copy_for(&self, view: &View) -> Arc<[u8]> {
        if view.is_shared() {
            let kept = self
                .shared_copy
                .get_or_init(|| self.shared.as_slice().into());
            return Arc::clone(kept);
        }
        let mut slices = Vec::new();
        self.slices(view, &mut slices);
        slices
            .iter()
            .flat_map(|slice| slice.iter())
            .copied()
            .collect()
    }

    /// Empties the batch after it was written. A busy room keeps its memory for the
    /// next batch. A room that was busy once does not, because rooms are many.
    pub fn clear(&mut self) {
        for bytes in [&mut self.shared, &mut self.extra] {
            if bytes.capacity() > KEPT_CAPACITY && bytes.len() < bytes.capacity() / 4 {
                bytes.shrink_to(KEPT_CAPACITY);
            }
            bytes.clear();
        }
        self.shared_copy.take();
    }
}

impl View {
    /// Returns `true` if the view is simply the shared lines.
    pub fn is_shared(&self) -> bool {
        self.from == 0 && self.splices.is_empty()
    }

    /// Makes this the view of the next, still empty batch.
    pub fn clear(&mut self) {
        self.splices.clear();
        self.from = 0;
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
    pub fn push_for_one(&mut self, rendering: Rendering, view: &mut View, lines: &[u8]) {
        self.form(rendering).batch.push_for_one(view, lines);
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

#[cfg(test)]
mod tests {
    use common::Timestamp;

    use super::*;

    /// Returns what the member with `view` receives, as text.
    fn received(batch: &Batch, view: &View) -> String {
        let mut slices = Vec::new();
        batch.slices(view, &mut slices);
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!(*batch.copy_for(view), *bytes, "the copy is what is sent");
        String::from_utf8(bytes).unwrap()
    }

    fn push_for_others(batch: &mut Batch, view: &mut View, lines: &[u8]) {
        batch.push_shared(lines);
        batch.exclude(view);
    }

    #[test]
    fn own_lines_are_left_out_and_private_ones_put_in() {
        let mut batch = Batch::default();
        let (mut ann, bob) = (View::default(), View::default());
        batch.push_shared(b"1 ");
        push_for_others(&mut batch, &mut ann, b"a ");
        batch.push_for_one(&mut ann, b"! ");
        batch.push_shared(b"2 ");
        push_for_others(&mut batch, &mut ann, b"b ");
        push_for_others(&mut batch, &mut ann, b"c ");
        batch.push_shared(b"3 ");
        assert_eq!(received(&batch, &bob), "1 a 2 b c 3 ");
        assert_eq!(received(&batch, &ann), "1 ! 2 3 ");
    }

    #[test]
    fn a_newcomer_receives_what_follows() {
        let mut batch = Batch::default();
        batch.push_shared(b"before ");
        let mut new = batch.newcomer_view();
        batch.push_for_one(&mut new, b"welcome ");
        batch.push_shared(b"after ");
        assert_eq!(received(&batch, &new), "welcome after ");
    }

    #[test]
    fn a_cleared_view_has_all_of_the_next_batch() {
        let mut batch = Batch::default();
        batch.push_shared(b"before ");
        let mut ann = batch.newcomer_view();
        push_for_others(&mut batch, &mut ann, b"a");
        ann.clear();
        batch.clear();
        batch.push_shared(b"b");
        assert_eq!(received(&batch, &ann), "b");
    }

    fn received_in(batch: &RoomBatch, rendering: Rendering, view: &View) -> String {
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
        assert_eq!(
            received_in(&batch, Rendering::Plain, &nc),
            "ann: a\nann: b\n"
        );
        assert_eq!(
            received_in(&batch, Rendering::Tagged, &ann),
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
        assert!(received_in(&batch, Rendering::Tagged, &ann).ends_with(" y\n"));
        assert_eq!(
            received_in(&batch, Rendering::Plain, &View::default()),
            "x\n"
        );
    }
}
