//! Received bytes -> lines: of any length, or frames, which are messages of one
//! fixed length and cost less to count.
//!
//! Notices may come between the messages at any time, for instance that many
//! have joined lately. They are neither messages nor faults, and are skipped.

use std::io::{self, BufRead, Error};

/// `m00001: `, by which a message is known as a certain member's.
pub const PREFIX_BYTES: usize = 8;

/// What all messages of the bench end with, so that the rest of a message that
/// has lost its head is not taken for a notice.
pub const FILLER: u8 = b'x';

/// Whether this is a message that is `bytes` long, with its newline.
#[inline]
pub fn is_message(line: &[u8], bytes: usize) -> bool {
    line.len() == bytes && line.ends_with(b"\n") && line[..PREFIX_BYTES].ends_with(b": ")
}

/// Whether this is something else that a server may say.
fn is_notice(line: &[u8]) -> bool {
    !line.windows(2).any(|pair| pair == b": ") && !line.ends_with(&[FILLER, b'\n'])
}

/// The lines of one member's stream.
#[derive(Clone, Default)]
pub struct Lines {
    /// The beginning of a line whose end has not come.
    torn: Vec<u8>,
}

impl Lines {
    /// Gives `take` each line, with its newline, that `bytes` completes.
    pub fn each(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            // A slice is read without an error.
            let _ = bytes.read_until(b'\n', &mut self.torn);
            if self.torn.ends_with(b"\n") {
                take(&self.torn);
                self.torn.clear();
            }
        }
    }
}

/// The frames of one member's stream.
pub struct Frames {
    bytes: usize,
    /// The beginning of a line whose end has not come. Its memory is used
    /// again, so a frame costs no allocation.
    torn: Vec<u8>,
}

impl Frames {
    /// `bytes` is the length of each message with its newline.
    pub fn new(bytes: usize) -> Frames {
        Frames {
            bytes,
            torn: Vec::new(),
        }
    }

    /// Gives `take` each frame that `bytes` completes.
    ///
    /// # Errors
    ///
    /// When a line is neither a message of this length nor a notice: a byte
    /// was lost.
    pub fn each(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.torn.is_empty()
                && let Some((frame, tail)) = rest.split_at_checked(self.bytes)
                && is_message(frame, self.bytes)
            {
                take(frame);
                rest = tail;
            } else {
                self.line(&mut rest, &mut take)?;
            }
        }
        Ok(())
    }

    /// Moves one line out of `rest`, which may be torn or a notice.
    fn line(&mut self, rest: &mut &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        // A slice is read without an error.
        let _ = rest.read_until(b'\n', &mut self.torn);
        if !self.torn.ends_with(b"\n") {
            return Ok(());
        }
        if is_message(&self.torn, self.bytes) {
            take(&self.torn);
        } else if !is_notice(&self.torn) {
            return Err(misfit(&self.torn));
        }
        self.torn.clear();
        Ok(())
    }

    /// How many frames `bytes` completes. Looks at the last one only, as long
    /// as that is where it would be if all were messages: to touch each line
    /// of a stream that nobody reads took a tenth of the generator's time, and
    /// one line of another length moves all that follow it. So notices whose
    /// lengths add up to whole frames within one read are counted as messages;
    /// the server's are shorter than one, and seconds apart.
    ///
    /// # Errors
    ///
    /// As [`Frames::each`].
    pub fn count(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let torn = (self.torn.len() + bytes.len()) % self.bytes;
        let (head, tail) = bytes.split_at(bytes.len().saturating_sub(torn));
        let last = head.len().saturating_sub(self.bytes);
        if is_message(&head[last..], self.bytes) {
            let frames = (self.torn.len() + head.len()) / self.bytes;
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
