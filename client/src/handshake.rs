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

use crate::connection::{self, Connection, ReadHalf, Terms, Transport, WriteHalf};
use crate::ending::{Ending, Leave};
use crate::incoming::{Gone, Heard, Incoming};
use crate::keyboard::{Input, Typed};
use crate::screen::{Screen, Show};

/// How long the server may take to answer a name. It answers at once; a slow
/// line, or one that loses packets, may take a while.
const ANSWER: Duration = Duration::from_secs(4);

/// A connection so young has surely not been given up by the server.
const FRESH: Duration = Duration::from_secs(1);

/// A connection that the server has taken into the room.
pub struct Joined {
    /// The name it was taken under.
    pub name: Name,
    /// What follows the welcome.
    pub incoming: Incoming<ReadHalf>,
    /// The way to the server.
    pub outgoing: WriteHalf,
    /// What else there is to know about both.
    pub terms: Terms,
    /// The first line, normally the welcome. It may have been lost, and a server
    /// that knows no lines may say nothing.
    pub first: Option<String>,
}

/// Who asks for a name, and where.
pub struct Handshake<'a> {
    /// The server.
    pub address: &'a Address,
    /// The name that was given beforehand.
    pub given: Option<String>,
    /// Where other names come from.
    pub typed: &'a Receiver<Typed>,
    /// Whether a person types them.
    pub input: Input,
    /// Wishes to leave that are not typed.
    pub leave: &'a Receiver<Leave>,
    /// Where questions and refusals are shown.
    pub screen: &'a Screen,
}

/// The server's answer to a name.
enum Answer {
    /// We are in; this is the first line, if there is one.
    Welcome(Option<String>),
    /// Not under this name, and why.
    Refused(String),
    /// Not at all: the conversation is over, and this was said before.
    Over(Option<String>),
    /// The connection ended without a word.
    Gone(Gone),
}

/// A connection on its way into the room.
struct Candidate {
    incoming: Incoming<ReadHalf>,
    outgoing: WriteHalf,
    terms: Terms,
    since: Instant,
}

