//! Private log: the private messages of one member, numbered, and the last of them kept
//! if it may resume.

use std::collections::VecDeque;
use std::time::Instant;

use common::tags::{PRIVATE_STREAM, TagWriter};
use common::{LineId, Timestamp};

use crate::limits;
use crate::room::history::missed::MissedLine;
use crate::room::id::Lines;
use crate::room::rendering::Rendering;

/// The memory of a message beside its bytes, roughly: many tiny ones count too.
const MESSAGE_OVERHEAD: usize = 128;

/// The private messages of one member.
#[derive(Default)]
pub struct PrivateLog {
    /// The number of messages so far.
    count: u64,
    /// `None` if the member has no token.
    kept: Option<Kept>,
}

#[derive(Default)]
struct Kept {
    messages: VecDeque<Message>,
    bytes: usize,
    /// The time of the last message that was dropped to make room.
    last_dropped: Option<Instant>,
}

struct Message {
    number: u64,
    at: Instant,
    time: Timestamp,
    line: Lines,
}

impl PrivateLog {
    /// Keeps messages from now on.
    pub fn keep(&mut self) {
        self.kept.get_or_insert_default();
    }

    /// Records one message. Returns it as the member receives it.
    pub fn record(&mut self, line: &Lines, time: Timestamp, rendering: Rendering) -> Vec<u8> {
        self.count += 1;
        let message = Message {
            number: self.count,
            at: Instant::now(),
            time,
            line: Lines::clone(line),
        };
        let bytes = message.rendered(rendering);
        if let Some(kept) = &mut self.kept {
            kept.push(message);
        }
        bytes
    }

    /// Returns the time at which a message was said; `None` if it is not kept, or in
    /// another stream.
    pub fn time_of(&self, id: LineId<'_>) -> Option<Instant> {
        let mut messages = self.kept.iter().flat_map(|kept| &kept.messages);
        let found = messages.find(|message| message.number == id.number);
        found
            .filter(|_| id.stream == PRIVATE_STREAM)
            .map(|message| message.at)
    }

    /// Returns `true` if no message is missing that was said after `shown`.
    pub fn has_all_since(&self, shown: Option<Instant>) -> bool {
        let last_dropped = self.kept.as_ref().and_then(|kept| kept.last_dropped);
        last_dropped.is_none_or(|dropped| shown.is_some_and(|shown| dropped <= shown))
    }

    /// Returns the messages that were said after `shown`; `None` is all that are kept.
    pub fn missed_since(&self, shown: Option<Instant>, rendering: Rendering) -> Vec<MissedLine> {
        let messages = self.kept.iter().flat_map(|kept| &kept.messages);
        let missed = messages.filter(|message| shown.is_none_or(|shown| message.at > shown));
        let rendered = missed.map(|message| MissedLine {
            at: message.at,
            bytes: message.rendered(rendering),
        });
        rendered.collect()
    }
}

impl Kept {
    fn push(&mut self, message: Message) {
        self.bytes += message.cost();
        self.messages.push_back(message);
        while self.bytes > limits::MAX_PRIVATE_BYTES
            && let Some(oldest) = self.messages.pop_front()
        {
            self.bytes -= oldest.cost();
            self.last_dropped = Some(oldest.at);
        }
    }
}

impl Message {
    /// Returns roughly how many bytes of memory the message takes.
    fn cost(&self) -> usize {
        self.line.capacity() + MESSAGE_OVERHEAD
    }

    fn rendered(&self, rendering: Rendering) -> Vec<u8> {
        if rendering == Rendering::Plain {
            return self.line.to_vec();
        }
        let writer = TagWriter::with_ids(self.time, PRIVATE_STREAM);
        let mut bytes = Vec::new();
        writer.push_lines(&self.line, self.number, &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(log: &mut PrivateLog, line: &str) -> String {
        let line = Lines::new(line.as_bytes().to_vec());
        let time = Timestamp::from_millis(0);
        String::from_utf8(log.record(&line, time, Rendering::Tagged)).unwrap()
    }

    #[test]
    fn messages_are_numbered_whether_they_are_kept_or_not() {
        let mut log = PrivateLog::default();
        let tag = "@time=1970-01-01T00:00:00.000Z;id=@-";
        assert_eq!(record(&mut log, "a\n"), format!("{tag}1 a\n"));
        log.keep();
        assert_eq!(record(&mut log, "b\n"), format!("{tag}2 b\n"));
        let missed = log.missed_since(None, Rendering::Tagged);
        assert_eq!(missed.len(), 1);
        assert!(missed[0].bytes.ends_with(b"2 b\n"));
    }

    #[test]
    fn the_missed_ones_follow_the_last_that_was_shown() {
        let mut log = PrivateLog::default();
        log.keep();
        (0..3).for_each(|_| drop(record(&mut log, "x\n")));
        let shown = log.time_of(LineId::parse("@-2").unwrap());
        assert_eq!(log.missed_since(shown, Rendering::Tagged).len(), 1);
        assert_eq!(log.time_of(LineId::parse("lobby-x-2").unwrap()), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_bytes() {
        let mut log = PrivateLog::default();
        log.keep();
        let line = format!("{}\n", "x".repeat(1023));
        (0..100).for_each(|_| drop(record(&mut log, &line)));
        let kept = log.missed_since(None, Rendering::Tagged);
        let cost = line.len() + MESSAGE_OVERHEAD;
        assert_eq!(kept.len(), limits::MAX_PRIVATE_BYTES / cost);
        assert!(!log.has_all_since(None));
        assert!(log.time_of(LineId::parse("@-100").unwrap()).is_some());
    }
}
