//! Line: splits a stream of bytes into lines.
//!
//! TCP keeps the order of bytes and nothing else. One write may arrive in pieces,
//! and ten may arrive at once. The [`LineSplitter`] keeps bytes until a line is
//! complete. It reads from any [`Read`], not only from a socket.
//!
//! Bytes are split first and decoded afterwards. So a character whose bytes arrive
//! separately stays whole, and a read that times out loses no byte, as it would
//! with `BufRead::read_line`.

use std::io::{self, Read};

/// The maximum size of one read, in bytes: four of the longest lines, or about
/// 250 short ones, which then go into one batch.
const CAPACITY: usize = 16 * 1024;

/// The length of an unterminated line, in bytes, at which the splitter gives up.
/// No honest client sends so long a line. The bytes are discarded, not stored.
pub const MAX_UNTERMINATED: usize = 64 * 1024;

/// The bytes of a refused line that stay readable: enough for a number before it.
const BEGINNING: usize = 32;

/// The smallest maximum segment size of TCP, in bytes (RFC 9293, 3.7.1). A shorter
/// write is not split into segments.
pub const MIN_SEGMENT: usize = 536;

/// A result of [`LineSplitter::next`].
#[derive(Debug, PartialEq, Eq)]
pub enum NextLine<'a> {
    /// A complete line, without its `\n` or `\r\n`.
    Line(&'a str),
    /// A line over the limit. The lines after it are not lost.
    TooLong,
    /// A line that is not valid UTF-8. The lines after it are not lost.
    NotUtf8,
    /// The buffer holds no complete line. Call [`LineSplitter::fill`].
    Incomplete,
    /// The input has ended, and every line was returned.
    End,
    /// At least [`MAX_UNTERMINATED`] bytes came without a newline. No line follows.
    Overrun,
}

/// A buffer of fixed size that keeps bytes until they are complete lines.
pub struct LineSplitter {
    buffer: Box<[u8]>,
    /// The bytes at `start..end` were read and not returned yet.
    start: usize,
    end: usize,
    /// The offset of the line that was returned or refused last.
    last_start: usize,
    /// The bytes at `start..searched` contain no newline.
    searched: usize,
    /// The maximum length of a line, in bytes, newline included.
    limit: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Bytes are kept for the next line.
    Collecting,
    /// The rest of a line that was too long is discarded. The number counts the
    /// bytes of that line so far.
    Skipping(usize),
    /// A line reached [`MAX_UNTERMINATED`].
    Overrun,
    /// The reader has ended. A last line without a newline still counts.
    Ended,
}

impl LineSplitter {
    /// Returns a splitter for lines of at most `limit` bytes, newline included.
    ///
    /// `limit` should be well below 16 KiB, the minimum size of the buffer.
    pub fn new(limit: usize) -> LineSplitter {
        LineSplitter {
            // One byte more, for the newline of `end_line`.
            buffer: vec![0; CAPACITY.max(limit) + 1].into_boxed_slice(),
            start: 0,
            end: 0,
            last_start: 0,
            searched: 0,
            limit,
            state: State::Collecting,
        }
    }

