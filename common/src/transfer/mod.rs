//! Turns the lines around a file's bytes into what they mean, and back.
//!
//! A file has a connection of its own. Its first line is a [`TransferRequest`] with a ticket
//! that was given out in the chat; the server answers with an [`TransferReply`]; then the
//! bytes flow. Whoever uploads gets a second `ok` when the file is safe.
//!
//! ```text
//! /get TICKET [OFFSET] --->         /put TICKET --->
//!                      <--- ok SIZE             <--- ok HAVE
//!                      <--- bytes     the rest  --->
//!                                               <--- ok
//! ```

pub mod filename;

use std::time::Duration;

use crate::{Name, Token};

/// In which way the bytes go, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the server.
    Put,
    /// From the server.
    Get,
}

/// The first line of a transfer's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRequest {
    /// Which way.
    pub direction: Direction,
    /// None if there is none, or nonsense.
    pub ticket: Option<Token>,
    /// How many bytes of a download the client has already.
    pub offset: u64,
}

impl TransferRequest {
    /// Reads a first line; one that does not begin with `/put` or `/get` is no
    /// demand. Names do not begin with a slash, so it is not taken for one.
    pub fn parse(line: &str) -> Option<TransferRequest> {
        let mut words = line.split_whitespace();
        let direction = match words.next()? {
            "/put" => Direction::Put,
            "/get" => Direction::Get,
            _ => return None,
        };
        let ticket = words.next().and_then(Token::parse);
        let offset = words.next().map_or(Some(0), |word| word.parse().ok());
        let nothing_more = words.next().is_none();
        Some(TransferRequest {
            direction,
            ticket: ticket.filter(|_| nothing_more && offset.is_some()),
            offset: offset.unwrap_or(0),
        })
    }

    /// The line, without a newline, for `ticket`.
    pub fn encode(direction: Direction, ticket: Token, offset: u64) -> String {
        match direction {
            Direction::Put => format!("/put {ticket}"),
            Direction::Get if offset == 0 => format!("/get {ticket}"),
            Direction::Get => format!("/get {ticket} {offset}"),
        }
    }
}

/// What the server says to a demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferReply {
    /// The size of the file, in bytes; or how many of them it has already.
    Ok(u64),
    /// The upload is safe.
    Done,
    /// Why not.
    Refused(String),
}

impl TransferReply {
    /// Reads the server's line, without its newline.
    pub fn parse(line: &str) -> Option<TransferReply> {
        if line == "ok" {
            return Some(TransferReply::Done);
        }
        if let Some(why) = line.strip_prefix("! ") {
            return Some(TransferReply::Refused(why.to_string()));
        }
        line.strip_prefix("ok ")?
            .parse()
            .ok()
            .map(TransferReply::Ok)
    }

    /// The line, with its newline.
    pub fn to_line(&self) -> String {
        match self {
            TransferReply::Ok(number) => format!("ok {number}\n"),
            TransferReply::Done => "ok\n".to_string(),
            TransferReply::Refused(why) => format!("! {why}\n"),
        }
    }
}

/// Leave for one transfer, as the chat tells it to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketGrant {
    /// What the transfer has to show.
    pub ticket: Token,
    /// The file's size, in bytes.
    pub size: u64,
    /// What it is called.
    pub name: String,
    /// Its number among the files, if it is one of them already: then it is to be
    /// fetched. If not it is to be sent.
    pub id: Option<u64>,
}

/// How long a ticket is good: it is for a program, which uses it at once.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);

impl TicketGrant {
    /// The sentence in the chat.
    pub fn to_sentence(&self) -> String {
        let TicketGrant {
            ticket, size, name, ..
        } = self;
        let seconds = TICKET_LIFETIME.as_secs();
        match self.id {
            None => format!("Ticket {ticket} to put {size} bytes of {name} within {seconds} s."),
            Some(id) => {
                format!("Ticket {ticket} to get {size} bytes of {id}, {name} within {seconds} s.")
            }
        }
    }

