//! A pending connection: what is sent and received before there is a member.

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Address, Capabilities, Capability, Event, Name, Tags, notice};
use crossbeam_channel::Receiver;

use super::negotiation::Negotiation;
use crate::connection::{
    Connection, ConnectionInfo, ReadHalf, Transport, WriteHalf, refused_message,
};
use crate::exit::Exit;
use crate::quit::QuitRequest;
use crate::receiver::lines::{Disconnect, ReadOutcome, ServerLines};

/// The time in which the server must reply to a name. It replies at once; a slow line, or
/// one that loses packets, needs longer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(4);

/// The time to wait for the answer to the request for capabilities. A server that was
/// written in a classroom may never answer. A later answer still counts.
const CAP_TIMEOUT: Duration = Duration::from_secs(1);

/// The age up to which the server has surely not closed a connection.
const FRESH_PERIOD: Duration = Duration::from_secs(1);

/// A connection that has joined the chat.
pub struct Joined {
    /// The accepted name.
    pub name: Name,
    /// `true` if the server has resumed the previous member.
    pub resumed: bool,
    /// The lines after the welcome.
    pub lines: ServerLines<ReadHalf>,
    /// The write half.
    pub writer: WriteHalf,
    /// The properties of the connection.
    pub info: ConnectionInfo,
    /// The capabilities that the server has granted.
    pub granted: Capabilities,
    /// The first line, normally the welcome. UDP may lose it, and an unframed server may
    /// send none.
    pub first_line: Option<String>,
}

/// The server's reply to a name.
pub(super) enum NameReply {
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
pub(super) struct PendingConnection<'a> {
    address: &'a Address,
    quit_requests: &'a Receiver<QuitRequest>,
    lines: ServerLines<ReadHalf>,
    writer: WriteHalf,
    info: ConnectionInfo,
    since: Instant,
    negotiation: Negotiation,
    /// An outcome that did not answer the request, for the next reader.
    put_back: Option<ReadOutcome>,
}