impl Handshake<'_> {
    /// Offers names over `connection`, or a newer one, until one is accepted.
    ///
    /// # Errors
    ///
    /// The ending, if it does not come to that.
    pub fn join(self, connection: Connection) -> Result<Joined, Ending> {
        let mut candidate = Candidate::new(connection);
        let mut refused = None;
        loop {
            let name = self.next_name(&mut refused)?;
            if self.is_stale(&mut candidate)? {
                let connection = connection::connect(self.address, candidate.terms.transport);
                candidate = Candidate::new(connection.map_err(Ending::Unreachable)?);
            }
            match self.offer(&mut candidate, &name)? {
                Answer::Welcome(first) => return Ok(candidate.joined(name, first)),
                Answer::Refused(why) => refused = Some(why),
                Answer::Gone(gone) => return Err(gone.into()),
                // A first refusal that ends it all is not about the name: the
                // room is full, for example.
                Answer::Over(why) => {
                    return Err(match refused {
                        Some(before) => Ending::NameRefused(why.unwrap_or(before)),
                        None => Ending::Removed(why),
                    });
                }
            }
        }
    }

    /// The next text that can be a name. `refused` says why the last was none.
    fn next_name(&self, refused: &mut Option<String>) -> Result<Name, Ending> {
        loop {
            let text = match (&self.given, refused.as_ref()) {
                (Some(given), None) => given.clone(),
                // A script that gave a name wants that one and no other.
                (Some(_), Some(why)) if self.input != Input::Terminal => {
                    return Err(Ending::NameRefused(why.clone()));
                }
                (_, why) => self.ask(why)?,
            };
            match text.parse::<Name>() {
                Ok(name) => return Ok(name),
                Err(error) => {
                    self.screen.note(error.to_string());
                    *refused = Some(error.to_string());
                }
            }
        }
    }

    /// Asks the person for a name; from a pipe, the next line is taken for one.
    fn ask(&self, refused: Option<&String>) -> Result<String, Ending> {
        if self.input == Input::Terminal {
            self.screen.show(Show::AskName);
        }
        let typed = select! {
            recv(self.typed) -> typed => typed,
            recv(self.leave) -> leave => {
                self.end_the_row();
                return Err(leave.map_or(Ending::Left, Ending::from));
            }
        };
        match typed {
            Ok(Typed::Line(line)) => Ok(line),
            // Neither can be a name, and the check of the name says why.
            Ok(Typed::TooLong) => Ok("x".repeat(MAX_LINE)),
            Ok(Typed::NotUtf8) => Ok(char::REPLACEMENT_CHARACTER.to_string()),
            Err(_) if self.input == Input::Terminal => {
                self.end_the_row();
                Err(Ending::Left)
            }
            Err(_) => Err(Ending::NameRefused(match refused {
                Some(why) => why.clone(),
                None => "the input has ended before there was one".to_string(),
            })),
        }
    }

    /// The cursor still stands behind the question.
    fn end_the_row(&self) {
        if self.input == Input::Terminal {
            self.screen.received(String::new());
        }
    }

    /// Sends a name and waits for the answer.
    fn offer(&self, candidate: &mut Candidate, name: &Name) -> Result<Answer, Ending> {
        let transport = candidate.terms.transport;
        // If this fails, reading fails as well, and may tell why.
        let _ = candidate.outgoing.write_all(format!("{name}\n").as_bytes());
        let deadline = Instant::now() + ANSWER;
        let mut refusal = None;
        // The clock, and the wishes to leave, are looked at whatever was heard:
        // a server that sends its question for ever, or a line that does not
        // end, must not keep us here.
        while Instant::now() < deadline {
            self.nobody_leaves()?;
            match candidate.incoming.hear() {
                // After a refusal the server is still for a moment, unless it
                // goes on to end the conversation.
                Heard::Nothing if refusal.is_some() => break,
                Heard::Nothing | Heard::Part | Heard::Unreadable(_) => {}
                Heard::Gone(Gone::Refused) => {
                    let told = connection::refused(self.address, transport);
                    return Err(Ending::Unreachable(told));
                }
                Heard::Gone(gone) => {
                    return Ok(refusal.map_or(Answer::Gone(gone), |why| Answer::Over(Some(why))));
                }
                Heard::Line(line) => match Event::parse(&line) {
                    // The transport says so where the server has no words for it.
                    Event::Heartbeat if transport != Transport::Tcp => {
                        return Ok(Answer::Welcome(None));
                    }
                    Event::Heartbeat | Event::Notice(notice::ASK_NAME) => {}
                    Event::Quit => return Ok(Answer::Over(refusal)),
                    Event::Refusal(why) => {
                        refusal = Some(why.to_string());
                        self.screen.received(line);
                    }
                    _ => return Ok(Answer::Welcome(Some(line))),
                },
            }
        }
        match refusal {
            Some(why) => Ok(Answer::Refused(why)),
            None => Err(Ending::Unreachable(format!(
                "the server at {} does not answer",
                self.address
            ))),
        }
    }

    /// Whether the server has given us up while the person was thinking.
    ///
    /// What it has said until now, the question and its last warning, is not
    /// about the name that comes next and is dropped.
    fn is_stale(&self, candidate: &mut Candidate) -> Result<bool, Ending> {
        let deadline = Instant::now() + ANSWER;
        while candidate.since.elapsed() > FRESH && Instant::now() < deadline {
            self.nobody_leaves()?;
            match candidate.incoming.hear() {
                Heard::Nothing => return Ok(false),
                Heard::Gone(_) => return Ok(true),
                Heard::Line(line) if Event::parse(&line) == Event::Quit => return Ok(true),
                Heard::Line(_) | Heard::Part | Heard::Unreadable(_) => {}
            }
        }
        Ok(false)
    }

    fn nobody_leaves(&self) -> Result<(), Ending> {
        match self.leave.try_recv() {
            Ok(leave) => Err(leave.into()),
            Err(_) => Ok(()),
        }
    }
}

impl Candidate {
    fn new(connection: Connection) -> Candidate {
        Candidate {
            incoming: Incoming::new(connection.reader),
            outgoing: connection.writer,
            terms: connection.terms,
            since: Instant::now(),
        }
    }

    fn joined(self, name: Name, first: Option<String>) -> Joined {
        Joined {
            name,
            incoming: self.incoming,
            outgoing: self.outgoing,
            terms: self.terms,
            first,
        }
    }
}