    /// Changes the maximum length of a line, in bytes, newline included.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Reads once from `source` and returns the number of bytes; 0 is the end.
    ///
    /// Call it after [`next`](Self::next) returned [`NextLine::Incomplete`], because
    /// the buffer has free space then.
    ///
    /// # Errors
    ///
    /// Returns the error of `source`. No byte is lost, and the call may be repeated.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.searched -= self.start;
        self.start = 0;
        let last = self.buffer.len() - 1;
        let space = self.buffer.get_mut(self.end..last).unwrap_or_default();
        let count = source.read(space)?;
        self.end += count;
        if count == 0 && self.state != State::Overrun {
            self.state = State::Ended;
        }
        Ok(count)
    }

    /// Ends the pending line as if a newline had come. It is for sources whose every
    /// read brings whole messages.
    ///
    /// A long message may have been cut inside a character. Then the line is not
    /// ended, because the other bytes of the character follow.
    pub fn end_line(&mut self) {
        if let State::Skipping(_) = self.state {
            self.state = State::Collecting; // TooLong was returned already
        }
        let pending = self.pending();
        if pending.is_empty() || pending.ends_with(b"\n") || ends_inside_character(pending) {
            return;
        }
        if let Some(after) = self.buffer.get_mut(self.end) {
            *after = b'\n';
            self.end += 1;
        }
    }

    /// Returns `true` if a line has begun that has not ended.
    pub fn is_inside_line(&self) -> bool {
        !self.pending().is_empty() || matches!(self.state, State::Skipping(_))
    }

    /// Returns the first bytes of the line that was returned or refused last, until the
    /// next [`fill`](Self::fill).
    pub fn last_beginning(&self) -> &[u8] {
        let end = self.end.min(self.last_start + BEGINNING);
        self.buffer.get(self.last_start..end).unwrap_or_default()
    }

    /// Returns `true` if the source has ended. A line that is returned from then on has
    /// no newline.
    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Returns the bytes that were read and not returned in a line yet.
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// After [`NextLine::Overrun`], continues to skip to the end of that line. It is
    /// for a reader that trusts its source.
    pub fn skip_overrun(&mut self) {
        if self.state == State::Overrun {
            self.state = State::Skipping(0);
        }
    }

    /// Returns the next line, or the reason why there is none.
    ///
    /// This is not an `Iterator`, because each line borrows the buffer until the
    /// next call.
    #[expect(clippy::should_implement_trait)]
    pub fn next(&mut self) -> NextLine<'_> {
        loop {
            if self.state == State::Overrun {
                return NextLine::Overrun;
            }
            let Some(newline) = self.find_newline() else {
                return self.without_newline();
            };
            let (from, to) = (self.start, newline);
            if let State::Skipping(before) = self.state {
                // The long line ends here, unless it has reached MAX_UNTERMINATED.
                if before + (to - from) >= MAX_UNTERMINATED {
                    self.state = State::Overrun;
                    continue;
                }
                self.state = State::Collecting;
                self.consume(newline + 1);
                continue;
            }
            self.last_start = from;
            self.consume(newline + 1);
            return self.decode(from, to, to + 1 - from);
        }
    }

    /// Returns the result for a buffer without a newline.
    fn without_newline(&mut self) -> NextLine<'_> {
        let (from, to) = (self.start, self.end);
        let length = to - from;
        match self.state {
            State::Ended if length == 0 => NextLine::End,
            State::Ended => {
                self.last_start = from;
                self.consume(to);
                self.decode(from, to, length + 1)
            }
            State::Collecting if length < self.limit => NextLine::Incomplete,
            State::Collecting => {
                self.last_start = from;
                self.consume(to);
                self.state = State::Skipping(length);
                NextLine::TooLong
            }
            State::Skipping(before) if before + length < MAX_UNTERMINATED => {
                self.consume(to);
                self.state = State::Skipping(before + length);
                NextLine::Incomplete
            }
            State::Skipping(_) | State::Overrun => {
                self.state = State::Overrun;
                NextLine::Overrun
            }
        }
    }

    /// Decodes `from..to` as a line; `length` is compared with the limit.
    fn decode(&self, from: usize, to: usize, length: usize) -> NextLine<'_> {
        if length > self.limit {
            return NextLine::TooLong;
        }
        let bytes = self.buffer.get(from..to).unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(line) => NextLine::Line(line),
            Err(_) => NextLine::NotUtf8,
        }
    }

    fn find_newline(&mut self) -> Option<usize> {
        let unseen = self.buffer.get(self.searched..self.end)?;
        let found = unseen.iter().position(|&byte| byte == b'\n');
        let found = found.map(|offset| self.searched + offset);
        self.searched = found.unwrap_or(self.end);
        found
    }

    fn consume(&mut self, to: usize) {
        self.start = to;
        self.searched = to;
    }
}

