//! Waiting lines: what is typed while there is no connection.

use std::collections::VecDeque;

use super::queue::OutgoingLine;

/// The number of lines that may wait. More would arrive as a flood, and the room has gone
/// on meanwhile.
pub const MAX_WAITING: usize = 50;

/// A queue of lines that wait for a connection, the oldest first.
#[derive(Debug, Default)]
pub struct WaitingLines(VecDeque<OutgoingLine>);

impl WaitingLines {
    /// Adds a line. Returns `false` if too many are waiting.
    pub fn push(&mut self, mut line: OutgoingLine) -> bool {
        let has_room = self.0.len() < MAX_WAITING;
        if has_room {
            line.has_waited = true;
            self.0.push_back(line);
        }
        has_room
    }

    /// Puts lines that could not be sent before all others. They were typed in time, so
    /// the limit does not count.
    pub fn put_back(&mut self, mut lines: VecDeque<OutgoingLine>) {
        lines.append(&mut self.0);
        self.0 = lines;
    }

    /// Returns the number of lines.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if no line waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes and returns all lines.
    pub fn take(&mut self) -> VecDeque<OutgoingLine> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_lines_wait_and_no_more() {
        let mut waiting = WaitingLines::default();
        let line = |number: usize| OutgoingLine::new(number.to_string(), None);
        for number in 0..MAX_WAITING {
            assert!(waiting.push(line(number)));
        }
        assert!(!waiting.push(line(MAX_WAITING)));
        let lines = waiting.take();
        assert_eq!(lines.len(), MAX_WAITING);
        assert_eq!(lines[0].line, "0");
        assert!(waiting.is_empty());
    }
}
