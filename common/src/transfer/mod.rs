//! Transfer: the lines before and after the bytes of a file.
//!
//! A file has a connection of its own. Its first line is a [`TransferRequest`] with a
//! ticket that the server granted in the chat. The server answers with a
//! [`TransferReply`], and the bytes follow. After an upload, a second `ok` confirms that
//! the file is stored.
//!
//! ```text
//! /get TICKET [OFFSET] --->         /put TICKET --->
//!                      <--- ok SIZE             <--- ok HAVE
//!                      <--- bytes     the rest  --->
//!                                               <--- ok
//! ```
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no.

pub mod filename;

use std::time::Duration;

use crate::{Name, Token};

/// A direction of the bytes, named from the client's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the server.
    Put,
    /// From the server.
    Get,
}

/// The first line of a connection for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRequest {
    /// The direction of the bytes.
    pub direction: Direction,
    /// `None` if the ticket is missing or malformed.
    pub ticket: Option<Token>,
    /// The number of bytes of a download that the client already has.
    pub offset: u64,
}

impl TransferRequest {
    /// Parses a first line. Returns `None` unless it begins with `/put` or `/get`.
    ///
    /// A name cannot begin with a slash, so a request is never taken for a name.
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

    /// Returns the line for `ticket`, without a newline.
    pub fn encode(direction: Direction, ticket: Token, offset: u64) -> String {
        match direction {
            Direction::Put => format!("/put {ticket}"),
            Direction::Get if offset == 0 => format!("/get {ticket}"),
            Direction::Get => format!("/get {ticket} {offset}"),
        }
    }
}

/// The server's reply to a request, or to the end of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferReply {
    /// The size of the file to download, in bytes, or the number of bytes that the
    /// server already has of an upload.
    Ok(u64),
    /// The upload is stored.
    Done,
    /// The reason for a refusal.
    Refused(String),
}

impl TransferReply {
    /// Parses the server's line without its newline.
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

    /// Returns the line, with its newline.
    pub fn to_line(&self) -> String {
        match self {
            TransferReply::Ok(number) => format!("ok {number}\n"),
            TransferReply::Done => "ok\n".to_string(),
            TransferReply::Refused(why) => format!("! {why}\n"),
        }
    }
}

/// A permission for one transfer, granted in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketGrant {
    /// The ticket that the request must contain.
    pub ticket: Token,
    /// The size of the file in bytes.
    pub size: u64,
    /// The name of the file.
    pub name: String,
    /// The number of the file for a download, `None` for an upload.
    pub id: Option<u64>,
}

/// The refusal of a server where files are not shared.
pub const SHARING_OFF: &str = "No files are shared here.";

/// The lifetime of a ticket. It is short, because programs use tickets at once.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);

impl TicketGrant {
    /// Returns the sentence for the chat.
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

    /// Parses the sentence of [`TicketGrant::to_sentence`].
    pub fn parse(notice: &str) -> Option<TicketGrant> {
        let end = format!(" within {} s.", TICKET_LIFETIME.as_secs());
        let rest = notice.strip_prefix("Ticket ")?.strip_suffix(&end)?;
        let (ticket, rest) = rest.split_once(" to ")?;
        let (direction, rest) = rest.split_once(' ')?;
        let (size, rest) = rest.split_once(" bytes of ")?;
        let (id, name) = match direction {
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

/// Returns the notice for a room that a member has shared a file there.
pub fn shared_file(owner: &Name, name: &str, bytes: u64, id: u64) -> String {
    let size = format_size(bytes);
    format!("{owner} shares {name}, {size}. Type /get {id} to fetch it.")
}

/// Formats a number of bytes in SI units of 1,000: `812 B`, `12.3 KB`, `1.0 GB`.
pub fn format_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths are truncated, not rounded.
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
    fn a_request_is_parsed_as_it_was_encoded() {
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
    fn a_malformed_ticket_is_a_request_without_one() {
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
    fn a_reply_is_parsed_as_it_was_encoded() {
        let refused = TransferReply::Refused("no".to_string());
        for reply in [
            TransferReply::Ok(0),
            TransferReply::Ok(u64::MAX),
            TransferReply::Done,
            refused,
        ] {
            let line = reply.to_line();
            assert_eq!(TransferReply::parse(line.trim_end()), Some(reply));
        }
        for line in ["", "ok x", "ok -1", "okay", "Welcome, ann."] {
            assert_eq!(TransferReply::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_grant_is_parsed_from_its_sentence() {
        for id in [None, Some(7)] {
            for name in [
                "notes.pdf",
                "a, b within 60 s.txt",
                " to get 1 bytes of 2, x",
            ] {
                let grant = TicketGrant {
                    ticket: TICKET,
                    size: 12_345,
                    name: name.to_string(),
                    id,
                };
                assert_eq!(TicketGrant::parse(&grant.to_sentence()), Some(grant));
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
    fn a_size_has_one_unit() {
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
