//! The handshake: from a new connection to membership under a name.
//!
//! ```text
//! ask the user -> check -> send -> the server's reply -> joined
//!      ^                                 |
//!      +------------ refused ------------+
//! ```
//!
//! A person may need longer than a server waits. If the connection has ended when the
//! name is ready, the client connects again without a word.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Address, Event, MAX_LINE, Name, notice};
use crossbeam_channel::{Receiver, select};

use crate::connection::{
    self, Connection, ConnectionInfo, ReadHalf, Transport, WriteHalf, refused_message,
};
use crate::exit::Exit;
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::receiver::lines::{Disconnect, ReadOutcome, ServerLines};
use crate::screen::{Screen, ScreenUpdate};

/// The time in which the server must reply to a name. It replies at once; a slow line, or
/// one that loses packets, needs longer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(4);

/// The age up to which the server has surely not closed a connection.
const FRESH_PERIOD: Duration = Duration::from_secs(1);

/// A connection that has joined the chat.
pub struct Joined {
    /// The accepted name.
    pub name: Name,
    /// The lines after the welcome.
    pub lines: ServerLines<ReadHalf>,
    /// The write half.
    pub writer: WriteHalf,
    /// The properties of the connection.
    pub info: ConnectionInfo,
    /// The first line, normally the welcome. UDP may lose it, and an unframed server may
    /// send none.
    pub first_line: Option<String>,
}

/// The surroundings of a handshake.
pub struct Handshake<'a> {
    /// The server's address.
    pub address: &'a Address,
    /// The name from the command line.
    pub given_name: Option<String>,
    /// Supplies other names.
    pub input: &'a Receiver<InputLine>,
    /// The kind of standard input.
    pub source: InputSource,
    /// Requests to quit that were not typed.
    pub quit_requests: &'a Receiver<QuitRequest>,
    /// Shows questions and refusals.
    pub screen: &'a Screen,
}

/// The server's reply to a name.
enum NameReply {
    /// We have joined; this is the first line, if there is one.
    Welcome(Option<String>),
    /// The name was refused, for this reason.
    Refused(String),
    /// The session has ended, after this refusal.
    Ended(Option<String>),
    /// The connection has ended.
    Disconnected(Disconnect),
}

/// A connection that has not joined yet.
struct PendingConnection {
    lines: ServerLines<ReadHalf>,
    writer: WriteHalf,
    info: ConnectionInfo,
    since: Instant,
}

