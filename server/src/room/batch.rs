//! Many posts as one write: the lines that all members share, and for each
//! member how its own view differs.
//!
//! All that is said stands once, one line after the other, in the shared bytes.
//! Most members get exactly these. A [`View`] notes the exceptions: a member's
//! own lines are left out, what it alone is told is put in, and a newcomer's
//! view begins where it came in. Nothing is copied for any of it; a write takes
//! the pieces as they lie.
//!
//! ```text
//! shared   | ann: hi | bob: hello | carl: hey |
//! bob's    | ann: hi |            | carl: hey | ! There is no command /x. |
//! ```

use std::cell::OnceCell;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

/// How many bytes of memory a batch keeps in any case: what an ordinary read
/// brings, several times over.
const KEPT_CAPACITY: usize = 32 * 1024;

/// The lines collected since the last write.
#[derive(Default)]
pub struct Batch {
    shared: Vec<u8>,
    private: Vec<u8>,
    /// The shared bytes once more, for all those who have to keep them.
    shared_copy: OnceCell<Arc<[u8]>>,
}

/// How one member's lines differ from the shared ones.
#[derive(Default)]
pub struct View {
    /// Shared lines count from this offset on.
    from: usize,
    /// In order of `at`.
    edits: Vec<Edit>,
}

/// At the offset `at` of the shared bytes, `insert` comes in and `skip` bytes
/// are left out.
struct Edit {
    at: usize,
    skip: usize,
    insert: Range<usize>,
}

impl Batch {
    /// Adds lines for everybody in the room.
    pub fn push_shared(&mut self, lines: &[u8]) {
        self.shared.extend_from_slice(lines);
    }

    /// Leaves the last `length` bytes that were said out of this view.
    pub fn exclude(&self, view: &mut View, length: usize) {
        let at = self.shared.len().saturating_sub(length);
        match view.edits.last_mut() {
            Some(last) if last.skip > 0 && last.at + last.skip == at => last.skip += length,
            _ => view.edits.push(Edit {
                at,
                skip: length,
                insert: 0..0,
            }),
        }
    }

    /// Adds lines for the member with this view alone.
    pub fn push_private(&mut self, view: &mut View, lines: &[u8]) {
        let at = self.shared.len();
        let begin = self.private.len();
        self.private.extend_from_slice(lines);
        let insert = begin..self.private.len();
        view.edits.push(Edit {
            at,
            skip: 0,
            insert,
        });
    }

    /// The view of a member that hears what is said from now on.
    pub fn newcomer_view(&self) -> View {
        View {
            from: self.shared.len(),
            edits: Vec::new(),
        }
    }

    /// Whether nothing is said to everybody.
    pub fn has_no_shared(&self) -> bool {
        self.shared.is_empty()
    }

    /// Whether nothing is said to anybody.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.private.is_empty()
    }

    /// Puts what the member with this view gets into `pieces`.
    pub fn slices<'a>(&'a self, view: &View, pieces: &mut Vec<IoSlice<'a>>) {
        pieces.clear();
        let mut push = |bytes: &'a [u8], range: Range<usize>| match bytes.get(range) {
            Some([]) | None => {}
            Some(piece) => pieces.push(IoSlice::new(piece)),
        };
        let mut next = view.from;
        for edit in &view.edits {
            push(&self.shared, next..edit.at.max(next));
            push(&self.private, edit.insert.clone());
            next = next.max(edit.at + edit.skip);
        }
        push(&self.shared, next..self.shared.len());
    }

    /// What the member with this view gets, to be kept for later. However many
    /// members lag behind, what they share is copied once.
    pub fn copy_for(&self, view: &View) -> Arc<[u8]> {
        if view.from == 0 && view.edits.is_empty() {
            let kept = self
                .shared_copy
                .get_or_init(|| self.shared.as_slice().into());
            return Arc::clone(kept);
        }
        let mut pieces = Vec::new();
        self.slices(view, &mut pieces);
        pieces
            .iter()
            .flat_map(|piece| piece.iter())
            .copied()
            .collect()
    }

    /// Empties the batch, after everybody has got it. A busy room keeps its
    /// memory for the next; one that was busy once does not, as rooms are many.
    pub fn clear(&mut self) {
        if self.shared.capacity() > KEPT_CAPACITY && self.shared.len() < self.shared.capacity() / 4
        {
            self.shared.shrink_to(KEPT_CAPACITY);
        }
        self.shared.clear();
        self.private.clear();
        self.shared_copy.take();
    }
}

impl View {
    /// Makes the view that of the next, still empty batch.
    pub fn clear(&mut self) {
        self.edits.clear();
        self.from = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the member with `view` gets, as text.
    fn seen(batch: &Batch, view: &View) -> String {
        let mut pieces = Vec::new();
        batch.slices(view, &mut pieces);
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
        assert_eq!(*batch.copy_for(view), *bytes, "kept as it is sent");
        String::from_utf8(bytes).unwrap()
    }

    fn say_for_others(batch: &mut Batch, view: &mut View, lines: &[u8]) {
        batch.push_shared(lines);
        batch.exclude(view, lines.len());
    }

    #[test]
    fn own_lines_are_left_out_and_told_ones_put_in() {
        let mut batch = Batch::default();
        let (mut ann, bob) = (View::default(), View::default());
        batch.push_shared(b"1 ");
        say_for_others(&mut batch, &mut ann, b"a ");
        batch.push_private(&mut ann, b"! ");
        batch.push_shared(b"2 ");
        say_for_others(&mut batch, &mut ann, b"b ");
        say_for_others(&mut batch, &mut ann, b"c ");
        batch.push_shared(b"3 ");
        assert_eq!(seen(&batch, &bob), "1 a 2 b c 3 ");
        assert_eq!(seen(&batch, &ann), "1 ! 2 3 ");
    }

    #[test]
    fn a_newcomer_hears_what_follows() {
        let mut batch = Batch::default();
        batch.push_shared(b"before ");
        let mut new = batch.newcomer_view();
        batch.push_private(&mut new, b"welcome ");
        batch.push_shared(b"after ");
        assert_eq!(seen(&batch, &new), "welcome after ");
    }

    #[test]
    fn a_cleared_view_hears_all_of_the_next_batch() {
        let mut batch = Batch::default();
        batch.push_shared(b"before ");
        let mut ann = batch.newcomer_view();
        say_for_others(&mut batch, &mut ann, b"a");
        ann.clear();
        batch.clear();
        batch.push_shared(b"b");
        assert_eq!(seen(&batch, &ann), "b");
    }
}