    /// Reads such a sentence.
    pub fn parse(notice: &str) -> Option<TicketGrant> {
        let end = format!(" within {} s.", TICKET_LIFETIME.as_secs());
        let rest = notice.strip_prefix("Ticket ")?.strip_suffix(&end)?;
        let (ticket, rest) = rest.split_once(" to ")?;
        let (way, rest) = rest.split_once(' ')?;
        let (size, rest) = rest.split_once(" bytes of ")?;
        let (id, name) = match way {
            "put" => (None, rest),
            "get" => {
                let (id, name) = rest.split_once(", ")?;
                (Some(id.parse().ok()?), name)
            }
            _ => return None,
        };
        Some(TicketGrant {
            ticket: Token::parse(ticket)?,
            size: size.parse().ok()?,
            name: name.to_string(),
            id,
        })
    }
}

/// The sentence for a room when somebody has put a file there.
pub fn shared_file(who: &Name, name: &str, bytes: u64, id: u64) -> String {
    let size = format_size(bytes);
    format!("{who} shares {name}, {size}. Type /get {id} to fetch it.")
}

/// A number of bytes as people say it: `812 B`, `12.3 KB`, `1.0 GB`. The units are
/// those of the SI, 1,000 each.
pub fn format_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // A tenth is the smallest step that is shown; it is cut off, not rounded.
    let mut tenths = bytes / 100;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while tenths >= 10_000 && units.len() > 0 {
        tenths /= 1000;
        unit = units.next();
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, unit.unwrap_or(&"KB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: Token = Token(0x2a);

    #[track_caller]
    fn check(line: &str, expected: Option<(Direction, Option<Token>, u64)>) {
        let read = TransferRequest::parse(line).map(|it| (it.direction, it.ticket, it.offset));
        assert_eq!(read, expected, "{line:?}");
    }

    #[test]
    fn a_demand_is_read_as_it_was_written() {
        for (direction, offset) in [
            (Direction::Put, 0),
            (Direction::Get, 0),
            (Direction::Get, 7),
        ] {
            let line = TransferRequest::encode(direction, TICKET, offset);
            check(&line, Some((direction, Some(TICKET), offset)));
        }
    }

    #[test]
    fn a_bad_ticket_is_a_demand_without_one() {
        for line in ["/get", "/get x", "/get 2a", &format!("/get {TICKET} x")] {
            check(line, Some((Direction::Get, None, 0)));
        }
        check(
            &format!("/get {TICKET} 1 2"),
            Some((Direction::Get, None, 1)),
        );
        check(
            &format!("/get +{:031x}", 1),
            Some((Direction::Get, None, 0)),
        );
        check("/gets x", None);
        check("ann", None);
        check("", None);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let refused = TransferReply::Refused("no".to_string());
        for answer in [
            TransferReply::Ok(0),
            TransferReply::Ok(u64::MAX),
            TransferReply::Done,
            refused,
        ] {
            let line = answer.to_line();
            assert_eq!(TransferReply::parse(line.trim_end()), Some(answer));
        }
        for line in ["", "ok x", "ok -1", "okay", "Welcome, ann."] {
            assert_eq!(TransferReply::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn leave_is_read_as_it_was_told() {
        for id in [None, Some(7)] {
            for name in [
                "notes.pdf",
                "a, b within 60 s.txt",
                " to get 1 bytes of 2, x",
            ] {
                let leave = TicketGrant {
                    ticket: TICKET,
                    size: 12_345,
                    name: name.to_string(),
                    id,
                };
                assert_eq!(TicketGrant::parse(&leave.to_sentence()), Some(leave));
            }
        }
        for notice in [
            "",
            "Ticket to ride",
            "Ticket 2a to put 1 bytes of x within 60 s.",
        ] {
            assert_eq!(TicketGrant::parse(notice), None, "{notice}");
        }
    }

    #[test]
    fn sizes_are_short() {
        let check = |bytes: u64, expected: &str| assert_eq!(format_size(bytes), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1.0 KB");
        check(12_345, "12.3 KB");
        check(999_999, "999.9 KB");
        check(1_000_000, "1.0 MB");
        check(104_857_600, "104.8 MB");
        check(u64::MAX, "18446.7 PB");
    }
}
