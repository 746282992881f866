//! Turns a new connection into membership: the handshake about the name.
//!
//! ```text
//! ask the person -> check -> send -> the server's answer -> joined
//!        ^                                   |
//!        +------------- refused -------------+
//! ```
//!
//! A person may take longer than a server waits, so the connection may have
//! ended when the name is ready; then it is made anew without a word. It knows
//! nothing of what is said in the room.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Address, Event, MAX_LINE, Name, notice};
use crossbeam_channel::{Receiver, select};

use crate::connection::{self, Connection, ConnectionInfo, ReadHalf, Transport, WriteHalf};
use crate::exit::Exit;
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::receiver::lines::{Disconnect, ReadOutcome, ServerLines};
use crate::screen::{Screen, ScreenUpdate};

/// How long the server may take to answer a name. It answers at once; a slow
/// line, or one that loses packets, may take a while.
const REPLY_TIMEOUT: Duration = Duration::from_secs(4);

/// A connection so young has surely not been given up by the server.
const FRESH_PERIOD: Duration = Duration::from_secs(1);

/// A connection that the server has taken into the room.
pub struct Joined {
    /// The name it was taken under.
    pub name: Name,
    /// What follows the welcome.
    pub lines: ServerLines<ReadHalf>,
    /// The way to the server.
    pub writer: WriteHalf,
    /// What else there is to know about both.
    pub info: ConnectionInfo,
    /// The first line, normally the welcome. It may have been lost, and a server
    /// that knows no lines may say nothing.
    pub first_line: Option<String>,
}

/// Who asks for a name, and where.
pub struct Handshake<'a> {
    /// The server.
    pub address: &'a Address,
    /// The name that was given beforehand.
    pub given_name: Option<String>,
    /// Where other names come from.
    pub input: &'a Receiver<InputLine>,
    /// Whether a person types them.
    pub source: InputSource,
    /// Wishes to leave that are not typed.
    pub quit_requests: &'a Receiver<QuitRequest>,
    /// Where questions and refusals are shown.
    pub screen: &'a Screen,
}

/// The server's answer to a name.
enum NameReply {
    /// We are in; this is the first line, if there is one.
    Welcome(Option<String>),
    /// Not under this name, and why.
    Refused(String),
    /// Not at all: the conversation is over, and this was said before.
    Ended(Option<String>),
    /// The connection ended without a word.
    Disconnected(Disconnect),
}

/// A connection on its way into the room.
struct PendingConnection {
    lines: ServerLines<ReadHalf>,
    writer: WriteHalf,
    info: ConnectionInfo,
    since: Instant,
}

