//! Tags: the time and the id of a line, written before it.
//!
//! The form is that of IRCv3's message tags:
//! `@time=2026-03-01T12:00:59.123Z;id=lobby-k3f9-4711 ann: hi`. Only a client that has
//! asked for a capability receives them, and it ignores tags that it does not know.

use std::fmt;

use crate::Timestamp;
use crate::text::parse_number;

/// The most bytes of a line's tags, with the `@` and the space after them. The limits
/// of lines count a line without its tags.
pub const MAX_TAGS: usize = 512;

/// The stream of ids of a member's private messages.
pub const PRIVATE_STREAM: &str = "@";

/// The id of one line: the number of the line in its stream.
///
/// A stream is the life of a room, `lobby-k3f9`, or a member's private messages, `@`.
/// Numbers grow along a stream. Gaps are normal, because a member's own lines and
/// filtered ones have numbers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineId<'a> {
    /// The stream.
    pub stream: &'a str,
    /// The number, from 1.
    pub number: u64,
}

impl<'a> LineId<'a> {
    /// Parses `STREAM-NUMBER`.
    pub fn parse(text: &'a str) -> Option<LineId<'a>> {
        let (stream, digits) = text.rsplit_once('-')?;
        let number = parse_number(digits)?;
        (!stream.is_empty()).then_some(LineId { stream, number })
    }
}

impl fmt::Display for LineId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.number)
    }
}

/// The tags of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    /// When the line was said.
    pub time: Option<Timestamp>,
    /// The id of the line.
    pub id: Option<LineId<'a>>,
}

impl<'a> Tags<'a> {
    /// Splits a line into its tags and the rest. A line without tags is all rest.
    pub fn split(line: &'a str) -> (Tags<'a>, &'a str) {
        let mut tags = Tags::default();
        let Some((before, rest)) = line.strip_prefix('@').and_then(|text| text.split_once(' '))
        else {
            return (tags, line);
        };
        for tag in before.split(';') {
            match tag.split_once('=') {
                Some(("time", value)) => tags.time = Timestamp::parse(value),
                Some(("id", value)) => tags.id = LineId::parse(value),
                _unknown => {}
            }
        }
        (tags, rest)
    }
}

/// Writes the tags of lines that were said at the same time in the same stream.
pub struct TagWriter {
    /// All that stands before the number, or all of it without ids.
    prefix: Vec<u8>,
    has_id: bool,
}

impl TagWriter {
    /// Makes a writer of the time alone.
    pub fn time(time: Timestamp) -> TagWriter {
        TagWriter {
            prefix: format!("@time={time:.3} ").into_bytes(),
            has_id: false,
        }
    }

    /// Makes a writer of the time and of ids in `stream`.
    pub fn with_ids(time: Timestamp, stream: &str) -> TagWriter {
        TagWriter {
            prefix: format!("@time={time:.3};id={stream}-").into_bytes(),
            has_id: true,
        }
    }

    /// Appends `lines` to `out`, each with its tags. The first has the id `first`, and
    /// each other the next.
    pub fn push_lines(&self, lines: &[u8], first: u64, out: &mut Vec<u8>) {
        let mut number = first;
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            out.extend_from_slice(&self.prefix);
            if self.has_id {
                out.extend_from_slice(number.to_string().as_bytes());
                out.push(b' ');
                number += 1;
            }
            out.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-03-01T12:00:59.123Z";

    #[test]
    fn a_line_is_split_from_its_tags() {
        let time = Timestamp::parse(TIME);
        let id = LineId::parse("lobby-k3f9-4711");
        let tagged = |time, id| Tags { time, id };
        for (line, tags, rest) in [
            (
                "@time=2026-03-01T12:00:59.123Z;id=lobby-k3f9-4711 ann: hi",
                tagged(time, id),
                "ann: hi",
            ),
            ("@id=lobby-k3f9-4711 ann: hi", tagged(None, id), "ann: hi"),
            (
                "@new=1;time=2026-03-01T12:00:59.123Z;flag x",
                tagged(time, None),
                "x",
            ),
            ("@time=soon;id=4 x", Tags::default(), "x"),
            ("@ x", Tags::default(), "x"),
            (
                "@time=2026-03-01T12:00:59.123Z",
                Tags::default(),
                "@time=2026-03-01T12:00:59.123Z",
            ),
            ("ann: @x y", Tags::default(), "ann: @x y"),
            ("", Tags::default(), ""),
        ] {
            assert_eq!(Tags::split(line), (tags, rest), "{line:?}");
        }
    }

    #[test]
    fn an_id_ends_with_its_number() {
        let id = |stream, number| Some(LineId { stream, number });
        assert_eq!(LineId::parse("a-b-k3f9-1"), id("a-b-k3f9", 1));
        assert_eq!(LineId::parse("@-12"), id("@", 12));
        for text in [
            "",
            "1",
            "-1",
            "a-",
            "a-+1",
            "a-1x",
            "a-99999999999999999999",
        ] {
            assert_eq!(LineId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn each_line_of_a_post_has_the_next_id() {
        let time = Timestamp::parse(TIME).unwrap();
        let written = |writer: TagWriter| {
            let mut out = Vec::new();
            writer.push_lines(b"ann: a\nann: b\n", 9, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(TagWriter::with_ids(time, "r-x")),
            format!("@time={TIME};id=r-x-9 ann: a\n@time={TIME};id=r-x-10 ann: b\n")
        );
        assert_eq!(
            written(TagWriter::time(time)),
            format!("@time={TIME} ann: a\n@time={TIME} ann: b\n")
        );
    }

    #[test]
    fn the_longest_tags_fit() {
        let room = "\u{10FFFD}".repeat(crate::name::MAX_NAME);
        let time = Timestamp::parse(TIME).unwrap();
        let writer = TagWriter::with_ids(time, &format!("{room}-k3f9"));
        let mut out = Vec::new();
        writer.push_lines(b"", 0, &mut out);
        writer.push_lines(b"\n", u64::MAX - 1, &mut out);
        assert!(out.len() <= MAX_TAGS);
    }
}
