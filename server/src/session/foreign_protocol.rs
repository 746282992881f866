//! Foreign protocol: a peer that speaks another protocol gets an answer in it.
//!
//! Its first bytes cannot be a name: a name contains no space and no control
//! character, and a name like an SSH banner is not worth the confusion. The bytes
//! that follow, such as the body of a request, are never read as lines.

use crate::connection::close::{Close, CloseReason};

/// The methods of HTTP, each with the space after it (RFC 9110, section 9; RFC 5789;
/// and the first word of HTTP/2, RFC 9113).
const HTTP_METHODS: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI ",
];

/// A part of the first line of every other request of HTTP.
const HTTP_VERSION: &[u8] = b" HTTP/";

/// The first word of a proxy that forwards a connection (HAProxy's PROXY protocol).
const PROXY: &[u8] = b"PROXY ";

/// The first words of a mail program (RFC 5321, 4.1.1.1).
const MAIL_GREETINGS: [&[u8]; 2] = [b"EHLO ", b"HELO "];

/// A TLS record that holds a handshake, of any version (RFC 8446, 5.1).
const TLS: &[u8] = &[22, 3];

/// A fatal alert: "unexpected message" (RFC 8446, section 6).
const TLS_ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 10];

/// The beginning of the version line of SSH (RFC 4253, 4.2 and 5.1).
const SSH: [&[u8]; 2] = [b"SSH-2.", b"SSH-1."];

const HOW_TO_JOIN: &str = "Join it with chat-client, or with nc.";

/// Returns the close of a connection whose `first` bytes are another protocol's.
pub fn detect(first: &[u8]) -> Option<Close> {
    let begins = |with: &[u8]| first.starts_with(with);
    let line = first.split(|&byte| byte == b'\n').next().unwrap_or(first);
    let request = line
        .windows(HTTP_VERSION.len())
        .any(|part| part.eq_ignore_ascii_case(HTTP_VERSION));
    let verb = HTTP_METHODS.iter().any(|verb| begins(verb));
    let answer = if verb || request || begins(PROXY) {
        bad_request()
    } else if begins(TLS) {
        // A line as well, for a person who reads the bytes themselves.
        let line = format!("! This is a chat room without TLS. {HOW_TO_JOIN}\n");
        [TLS_ALERT, line.as_bytes()].concat()
    } else if SSH.iter().any(|version| begins(version)) {
        // A server may send such lines before its version (RFC 4253, 4.2).
        format!("This is a chat room, not an SSH server. {HOW_TO_JOIN}\r\n").into()
    } else if MAIL_GREETINGS.iter().any(|word| begins(word)) {
        // "Transaction failed", or no service here (RFC 5321, 4.2.3).
        format!("554 This is a chat room, not a mail server. {HOW_TO_JOIN}\r\n").into()
    } else {
        return None;
    };
    Some(Close::with_raw_reply(CloseReason::Protocol, answer))
}

fn bad_request() -> Vec<u8> {
    let body = format!("This is a chat room, not a web server. {HOW_TO_JOIN}\n");
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(first: &[u8]) -> Option<Vec<u8>> {
        detect(first).map(|close| close.final_bytes())
    }

    #[test]
    fn each_protocol_is_answered_in_its_own_form() {
        for first in [
            "PROPFIND / HTTP/1.1\r\n",
            "get / http/1.0\n",
            "PROXY TCP4 1.2.3.4 ",
            "EHLO me",
        ] {
            assert!(answer(first.as_bytes()).is_some(), "{first}");
        }
        let http = answer(b"GET / HTTP/1.1\r\n").unwrap();
        let http = String::from_utf8(http).unwrap();
        let (head, body) = http.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        assert_eq!(body.lines().count(), 1);
        let tls = answer(&[22, 3, 1, 2, 0, 1, 0]).unwrap();
        assert_eq!(tls[..7], *TLS_ALERT);
        let ssh = answer(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
        assert!(ssh.ends_with(b"\r\n") && !ssh.starts_with(b"SSH-"));
    }

    #[test]
    fn names_are_not_taken_for_protocols() {
        for first in [
            "GET",
            "GET\n",
            "Getty\n",
            "PUTIN\n",
            "ssh-2.0\n",
            "SSH-fan\n",
            "\x16",
        ] {
            assert!(detect(first.as_bytes()).is_none(), "{first:?}");
        }
    }
}
