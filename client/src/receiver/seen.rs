//! Seen lines: the ids of the lines that were shown, so that none is shown twice.

use common::LineId;

/// The number of streams whose last number is kept: more rooms than anybody visits.
const MAX_STREAMS: usize = 64;

/// The last number in each stream. Numbers of a stream only grow, so all up to the last
/// were shown or are not for us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenIds {
    /// The streams, that of the newest line last.
    streams: Vec<(String, u64)>,
}

impl SeenIds {
    /// Records that a line is shown.
    pub fn record(&mut self, id: LineId<'_>) {
        let known = self
            .streams
            .iter()
            .position(|(stream, _)| stream == id.stream);
        let (stream, last) = match known {
            Some(at) => self.streams.remove(at),
            None => (id.stream.to_string(), 0),
        };
        if self.streams.len() == MAX_STREAMS {
            self.streams.remove(0);
        }
        self.streams.push((stream, last.max(id.number)));
    }

    /// Returns `true` if the line was shown.
    pub fn contains(&self, id: LineId<'_>) -> bool {
        let is_in = |(stream, last): &(String, u64)| stream == id.stream && id.number <= *last;
        self.streams.iter().any(is_in)
    }

    /// Returns the id of the newest line; `None` if no line had one.
    pub fn last(&self) -> Option<LineId<'_>> {
        let (stream, number) = self.streams.last()?;
        Some(LineId {
            stream,
            number: *number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(stream: &str, number: u64) -> LineId<'_> {
        LineId { stream, number }
    }

    #[test]
    fn each_stream_counts_for_itself_and_the_newest_line_is_last() {
        let mut seen = SeenIds::default();
        assert_eq!(seen.last(), None);
        seen.record(id("lobby-k3f9", 7));
        seen.record(id("@", 2));
        assert_eq!(seen.last(), Some(id("@", 2)));
        assert!(seen.contains(id("lobby-k3f9", 7)) && seen.contains(id("lobby-k3f9", 3)));
        assert!(!seen.contains(id("lobby-k3f9", 8)));
        assert!(!seen.contains(id("lobby-0000", 1)), "another life");
        seen.record(id("lobby-k3f9", 9));
        assert_eq!(seen.last(), Some(id("lobby-k3f9", 9)));
        // An older line, as a history shows it, forgets nothing.
        seen.record(id("lobby-k3f9", 4));
        assert!(seen.contains(id("lobby-k3f9", 9)));
    }

    #[test]
    fn a_server_cannot_fill_the_memory() {
        let mut seen = SeenIds::default();
        for number in 1..1000 {
            seen.record(id(&format!("room-{number}"), 1));
        }
        assert_eq!(seen.streams.len(), MAX_STREAMS);
        assert!(seen.contains(id("room-999", 1)) && !seen.contains(id("room-1", 1)));
    }
}