impl Handshake<'_> {
    /// Offers names over `connection`, or a newer one, until one is accepted.
    ///
    /// # Errors
    ///
    /// The ending, if it does not come to that.
    pub fn join(self, connection: Connection) -> Result<Joined, Exit> {
        let mut candidate = PendingConnection::new(connection);
        let mut refused = None;
        loop {
            let name = self.next_name(&mut refused)?;
            if self.is_stale(&mut candidate)? {
                let connection = connection::connect(self.address, candidate.info.transport);
                candidate = PendingConnection::new(connection.map_err(Exit::Unreachable)?);
            }
            match self.offer(&mut candidate, &name)? {
                NameReply::Welcome(first) => return Ok(candidate.joined(name, first)),
                NameReply::Refused(why) => refused = Some(why),
                NameReply::Disconnected(gone) => return Err(gone.into()),
                // A first refusal that ends it all is not about the name: the
                // room is full, for example.
                NameReply::Ended(why) => {
                    return Err(match refused {
                        Some(before) => Exit::NameRefused(why.unwrap_or(before)),
                        None => Exit::Removed(why),
                    });
                }
            }
        }
    }

    /// The next text that can be a name. `refused` says why the last was none.
    fn next_name(&self, refused: &mut Option<String>) -> Result<Name, Exit> {
        loop {
            let text = match (&self.given_name, refused.as_ref()) {
                (Some(given), None) => given.clone(),
                // A script that gave a name wants that one and no other.
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

    /// Asks the person for a name; from a pipe, the next line is taken for one.
    fn ask_name(&self, refused: Option<&String>) -> Result<String, Exit> {
        if self.source == InputSource::Terminal {
            self.screen.show(ScreenUpdate::AskName);
        }
        let typed = select! {
            recv(self.input) -> typed => typed,
            recv(self.quit_requests) -> leave => {
                self.end_prompt_line();
                return Err(leave.map_or(Exit::Left, Exit::from));
            }
        };
        match typed {
            Ok(InputLine::Line(line)) => Ok(line),
            // Neither can be a name, and the check of the name says why.
            Ok(InputLine::TooLong) => Ok("x".repeat(MAX_LINE)),
            Ok(InputLine::NotUtf8) => Ok(char::REPLACEMENT_CHARACTER.to_string()),
            Err(_) if self.source == InputSource::Terminal => {
                self.end_prompt_line();
                Err(Exit::Left)
            }
            Err(_) => Err(Exit::NameRefused(match refused {
                Some(why) => why.clone(),
                None => "the input has ended before there was one".to_string(),
            })),
        }
    }

    /// The cursor still stands behind the question.
    fn end_prompt_line(&self) {
        if self.source == InputSource::Terminal {
            self.screen.show_received(String::new());
        }
    }

    /// Sends a name and waits for the answer.
    fn offer(&self, candidate: &mut PendingConnection, name: &Name) -> Result<NameReply, Exit> {
        let transport = candidate.info.transport;
        // If this fails, reading fails as well, and may tell why.
        let _ = candidate.writer.write_all(format!("{name}\n").as_bytes());
        let deadline = Instant::now() + REPLY_TIMEOUT;
        let mut refusal = None;
        // The clock, and the wishes to leave, are looked at whatever was heard:
        // a server that sends its question for ever, or a line that does not
        // end, must not keep us here.
        while Instant::now() < deadline {
            self.check_quit()?;
            match candidate.lines.read_line() {
                // After a refusal the server is still for a moment, unless it
                // goes on to end the conversation.
                ReadOutcome::TimedOut if refusal.is_some() => break,
                ReadOutcome::TimedOut | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
                ReadOutcome::Disconnected(Disconnect::Refused) => {
                    let told = connection::refused_message(self.address, transport);
                    return Err(Exit::Unreachable(told));
                }
                ReadOutcome::Disconnected(gone) => {
                    return Ok(refusal.map_or(NameReply::Disconnected(gone), |why| {
                        NameReply::Ended(Some(why))
                    }));
                }
                ReadOutcome::Line(line) => match Event::parse(&line) {
                    // The transport says so where the server has no words for it.
                    Event::Heartbeat if transport != Transport::Tcp => {
                        return Ok(NameReply::Welcome(None));
                    }
                    Event::Heartbeat | Event::Notice(notice::ASK_NAME) => {}
                    Event::Quit => return Ok(NameReply::Ended(refusal)),
                    Event::Refusal(why) => {
                        refusal = Some(why.to_string());
                        self.screen.show_received(line);
                    }
                    _ => return Ok(NameReply::Welcome(Some(line))),
                },
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

    /// Whether the server has given us up while the person was thinking.
    ///
    /// What it has said until now, the question and its last warning, is not
    /// about the name that comes next and is dropped.
    fn is_stale(&self, candidate: &mut PendingConnection) -> Result<bool, Exit> {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        while candidate.since.elapsed() > FRESH_PERIOD && Instant::now() < deadline {
            self.check_quit()?;
            match candidate.lines.read_line() {
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
            Ok(leave) => Err(leave.into()),
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

    fn joined(self, name: Name, first: Option<String>) -> Joined {
        Joined {
            name,
            lines: self.lines,
            writer: self.writer,
            info: self.info,
            first_line: first,
        }
    }
}
