//! Frames: splits received bytes into lines, or into messages of a fixed length,
//! which cost less to count.
//!
//! A server may send notices between the messages, for instance about members that
//! have joined. They are skipped. Tags before a message are skipped too, so a tagged
//! message counts as much as a plain one.

use std::io::{self, BufRead, Error};

/// The length of a prefix such as `m00001: `, which identifies the sender.
pub const PREFIX_BYTES: usize = 8;

/// The last byte of every message before its newline. It keeps the rest of a torn
/// message from being taken for a notice.
pub const FILLER: u8 = b'x';

/// Returns `true` for a message of `bytes` bytes, newline included.
#[inline]
pub fn is_message(line: &[u8], bytes: usize) -> bool {
    line.len() == bytes && line.ends_with(b"\n") && line[..PREFIX_BYTES].ends_with(b": ")
}

/// Returns `true` for a notice of a server.
fn is_notice(line: &[u8]) -> bool {
    !line.windows(2).any(|pair| pair == b": ") && !line.ends_with(&[FILLER, b'\n'])
}

/// A splitter of one member's stream into lines.
#[derive(Clone, Default)]
pub struct Lines {
    /// The beginning of an incomplete line.
    torn: Vec<u8>,
}

impl Lines {
    /// Calls `take` with each line, newline included, that `bytes` completes.
    pub fn each(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            // Reading from a slice cannot fail.
            let _ = bytes.read_until(b'\n', &mut self.torn);
            if self.torn.ends_with(b"\n") {
                take(&self.torn);
                self.torn.clear();
            }
        }
    }
}

/// A splitter of one member's stream into frames.
///
/// The tags of most messages have the same length, because the number in them gets a
/// digit more only now and then. So a tagged frame is expected to be as long as the
/// previous one, and costs no more to find than a plain one.
pub struct Frames {
    /// The length of a message without its tags.
    bytes: usize,
    /// The expected length of a frame: that of a message and its tags.
    expected: usize,
    is_tagged: bool,
    /// The beginning of an incomplete line. Its memory is reused, so a frame costs
    /// no allocation.
    torn: Vec<u8>,
}

impl Frames {
    /// Returns a splitter for messages of `bytes` bytes, newline included and tags not.
    pub fn new(bytes: usize, is_tagged: bool) -> Frames {
        Frames {
            bytes,
            expected: bytes,
            is_tagged,
            torn: Vec::new(),
        }
    }

    /// Returns the message in a frame, without its tags.
    #[inline]
    fn message<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let (tags, message) = frame.split_at_checked(frame.len().checked_sub(self.bytes)?)?;
        let fits = if self.is_tagged {
            tags.starts_with(b"@") && tags.ends_with(b" ")
        } else {
            tags.is_empty()
        };
        (fits && is_message(message, self.bytes)).then_some(message)
    }

    /// Calls `take` with each message that `bytes` completes.
    ///
    /// # Errors
    ///
    /// When a line is neither a message of this length nor a notice, because a byte
    /// was lost. When it has tags and should not, or the other way round.
    pub fn each(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.torn.is_empty()
                && let Some((frame, tail)) = rest.split_at_checked(self.expected)
                && let Some(message) = self.message(frame)
            {
                take(message);
                rest = tail;
            } else {
                self.line(&mut rest, &mut take)?;
            }
        }
        Ok(())
    }

    /// Takes one line out of `rest`, which may be incomplete or a notice.
    fn line(&mut self, rest: &mut &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        // Reading from a slice cannot fail.
        let _ = rest.read_until(b'\n', &mut self.torn);
        if !self.torn.ends_with(b"\n") {
            return Ok(());
        }
        if let Some(message) = self.message(&self.torn) {
            take(message);
            self.expected = self.torn.len();
        } else if !is_notice(&self.torn) {
            return Err(misfit(&self.torn));
        }
        self.torn.clear();
        Ok(())
    }

    /// Returns the number of frames that `bytes` completes.
    ///
    /// Checks only the last frame, if it stands where it would be after messages
    /// alone, because one line of another length shifts all frames after it. To
    /// check each line took a tenth of the generator's time. So notices whose
    /// lengths add up to whole frames within one read are counted as messages. The
    /// server's notices are shorter than a frame, and seconds apart.
    ///
    /// # Errors
    ///
    /// As [`Frames::each`].
    pub fn count(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let torn = (self.torn.len() + bytes.len()) % self.expected;
        let (head, tail) = bytes.split_at(bytes.len().saturating_sub(torn));
        let last = head.len().saturating_sub(self.expected);
        if self.message(&head[last..]).is_some() {
            let frames = (self.torn.len() + head.len()) / self.expected;
            self.torn.clear();
            self.torn.extend_from_slice(tail);
            return Ok(frames);
        }
        let mut frames = 0;
        self.each(bytes, |_| frames += 1)?;
        Ok(frames)
    }
}

#[cold]
fn misfit(line: &[u8]) -> Error {
    let text = String::from_utf8_lossy(&line[..line.len().min(64)]);
    Error::other(format!("not a line of this phase: {text:?}"))
}
