//! The handshake: from a new connection to membership under a name.
//!
//! ```text
//! ask the user -> check -> ask for capabilities -> send -> the server's reply -> joined
//!      ^                       (once)                             |
//!      +------------------------- refused ------------------------+
//! ```
//!
//! A person may need longer than a server waits. If the connection has ended when the
//! name is ready, the client connects again without a word.
//!
//! Writes: to the connection, until it has joined.
//! Locks: nothing.
//! Blocks: in reads and writes, for at most 250 ms, and while the user types a name.

mod negotiation;
mod pending;
mod rejoin;

use std::time::Duration;

use common::{Address, Capabilities, Capability, HEARTBEAT, MAX_LINE, Name};
use crossbeam_channel::{Receiver, select};

use crate::background;
use crate::connection::{self, Connection, Transport};
use crate::exit::Exit;
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::screen::{Screen, ScreenUpdate};
pub use pending::Joined;
use pending::{NameReply, PendingConnection};
pub use rejoin::Rejoin;

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
    /// The capabilities to ask for.
    pub wanted: Capabilities,
}

/// Returns the capabilities that this client asks for over `transport`. Heartbeats more
/// rare than [`HEARTBEAT`] would break the promise of that capability.
pub fn wanted(transport: Transport, heartbeat: Duration) -> Capabilities {
    let all: &[Capability] = match transport {
        Transport::Tcp => &[Capability::Time, Capability::Id, Capability::Resume],
        Transport::Udp => &[Capability::Time],
        Transport::Unframed => return Capabilities::default(),
    };
    let mut wanted = Capabilities::of(all);
    if heartbeat <= HEARTBEAT {
        wanted.insert(Capability::Heartbeat);
    }
    wanted
}

impl Handshake<'_> {
    /// Offers names over `connection`, or a newer connection, until one is accepted.
    ///
    /// # Errors
    ///
    /// The exit, if no name is accepted.
    pub fn join(self, connection: Connection) -> Result<Joined, Exit> {
        let transport = connection.info.transport;
        let new = |connection| PendingConnection::new(connection, self.address, self.quit_requests);
        let mut pending = new(connection);
        let mut refused = None;
        loop {
            let name = self.next_name(&mut refused)?;
            if pending.is_stale()? {
                pending = new(self.connect_again(transport)?);
            }
            pending.negotiate(self.wanted)?;
            match pending.offer(name.as_str(), |line| self.screen.show_received(line))? {
                NameReply::Welcome(first) => return Ok(pending.joined(name, false, first)),
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

    /// Connects again. It blocks for seconds, and meanwhile the user may leave.
    fn connect_again(&self, transport: Transport) -> Result<Connection, Exit> {
        let address = self.address.clone();
        let connect = move || connection::connect(&address, transport);
        let connection = background::run("connect", connect).map_err(Exit::no_thread)?;
        select! {
            recv(connection) -> connection => match connection {
                Ok(connection) => connection.map_err(Exit::Unreachable),
                Err(_) => Err(Exit::Failed("the connect thread has failed".to_string())),
            },
            recv(self.quit_requests) -> request => {
                Err(request.map_or(Exit::Left, Exit::from))
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
}
