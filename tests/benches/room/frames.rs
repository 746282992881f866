//! Received bytes -> lines: of any length, or frames, which are lines of one
//! fixed length and cost less to count.

use std::io::{self, BufRead, Error};

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
    /// The beginning of a frame whose end has not come. Its memory is used
    /// again, so a frame costs no allocation.
    torn: Vec<u8>,
}

impl Frames {
    /// `bytes` is the length of each line with its newline.
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
    /// When a frame does not end with a newline: a line of another length has
    /// come, or a byte was lost.
    pub fn each(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut rest = bytes;
        if !self.torn.is_empty() {
            let missing = self.bytes - self.torn.len();
            let (head, tail) = bytes.split_at(missing.min(bytes.len()));
            self.torn.extend_from_slice(head);
            if self.torn.len() < self.bytes {
                return Ok(());
            }
            take(whole(&self.torn)?);
            self.torn.clear();
            rest = tail;
        }
        let mut frames = rest.chunks_exact(self.bytes);
        for frame in &mut frames {
            take(whole(frame)?);
        }
        self.torn.extend_from_slice(frames.remainder());
        Ok(())
    }

    /// How many frames `bytes` completes. Looks at the end of the last one
    /// only: to touch each line of a stream that nobody reads took a tenth of
    /// the generator's time, and one line of another length moves all ends.
    ///
    /// # Errors
    ///
    /// When the last frame does not end with a newline.
    pub fn count(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let all = self.torn.len() + bytes.len();
        let (frames, torn) = (all / self.bytes, all % self.bytes);
        if frames > 0 {
            let (head, rest) = bytes.split_at(bytes.len() - torn);
            whole(&head[head.len().saturating_sub(self.bytes)..])?;
            self.torn.clear();
            self.torn.extend_from_slice(rest);
        } else {
            self.torn.extend_from_slice(bytes);
        }
        Ok(frames)
    }
}

#[inline]
fn whole(frame: &[u8]) -> io::Result<&[u8]> {
    if frame.ends_with(b"\n") {
        return Ok(frame);
    }
    Err(misfit(frame))
}

#[cold]
fn misfit(frame: &[u8]) -> Error {
    let text = String::from_utf8_lossy(&frame[..frame.len().min(64)]);
    Error::other(format!("not a line of this phase: {text:?}"))
}