impl<'a> PendingConnection<'a> {
    pub(super) fn new(
        connection: Connection,
        address: &'a Address,
        quit_requests: &'a Receiver<QuitRequest>,
    ) -> PendingConnection<'a> {
        PendingConnection {
            address,
            quit_requests,
            lines: ServerLines::new(connection.reader),
            writer: connection.writer,
            info: connection.info,
            since: Instant::now(),
            negotiation: Negotiation::default(),
            put_back: None,
        }
    }

    /// Returns `true` if the server has granted `one`, or may still do so.
    pub(super) fn may_grant(&self, one: Capability) -> bool {
        self.negotiation.is_unanswered() || self.negotiation.granted().contains(one)
    }

    pub(super) fn joined(self, name: Name, resumed: bool, first_line: Option<String>) -> Joined {
        Joined {
            name,
            resumed,
            lines: self.lines,
            writer: self.writer,
            info: self.info,
            granted: self.negotiation.granted(),
            first_line,
        }
    }

    /// Asks for capabilities, once, and waits for the answer. A server that does not know
    /// the request refuses it as a name.
    pub(super) fn negotiate(&mut self, wanted: Capabilities) -> Result<(), Exit> {
        if wanted.is_empty() || !self.negotiation.record_sent() {
            return Ok(());
        }
        self.write(&wanted.to_string());
        let deadline = Instant::now() + CAP_TIMEOUT;
        while self.negotiation.is_unanswered() && Instant::now() < deadline {
            self.check_quit()?;
            match self.lines.read_line() {
                ReadOutcome::Line(line) if self.handle_answer(&line) => {}
                ReadOutcome::TimedOut | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
                // As without a request: the reply to the name may have come early.
                other => {
                    self.put_back = Some(other);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Handles a line before the name. Returns `false` if it answers something else.
    fn handle_answer(&mut self, line: &str) -> bool {
        match Event::parse(line) {
            _ if self.handle_grant(line) => true,
            Event::Refusal(why) => self.negotiation.handle_refusal(why),
            Event::Heartbeat | Event::Notice(notice::ASK_NAME) => true,
            _ => false,
        }
    }

    fn handle_grant(&mut self, line: &str) -> bool {
        let is_grant = self.negotiation.handle_grant(line);
        if self.negotiation.granted().contains(Capability::Id) {
            self.lines.require_newlines();
        }
        is_grant
    }

    /// Sends `offer`, a name or what stands in its place, and waits for the reply. Each
    /// refusal is passed to `on_refusal`, because an end may follow it.
    pub(super) fn offer(
        &mut self,
        offer: &str,
        on_refusal: impl Fn(String),
    ) -> Result<NameReply, Exit> {
        self.write(offer);
        let deadline = Instant::now() + REPLY_TIMEOUT;
        let was_unanswered = self.negotiation.is_unanswered();
        let mut refusal = None;
        // The clock and the quit requests are checked after every read. Otherwise a
        // server could block us by repeating its question forever.
        while Instant::now() < deadline {
            self.check_quit()?;
            let outcome = self.put_back.take();
            match outcome.unwrap_or_else(|| self.lines.read_line()) {
                // After a refusal the server pauses, unless it ends the session.
                ReadOutcome::TimedOut if refusal.is_some() => break,
                ReadOutcome::TimedOut | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
                ReadOutcome::Disconnected(Disconnect::Refused) => {
                    let why = refused_message(self.address, self.info.transport);
                    return Err(Exit::Unreachable(why));
                }
                ReadOutcome::Disconnected(how) => {
                    return Ok(match refusal.or_else(|| self.early_refusal(&on_refusal)) {
                        Some(why) => NameReply::Ended(Some(why)),
                        None => NameReply::Disconnected(how),
                    });
                }
                ReadOutcome::Line(line) => match self.reply(line) {
                    Some(NameReply::Refused(why)) => {
                        on_refusal(format!("! {why}"));
                        refusal = Some(why);
                    }
                    Some(NameReply::Ended(_)) => {
                        let why = refusal.or_else(|| self.early_refusal(&on_refusal));
                        return Ok(NameReply::Ended(why));
                    }
                    Some(reply) => return Ok(reply),
                    None => {}
                },
            }
        }
        // A server that ignores the request has refused the name.
        if refusal.is_none() && was_unanswered {
            refusal = self.early_refusal(&on_refusal);
        }
        refusal
            .map(NameReply::Refused)
            .ok_or_else(|| self.no_answer())
    }

    fn no_answer(&self) -> Exit {
        let address = self.address;
        Exit::Unreachable(format!("the server at {address} does not answer"))
    }

    /// Returns the reply that `line` is, or a part of it.
    fn reply(&mut self, line: String) -> Option<NameReply> {
        if self.handle_grant(&line) {
            return None;
        }
        let (tags, text) = if self.negotiation.expects_tags() {
            Tags::split(&line)
        } else {
            (Tags::default(), line.as_str())
        };
        match Event::parse(text) {
            // The transport reports a welcome so where the server sends none.
            Event::Heartbeat if self.info.transport != Transport::Tcp => {
                Some(NameReply::Welcome(None))
            }
            Event::Heartbeat | Event::Notice(notice::ASK_NAME) => None,
            Event::Quit => Some(NameReply::Ended(None)),
            // A late answer to the request, unless nothing else comes.
            Event::Refusal(why) if self.negotiation.handle_refusal(why) => None,
            Event::Refusal(why) => Some(NameReply::Refused(why.to_string())),
            _ => {
                if tags.time.is_some() {
                    self.negotiation.record_time();
                }
                Some(NameReply::Welcome(Some(line)))
            }
        }
    }

    /// Shows and returns the refusal that seemed to be about the request.
    fn early_refusal(&self, on_refusal: impl Fn(String)) -> Option<String> {
        let why = self.negotiation.early_refusal()?;
        on_refusal(format!("! {why}"));
        Some(why.to_string())
    }

    /// Returns `true` if the server has closed the connection while the user was typing.
    ///
    /// The lines until now, the question and a last warning, are not about the next name
    /// and are dropped.
    pub(super) fn is_stale(&mut self) -> Result<bool, Exit> {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        while self.since.elapsed() > FRESH_PERIOD && Instant::now() < deadline {
            self.check_quit()?;
            match self.lines.read_line() {
                ReadOutcome::TimedOut => return Ok(false),
                ReadOutcome::Disconnected(_) => return Ok(true),
                ReadOutcome::Line(line) if Event::parse(&line) == Event::Quit => return Ok(true),
                ReadOutcome::Line(_) | ReadOutcome::Incomplete | ReadOutcome::Unreadable(_) => {}
            }
        }
        Ok(false)
    }

    /// Writes a line. If this fails, the next read fails too, and may give the reason.
    fn write(&mut self, line: &str) {
        let _ = self.writer.write_all(format!("{line}\n").as_bytes());
    }

    fn check_quit(&self) -> Result<(), Exit> {
        match self.quit_requests.try_recv() {
            Ok(request) => Err(request.into()),
            Err(_) => Ok(()),
        }
    }
}
