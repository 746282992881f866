//! Buffer: the text of one write to the transcript.
//!
//! It knows no file and reads no clock: every time is passed in.

use std::io::Write;
use std::time::SystemTime;

use common::{Name, Timestamp};

/// The text of one write.
#[derive(Default)]
pub struct TranscriptBuffer {
    pub text: Vec<u8>,
    /// The number of lines that are missing if it is not written: those in it, and
    /// those that it reports as dropped.
    pub lines: u64,
}

impl TranscriptBuffer {
    /// Adds whole lines, each with its time and room.
    pub fn push_lines(&mut self, at: SystemTime, room: &Name, lines: &[u8]) {
        let before = format!("{} {room} ", Timestamp::from(at));
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            self.text.extend_from_slice(before.as_bytes());
            self.text.extend_from_slice(line);
        }
        self.lines += count_lines(lines);
    }

    /// Reports that `count` lines are missing here, if any are. `-` is not a valid
    /// name, so it cannot be confused with a room.
    pub fn push_dropped(&mut self, at: SystemTime, count: u64) {
        if count > 0 {
            let at = Timestamp::from(at);
            let _never_fails = writeln!(self.text, "{at} - {count} lines were left out.");
            self.lines += count;
        }
    }
}

/// Returns the number of lines, each with its newline.
pub fn count_lines(lines: &[u8]) -> u64 {
    let ends = lines.iter().filter(|&&byte| byte == b'\n');
    u64::try_from(ends.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_line_has_its_time_and_room_before_it() {
        let mut page = TranscriptBuffer::default();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let (lobby, tea): (Name, Name) = ("lobby".parse().unwrap(), "tea".parse().unwrap());
        page.push_lines(at(0), &lobby, b"bob: hi\n* bob: waves\n");
        page.push_dropped(at(1), 0);
        page.push_dropped(at(1), 12);
        page.push_lines(at(2), &tea, b"Server: tea is ready\n");
        let expected = "1970-01-01T00:00:00Z lobby bob: hi\n\
            1970-01-01T00:00:00Z lobby * bob: waves\n\
            1970-01-01T00:00:01Z - 12 lines were left out.\n\
            1970-01-01T00:00:02Z tea Server: tea is ready\n";
        assert_eq!(String::from_utf8(page.text).unwrap(), expected);
        assert_eq!(page.lines, 15);
    }
}