impl Handshake<'_> {
    /// Offers names over `connection`, or a newer connection, until one is accepted.
    ///
    /// # Errors
    ///
    /// The exit, if no name is accepted.
    pub fn join(self, connection: Connection) -> Result<Joined, Exit> {
        let mut pending = PendingConnection::new(connection);
        let mut refused = None;
        loop {
            let name = self.next_name(&mut refused)?;
            if self.is_stale(&mut pending)? {
                let connection = connection::connect(self.address, pending.info.transport);
                pending = PendingConnection::new(connection.map_err(Exit::Unreachable)?);
            }
            match self.offer(&mut pending, &name)? {
                NameReply::Welcome(first) => return Ok(pending.joined(name, first)),
                NameReply::Refused(why) => refused = Some(why),
                NameReply::Disconnected(how) => return Err(how.into()),
                // If the first refusal ends the session, it is not about the name: the
                // server is full, for example.
                NameReply::Ended(why) => {
                    return Err(match refused {
                        Some(previous) => Exit::NameRefused(why.unwrap_or(previous)),
                        None => Exit::Removed(why),
                    });
                }
            }
        }
    }

    /// Returns the next valid name; `refused` is the reason of the last refusal.
    fn next_name(&self, refused: &mut Option<String>) -> Result<Name, Exit> {
        loop {
            let text = match (&self.given_name, refused.as_ref()) {
                (Some(given), None) => given.clone(),
                // A script that gives a name wants this name and no other.
                (Some(_), Some(why)) if self.source != InputSource::Terminal => {
                    return Err(Exit::NameRefused(why.clone()));
                }
                (_, why) => self.ask_name(why)?,
            };
            match text.parse::<Name>() {
                Ok(name) => return Ok(name),
                Err(error) => {
                    self.screen.warn(error.to_string());
                    *refused = Some(error.to_string());
                }
            }
        }
    }

    /// Asks the user for a name. From a pipe, the next line is the name.
    fn ask_name(&self, refused: Option<&String>) -> Result<String, Exit> {
        if self.source == InputSource::Terminal {
            self.screen.show(ScreenUpdate::AskName);
        }
        let line = select! {
            recv(self.input) -> line => line,
            recv(self.quit_requests) -> request => {
                self.end_prompt_line();
                return Err(request.map_or(Exit::Left, Exit::from));
            }
        };
        match line {
            Ok(InputLine::Line(line)) => Ok(line),
            // Neither is a valid name, and the name's parser gives the reason.
            Ok(InputLine::TooLong) => Ok("x".repeat(MAX_LINE)),
            Ok(InputLine::NotUtf8) => Ok(char::REPLACEMENT_CHARACTER.to_string()),
            Err(_) if self.source == InputSource::Terminal => {
                self.end_prompt_line();
                Err(Exit::Left)
            }
            Err(_) => Err(Exit::NameRefused(match refused {
                Some(why) => why.clone(),
                None => "the input ended before there was a name".to_string(),
            })),
        }
    }

    /// Ends the line of the question, because the cursor is still behind it.
    fn end_prompt_line(&self) {
        if self.source == InputSource::Terminal {
            self.screen.show_received(String::new());
        }
    }

    /// Sends a name and waits for the reply.
    fn offer(&self, pending: &mut PendingConnection, name: &Name) -> Result<NameReply, Exit> {
        // If this fails, the next read fails too, and may give the reason.
        let _ = pending.writer.write_all(format!("{name}\n").as_bytes());
        let deadline = Instant::now() + REPLY_TIMEOUT;
        let mut refusal = None;
        // The clock and the quit requests are checked after every read. Otherwise a
        // server could block us by repeating its question forever.
        while Instant::now() < deadline {
            self.check_quit()?;
            match pending.lines.read_line() {
                // After a refusal the server pauses, unless it ends the session.
                ReadOutcome::TimedOut if refusal.is_some() => break,
                ReadOutcome::TimedOut | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
                ReadOutcome::Disconnected(Disconnect::Refused) => {
                    let why = refused_message(self.address, pending.info.transport);
                    return Err(Exit::Unreachable(why));
                }
                ReadOutcome::Disconnected(how) => {
                    return Ok(match refusal {
                        Some(why) => NameReply::Ended(Some(why)),
                        None => NameReply::Disconnected(how),
                    });
                }
                ReadOutcome::Line(line) => {
                    if let Some(reply) = self.reply(line, pending.info.transport, &mut refusal) {
                        return Ok(reply);
                    }
                }
            }
        }
        match refusal {
            Some(why) => Ok(NameReply::Refused(why)),
            None => Err(Exit::Unreachable(format!(
                "the server at {} does not answer",
                self.address
            ))),
        }
    }

    /// Returns the reply that `line` is. A refusal is shown and stored, because an end
    /// may follow it.
    fn reply(
        &self,
        line: String,
        transport: Transport,
        refusal: &mut Option<String>,
    ) -> Option<NameReply> {
        match Event::parse(&line) {
            // The transport reports a welcome so where the server sends none.
            Event::Heartbeat if transport != Transport::Tcp => Some(NameReply::Welcome(None)),
            Event::Heartbeat | Event::Notice(notice::ASK_NAME) => None,
            Event::Quit => Some(NameReply::Ended(refusal.take())),
            Event::Refusal(why) => {
                *refusal = Some(why.to_string());
                self.screen.show_received(line);
                None
            }
            _ => Some(NameReply::Welcome(Some(line))),
        }
    }

    /// Returns `true` if the server has closed the connection while the user was typing.
    ///
    /// The lines until now, the question and a last warning, are not about the next name
    /// and are dropped.
    fn is_stale(&self, pending: &mut PendingConnection) -> Result<bool, Exit> {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        while pending.since.elapsed() > FRESH_PERIOD && Instant::now() < deadline {
            self.check_quit()?;
            match pending.lines.read_line() {
                ReadOutcome::TimedOut => return Ok(false),
                ReadOutcome::Disconnected(_) => return Ok(true),
                ReadOutcome::Line(line) if Event::parse(&line) == Event::Quit => return Ok(true),
                ReadOutcome::Line(_) | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
            }
        }
        Ok(false)
    }

    fn check_quit(&self) -> Result<(), Exit> {
        match self.quit_requests.try_recv() {
            Ok(request) => Err(request.into()),
            Err(_) => Ok(()),
        }
    }
}

impl PendingConnection {
    fn new(connection: Connection) -> PendingConnection {
        PendingConnection {
            lines: ServerLines::new(connection.reader),
            writer: connection.writer,
            info: connection.info,
            since: Instant::now(),
        }
    }

    fn joined(self, name: Name, first_line: Option<String>) -> Joined {
        Joined {
            name,
            lines: self.lines,
            writer: self.writer,
            info: self.info,
            first_line,
        }
    }
}
