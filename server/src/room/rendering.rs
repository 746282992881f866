//! Rendering: the two forms of a line, plain and with tags.

use std::borrow::Cow;
use std::time::SystemTime;

use common::Timestamp;
use common::tags::TagWriter;

/// The form of the lines that a member receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rendering {
    /// The lines alone, as `nc` receives them.
    #[default]
    Plain,
    /// Each line with its time, and with its id if the history keeps it.
    Tagged,
}

impl Rendering {
    /// Returns notices of the time `time` in this form.
    pub fn of_notice(self, lines: &[u8], time: Timestamp) -> Cow<'_, [u8]> {
        match self {
            Rendering::Plain => Cow::Borrowed(lines),
            Rendering::Tagged => Cow::Owned(tag_notices(lines, time)),
        }
    }
}

/// Returns the present time, for tags.
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Returns notices with the tag of their time. Lines of the protocol, such as `/cap`
/// and `/ack`, stay as they are.
pub fn tag_notices(lines: &[u8], time: Timestamp) -> Vec<u8> {
    let writer = TagWriter::time(time);
    let mut out = Vec::with_capacity(2 * lines.len());
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        match line.first() {
            Some(b'/' | b'!' | b'\n') => out.extend_from_slice(line),
            _ => writer.push_lines(line, 0, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_protocol_are_not_tagged() {
        let tagged = tag_notices(
            b"Welcome, ann.\n/cap time\n! no\n\n",
            Timestamp::from_millis(0),
        );
        let expected = "@time=1970-01-01T00:00:00.000Z Welcome, ann.\n/cap time\n! no\n\n";
        assert_eq!(String::from_utf8(tagged).unwrap(), expected);
    }
}
