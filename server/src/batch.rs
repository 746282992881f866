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

/// The lines collected since the last write.
#[derive(Default)]
pub struct Batch {
    shared: Vec<u8>,
    private: Vec<u8>,
    /// The shared bytes once more, for all those who have to keep them.
    kept: OnceCell<Arc<[u8]>>,
}

/// How one member's lines differ from the shared ones.
#[derive(Default)]
pub struct View {
    /// Shared lines count from this offset on; none do outside the room.
    from: Option<usize>,
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
    pub fn say(&mut self, lines: &[u8]) {
        self.shared.extend_from_slice(lines);
    }

    /// Adds lines for everybody but the member with this view.
    pub fn say_for_others(&mut self, view: &mut View, lines: &[u8]) {
        let at = self.shared.len();
        self.shared.extend_from_slice(lines);
        let skip = lines.len();
        match view.edits.last_mut() {
            Some(last) if last.skip > 0 && last.at + last.skip == at => last.skip += skip,
            _ => view.edits.push(Edit {
                at,
                skip,
                insert: 0..0,
            }),
        }
    }

    /// Adds lines for the member with this view alone.
    pub fn tell(&mut self, view: &mut View, lines: &[u8]) {
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

    /// Has the member with this view hear what is said from now on.
    pub fn enter(&self, view: &mut View) {
        view.from = Some(self.shared.len());
    }

    /// Whether nothing is said to everybody.
    pub fn is_private(&self) -> bool {
        self.shared.is_empty()
    }

    /// How much waits to be written, in bytes.
    pub fn len(&self) -> usize {
        self.shared.len() + self.private.len()
    }

    /// Puts what the member with this view gets into `pieces`.
    pub fn pieces<'a>(&'a self, view: &View, pieces: &mut Vec<IoSlice<'a>>) {
        pieces.clear();
        let mut push = |bytes: &'a [u8], range: Range<usize>| match bytes.get(range) {
            Some([]) | None => {}
            Some(piece) => pieces.push(IoSlice::new(piece)),
        };
        // Outside the room the view of the shared bytes begins behind their end.
        let mut next = view.from.unwrap_or(self.shared.len());
        for edit in &view.edits {
            push(&self.shared, next..edit.at.max(next));
            push(&self.private, edit.insert.clone());
            next = next.max(edit.at + edit.skip);
        }
        push(&self.shared, next..self.shared.len());
    }

    /// What the member with this view gets, to be kept for later. However many
    /// members lag behind, what they share is copied once.
    pub fn keep(&self, view: &View) -> Arc<[u8]> {
        if view.from == Some(0) && view.edits.is_empty() {
            let kept = self.kept.get_or_init(|| self.shared.as_slice().into());
            return Arc::clone(kept);
        }
        let mut pieces = Vec::new();
        self.pieces(view, &mut pieces);
        pieces
            .iter()
            .flat_map(|piece| piece.iter())
            .copied()
            .collect()
    }

    /// Empties the batch, after everybody has got it.
    pub fn clear(&mut self) {
        self.shared.clear();
        self.private.clear();
        self.kept.take();
    }
}

impl View {
    /// Makes the view that of the next, still empty batch.
    pub fn clear(&mut self) {
        self.edits.clear();
        self.from = self.from.map(|_| 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the member with `view` gets, as text.
    fn seen(batch: &Batch, view: &View) -> String {
        let mut pieces = Vec::new();
        batch.pieces(view, &mut pieces);
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
        assert_eq!(*batch.keep(view), *bytes, "kept as it is sent");
        String::from_utf8(bytes).unwrap()
    }

    fn member() -> View {
        View {
            from: Some(0),
            edits: Vec::new(),
        }
    }

    #[test]
    fn own_lines_are_left_out_and_told_ones_put_in() {
        let (mut batch, mut ann, bob) = (Batch::default(), member(), member());
        batch.say(b"1 ");
        batch.say_for_others(&mut ann, b"a ");
        batch.tell(&mut ann, b"! ");
        batch.say(b"2 ");
        batch.say_for_others(&mut ann, b"b ");
        batch.say_for_others(&mut ann, b"c ");
        batch.say(b"3 ");
        assert_eq!(seen(&batch, &bob), "1 a 2 b c 3 ");
        assert_eq!(seen(&batch, &ann), "1 ! 2 3 ");
    }

    #[test]
    fn a_newcomer_hears_what_follows() {
        let (mut batch, mut new) = (Batch::default(), View::default());
        batch.say(b"before ");
        batch.tell(&mut new, b"name? ");
        batch.say(b"meanwhile ");
        batch.tell(&mut new, b"welcome ");
        batch.enter(&mut new);
        batch.say(b"after ");
        assert_eq!(seen(&batch, &new), "name? welcome after ");
    }

    #[test]
    fn outside_the_room_nothing_is_heard() {
        let (mut batch, mut outside) = (Batch::default(), View::default());
        batch.say(b"secret ");
        assert_eq!(seen(&batch, &outside), "");
        batch.tell(&mut outside, b"! ");
        assert_eq!(seen(&batch, &outside), "! ");
    }

    #[test]
    fn a_cleared_view_keeps_its_place_in_the_room() {
        let (mut batch, mut ann, mut outside) = (Batch::default(), member(), View::default());
        batch.say_for_others(&mut ann, b"a");
        for view in [&mut ann, &mut outside] {
            view.clear();
        }
        batch.clear();
        batch.say(b"b");
        assert_eq!(seen(&batch, &ann), "b");
        assert_eq!(seen(&batch, &outside), "");
    }
}