/// Returns `true` if a long message ends inside a character, so that the other bytes
/// of the character must follow.
pub fn ends_inside_character(message: &[u8]) -> bool {
    let error = std::str::from_utf8(message).err();
    message.len() >= MIN_SEGMENT && error.is_some_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16;

    /// Returns all results for `pieces`, each of which comes from one read.
    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::new(LIMIT);
        let mut results = Vec::new();
        let mut pieces = pieces.iter().filter(|piece| !piece.is_empty());
        loop {
            match splitter.next() {
                NextLine::Incomplete => {
                    let mut piece = pieces.next().copied().unwrap_or_default();
                    splitter.fill(&mut piece).unwrap();
                    assert!(piece.is_empty(), "one read takes the whole piece");
                }
                NextLine::Line(line) => results.push(line.to_string()),
                next @ (NextLine::End | NextLine::Overrun) => {
                    results.push(format!("{next:?}"));
                    return results;
                }
                next => results.push(format!("{next:?}")),
            }
        }
    }

    /// Splits `input` whole, cut in two at every offset, and byte by byte.
    #[track_caller]
    fn check(input: &[u8], expected: &[&str]) {
        assert_eq!(split(&[input]), expected, "{input:?} whole");
        for at in 0..input.len() {
            let (a, b) = input.split_at(at);
            assert_eq!(split(&[a, b]), expected, "{input:?} cut at {at}");
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(split(&bytes), expected, "{input:?} byte by byte");
    }

    #[test]
    fn lines_are_split_at_newlines() {
        check(b"", &["End"]);
        check(b"a\n", &["a", "End"]);
        check(b"a\nb\n", &["a", "b", "End"]);
        check(b"a\r\nb\n", &["a", "b", "End"]);
        check(b"\n\r\n \n", &["", "", " ", "End"]);
        check("é👋\n".as_bytes(), &["é👋", "End"]);
    }

    #[test]
    fn a_lone_carriage_return_ends_nothing() {
        check(b"a\rb\n", &["a\rb", "End"]);
        check(b"a\r\r\n", &["a\r", "End"]);
    }

    #[test]
    fn a_tail_without_a_newline_counts_as_a_line() {
        check(b"a\nb", &["a", "b", "End"]);
        check(b"a\r", &["a", "End"]);
    }

    #[test]
    fn the_limit_counts_the_newline() {
        check(b"123456789012345\n", &["123456789012345", "End"]);
        check(b"1234567890123456\nb\n", &["TooLong", "b", "End"]);
        check(b"12345678901234\r\n", &["12345678901234", "End"]);
        check(b"123456789012345\r\nb\n", &["TooLong", "b", "End"]);
        check(b"123456789012345", &["123456789012345", "End"]);
        check(b"1234567890123456", &["TooLong", "End"]);
    }

    #[test]
    fn a_character_across_the_limit_is_never_cut() {
        check("123456789012👋\nb".as_bytes(), &["TooLong", "b", "End"]);
        check(
            "12345678901👋\nb".as_bytes(),
            &["12345678901👋", "b", "End"],
        );
    }

    #[test]
    fn invalid_utf8_costs_one_line_only() {
        check(b"\xff\nb\n", &["NotUtf8", "b", "End"]);
        check(b"\xc0\xaf\nb\n", &["NotUtf8", "b", "End"]); // overlong
        check(b"\xed\xa0\x80\nb\n", &["NotUtf8", "b", "End"]); // surrogate
        check(b"\xf0\x9f\x91\nb\n", &["NotUtf8", "b", "End"]); // cut short
    }

    #[test]
    fn a_thousand_lines_in_one_read() {
        let input = "x\n".repeat(1000);
        let mut expected = vec!["x"; 1000];
        expected.push("End");
        assert_eq!(split(&[input.as_bytes()]), expected);
    }

    #[test]
    fn an_unterminated_line_is_an_overrun_and_uses_no_memory() {
        let piece = [b'x'; 1000];
        let pieces = vec![&piece[..]; 1000];
        assert_eq!(split(&pieces), ["TooLong", "Overrun"]);
    }

    #[test]
    fn an_overrun_does_not_depend_on_the_size_of_the_pieces() {
        let mut input = vec![b'x'; MAX_UNTERMINATED];
        input.extend(b"\nb\n");
        for size in [1000, 4096, 16_384, 16_383] {
            let pieces: Vec<&[u8]> = input.chunks(size).collect();
            assert_eq!(split(&pieces), ["TooLong", "Overrun"], "by {size}");
            let pieces: Vec<&[u8]> = input[1..].chunks(size).collect();
            assert_eq!(split(&pieces), ["TooLong", "b", "End"], "by {size}");
        }
    }

    #[test]
    fn a_trusting_reader_can_skip_an_overrun() {
        let mut input = vec![b'x'; 3 * MAX_UNTERMINATED];
        input.extend(b"\nb\n");
        for size in [1000, 16_384] {
            let mut splitter = LineSplitter::new(LIMIT);
            let mut pieces = input.chunks(size);
            let line = loop {
                match splitter.next() {
                    NextLine::Overrun => splitter.skip_overrun(),
                    NextLine::Incomplete => {
                        splitter.fill(&mut pieces.next().unwrap()).unwrap();
                    }
                    NextLine::Line(line) => break line.to_string(),
                    _too_long => {}
                }
            };
            assert_eq!(line, "b", "by {size}");
        }
    }

    #[test]
    fn a_failed_read_loses_nothing() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let mut splitter = LineSplitter::new(LIMIT);
        splitter.fill(&mut &b"ab"[..]).unwrap();
        assert_eq!(splitter.next(), NextLine::Incomplete);
        splitter.fill(&mut Fails).unwrap_err();
        splitter.fill(&mut &b"c\n"[..]).unwrap();
        assert_eq!(splitter.next(), NextLine::Line("abc"));
    }

    /// Returns all results for chunks, each of which is a message.
    fn split_chunks(chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::new(MESSAGE);
        let mut results = Vec::new();
        for mut chunk in chunks.iter().copied() {
            splitter.fill(&mut chunk).unwrap();
            splitter.end_line();
            loop {
                match splitter.next() {
                    NextLine::Line(line) => results.push(line.to_string()),
                    NextLine::Incomplete => break,
                    next => results.push(format!("{next:?}")),
                }
            }
        }
        results
    }

    const MESSAGE: usize = 1024;

    #[test]
    fn a_chunk_is_a_message_and_newlines_split_it() {
        assert_eq!(split_chunks(&[b"a", b"b c"]), ["a", "b c"]);
        assert_eq!(split_chunks(&[b"a\n", b"b\nc"]), ["a", "b", "c"]);
        assert_eq!(split_chunks(&[b"\xff", b"b"]), ["NotUtf8", "b"]);
        assert_eq!(split_chunks(&["é".as_bytes()]), ["é"]);
        let long = [b'x'; 2 * MESSAGE];
        assert_eq!(split_chunks(&[&long, b"b"]), ["TooLong", "b"]);
    }

    #[test]
    fn a_line_that_is_too_long_already_can_be_ended() {
        let mut splitter = LineSplitter::new(LIMIT);
        splitter.fill(&mut &[b'x'; 100][..]).unwrap();
        assert_eq!(splitter.next(), NextLine::TooLong);
        assert!(splitter.is_inside_line());
        splitter.end_line();
        assert!(!splitter.is_inside_line());
        splitter.fill(&mut &b"b\n"[..]).unwrap();
        assert_eq!(splitter.next(), NextLine::Line("b"));
    }

    #[test]
    fn a_long_chunk_waits_for_the_rest_of_a_character() {
        let long = "x".repeat(MIN_SEGMENT) + "é";
        let (first, rest) = long.as_bytes().split_at(MIN_SEGMENT + 1);
        assert_eq!(split_chunks(&[first, rest]), [long.as_str()]);
        let short = &"xé".as_bytes()[..2];
        assert_eq!(split_chunks(&[short, b"b"]), ["NotUtf8", "b"]);
    }

    #[test]
    fn a_full_buffer_has_space_for_the_newline() {
        let mut splitter = LineSplitter::new(CAPACITY);
        splitter.fill(&mut &[b'x'; CAPACITY][..]).unwrap();
        splitter.end_line();
        assert_eq!(splitter.next(), NextLine::TooLong);
        splitter.fill(&mut &b"b"[..]).unwrap();
        splitter.end_line();
        assert_eq!(splitter.next(), NextLine::Line("b"));
    }
}
