//! Resuming client: a client that numbers its lines and comes back with its token.
//!
//! It keeps each of its lines until the server has dealt with it, and sends the kept ones
//! again on the next connection. It shows each line that has an id, and fails if an id
//! comes twice or too late.

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::numbering::{encode, parse_ack};
use common::{CapReply, LineId, LineSplitter, MAX_EVENT, NextLine, Tags, Token};

/// The most lines that are kept.
const MAX_KEPT: usize = 200;

/// The time in which the server must be reached, and must answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A member that survives the end of its connections.
pub struct ResumingClient {
    server: SocketAddr,
    name: String,
    token: Option<Token>,
    connection: Option<Connection>,
    last_number: u64,
    /// The lines that the server may not have dealt with, the oldest first.
    kept: VecDeque<(u64, String)>,
    /// The id of the line that was shown last.
    last_shown: Option<String>,
    /// The number of the last line in each stream.
    streams: HashMap<String, u64>,
    /// All lines that were shown, without their tags.
    pub shown: Vec<String>,
    /// The number of connections so far.
    pub connections: usize,
}

struct Connection {
    stream: TcpStream,
    lines: LineSplitter,
    /// The server has confirmed the lines of the previous connection.
    is_resumed: bool,
}

impl ResumingClient {
    /// Joins as `name`.
    pub fn join(server: SocketAddr, name: &str) -> ResumingClient {
        let mut client = ResumingClient {
            server,
            name: name.to_string(),
            token: None,
            connection: None,
            last_number: 0,
            kept: VecDeque::new(),
            last_shown: None,
            streams: HashMap::new(),
            shown: Vec::new(),
            connections: 0,
        };
        client.connect(&format!("/cap time id resume heartbeat\n{name}\n"));
        if let Some(connection) = &mut client.connection {
            connection.is_resumed = true;
        }
        client.poll_until("the token", |client| client.token.is_some());
        client
    }

    /// Goes to `server` from the next connection on.
    pub fn set_server(&mut self, server: SocketAddr) {
        self.server = server;
    }

    /// Ends the connection. The next poll makes another.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Says a line, and keeps it until it is dealt with.
    pub fn say(&mut self, line: &str) {
        self.poll_until("room for another line", |client| {
            client.kept.len() < MAX_KEPT
        });
        self.last_number += 1;
        self.kept.push_back((self.last_number, line.to_string()));
        let is_resumed = self.connection.as_ref().is_some_and(|it| it.is_resumed);
        // Otherwise it is sent as soon as the server has said what it knows.
        if is_resumed {
            self.send(&format!("{}\n", encode(self.last_number, line)));
        }
    }

    /// Asks the server which lines it has dealt with.
    pub fn beat(&mut self) {
        if self.connection.as_ref().is_some_and(|it| it.is_resumed) {
            self.send("\n");
        }
    }

    /// Polls until the server has dealt with all lines.
    pub fn settle(&mut self) {
        self.poll_until("all lines to be confirmed", |client| client.kept.is_empty());
    }

    /// Polls until a line was shown.
    pub fn expect_shown(&mut self, line: &str) {
        self.poll_until(line, |client| {
            client.shown.iter().any(|shown| shown == line)
        });
    }

    /// Receives what comes within `time`, over a new connection if there is none.
    pub fn poll(&mut self, time: Duration) {
        if self.connection.is_none() {
            return self.resume();
        }
        let until = Instant::now() + time;
        while let Some(line) = self.next_line(until) {
            self.receive(&line);
        }
    }

    fn poll_until(&mut self, what: &str, is_done: impl Fn(&ResumingClient) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_done(self) {
            assert!(
                Instant::now() < until,
                "{} waited in vain for {what}",
                self.name
            );
            self.beat();
            self.poll(Duration::from_millis(10));
        }
    }

    fn connect(&mut self, first: &str) {
        let Ok(stream) = TcpStream::connect_timeout(&self.server, PATIENCE) else {
            return;
        };
        stream.set_nodelay(true).expect("a socket");
        self.connections += 1;
        self.connection = Some(Connection {
            stream,
            lines: LineSplitter::new(MAX_EVENT + common::tags::MAX_TAGS),
            is_resumed: false,
        });
        self.send(first);
    }

    /// Asks to come back. The answer is handled by [`receive`](Self::receive).
    fn resume(&mut self) {
        let token = self.token.expect("a token");
        let last_shown = self.last_shown.clone().unwrap_or_default();
        let request = "/cap time id resume heartbeat";
        self.connect(&format!("{request}\n/resume {token} {last_shown}\n"));
    }

    fn send(&mut self, text: &str) {
        if let Some(connection) = &mut self.connection
            && connection.stream.write_all(text.as_bytes()).is_err()
        {
            self.connection = None;
        }
    }

    /// Returns the next line; `None` if none comes until then, or the connection ends.
    fn next_line(&mut self, until: Instant) -> Option<String> {
        let connection = self.connection.as_mut()?;
        loop {
            // The beginning of a line counts for nothing, so the end comes first.
            let has_ended = connection.lines.has_ended();
            match connection.lines.next() {
                NextLine::Line(line) if !has_ended => return Some(line.to_string()),
                NextLine::Incomplete => {}
                NextLine::Line(_) | NextLine::End => {
                    self.connection = None;
                    return None;
                }
                other => panic!("{} received {other:?}", self.name),
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let left = left.max(Duration::from_millis(1));
            connection.stream.set_read_timeout(Some(left)).ok();
            match connection.lines.fill(&mut connection.stream) {
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return None;
                }
                Err(_reset) => {
                    self.connection = None;
                    return None;
                }
            }
        }
    }

    fn receive(&mut self, line: &str) {
        let (tags, rest) = Tags::split(line);
        if let Some(id) = tags.id {
            self.show(id, rest);
        } else if let Some(number) = parse_ack(rest) {
            self.confirm(number);
        } else if let Some(CapReply::ResumeToken(token)) = CapReply::parse(rest) {
            assert!(self.token.is_none_or(|same| same == token), "another token");
            self.token = Some(token);
        } else if rest.is_empty() {
            self.send("\n");
        } else if rest.starts_with('!') {
            panic!("{} was refused: {rest}", self.name);
        } else if rest.contains("may be missing") {
            panic!("{} was told: {rest}", self.name);
        }
    }

    fn show(&mut self, id: LineId<'_>, line: &str) {
        let last = self.streams.entry(id.stream.to_string()).or_default();
        assert!(
            id.number > *last,
            "{} received {id} after {last}",
            self.name
        );
        *last = id.number;
        self.last_shown = Some(id.to_string());
        self.shown.push(line.to_string());
    }

    /// Forgets the lines that are dealt with. The first answer on a connection shows
    /// which of them must be sent again.
    fn confirm(&mut self, number: u64) {
        while self.kept.front().is_some_and(|&(first, _)| first <= number) {
            self.kept.pop_front();
        }
        let Some(connection) = &mut self.connection else {
            return;
        };
        if !std::mem::replace(&mut connection.is_resumed, true) {
            let again = self
                .kept
                .iter()
                .map(|(number, line)| encode(*number, line) + "\n");
            let again: String = again.collect();
            self.send(&again);
        }
    }
}
