//! Cookie: what the client looks at in the line that it must send back.

use common::udp::sequence::END_START;

/// `/cookie TAG LINE`, or `/cookie TAG START LINE`. The tag is the server's business.
pub(super) struct OfferedCookie<'a> {
    /// The number before the first one of both sides.
    pub start: Option<u64>,
    /// Our first line.
    pub line: &'a str,
}

impl<'a> OfferedCookie<'a> {
    /// Parses a line without its newline.
    pub(super) fn parse(line: &'a str) -> Option<OfferedCookie<'a>> {
        let (_tag, line) = line.strip_prefix("/cookie ")?.split_once(' ')?;
        let with_start = line.split_once(' ').and_then(|(start, line)| {
            let start = start.parse().ok().filter(|&start| start < END_START);
            start.map(|start| (Some(start), line))
        });
        let (start, line) = with_start.unwrap_or((None, line));
        Some(OfferedCookie { start, line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_has_a_start_or_not() {
        let check = |line: &str, expected: Option<(Option<u64>, &str)>| {
            let read = OfferedCookie::parse(line);
            assert_eq!(read.map(|it| (it.start, it.line)), expected, "{line}");
        };
        check("/cookie 2f ann", Some((None, "ann")));
        check("/cookie 2f 7", Some((None, "7")));
        check("/cookie 2f 7 ann", Some((Some(7), "ann")));
        check("/cookie 2f 7 /cap time", Some((Some(7), "/cap time")));
        check("/cookie 2f /cap time", Some((None, "/cap time")));
        let too_high = format!("/cookie 2f {END_START} ann");
        check(&too_high, Some((None, &too_high["/cookie 2f ".len()..])));
        check("/cookie 2f", None);
        check("ann", None);
    }
}
