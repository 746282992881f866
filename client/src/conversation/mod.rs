//! The conversation: what survives a connection, from the first joining to the exit.
//!
//! ```text
//!                  +-> connection -> SENDER, RECEIVER --+
//! CONVERSATION ----+                                    +---> CONVERSATION
//!                  +-> no connection -> RECONNECT ------+
//! ```
//!
//! It passes from owner to owner: the sender has it while there is a connection, the
//! reconnecting loop while there is none. So it needs no lock.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: while the screen's queue is full.

pub mod queue;
pub mod waiting;

use std::time::Duration;

use common::{Capabilities, Capability, LOBBY, Name};
use crossbeam_channel::Receiver;

use crate::connection::Transport;
use crate::input::action::{self, LocalEcho, UserAction};
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::receiver::Memory;
use crate::screen::{Screen, ScreenUpdate};
use crate::transfers::TransferManager;
use queue::{LineQueue, OutgoingLine};
use waiting::{MAX_WAITING, WaitingLines};

/// The number of lines that a report repeats. More would fill a small window.
const MAX_REPORTED: usize = 5;

/// A conversation.
pub struct Conversation {
    /// Our name.
    pub name: Name,
    /// The time from one heartbeat to the next.
    pub heartbeat: Duration,
    /// The facts about our member. The receiver has them while there is a connection.
    pub memory: Memory,
    /// Our lines until the server has confirmed them.
    pub queue: LineQueue,
    /// The lines that were typed while there was no connection.
    pub waiting: WaitingLines,
    /// The kind of standard input.
    pub source: InputSource,
    /// Lines from stdin; closed at the end of the input.
    pub input: Receiver<InputLine>,
    /// `true` if the input has ended.
    pub input_ended: bool,
    /// Requests to quit that were not typed.
    pub quit_requests: Receiver<QuitRequest>,
    /// The file transfers and their events.
    pub transfers: TransferManager,
    /// The screen.
    pub screen: Screen,
}

/// The differences between a member and the previous one of this conversation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RejoinReport {
    /// The lines of the previous member that were never confirmed. They are not sent again.
    perhaps_said: Vec<String>,
    /// `true` if the previous member was in another room.
    is_elsewhere: bool,
}

impl Conversation {
    /// Begins as a new member. Returns what the user should know after the welcome.
    pub fn begin(&mut self, granted: Capabilities) -> RejoinReport {
        let restarted = self.queue.restart(granted.contains(Capability::Id));
        self.waiting.put_back(restarted.unsent);
        self.transfers.tickets.on_rejoined();
        let previous = std::mem::take(&mut self.memory);
        self.screen.show(ScreenUpdate::Online);
        let lobby = LOBBY.to_string();
        self.screen.show(ScreenUpdate::RoomChanged(lobby));
        RejoinReport {
            perhaps_said: restarted.said,
            is_elsewhere: previous.room != LOBBY,
        }
    }

    /// Takes the name under which the server has welcomed us: the connection may have
    /// broken before we knew a new one.
    pub fn set_name(&mut self, name: &Name) {
        if self.name != *name {
            self.name = name.clone();
            self.screen.show(ScreenUpdate::Renamed(name.to_string()));
        }
    }

    /// Continues as the previous member: what is unconfirmed is sent again, and what
    /// waits is sent after it.
    pub fn resume(&mut self) -> RejoinReport {
        self.queue.resend();
        self.transfers.tickets.on_resumed();
        self.screen.show(ScreenUpdate::Online);
        RejoinReport::default()
    }

    /// Reports what was lost, and sends what waits, unless it was typed for another room.
    pub fn after_welcome(&mut self, beginning: &RejoinReport) {
        self.report_unconfirmed(&beginning.perhaps_said);
        match self.waiting.len() {
            0 => {}
            _ if !beginning.is_elsewhere => self.send_waiting(),
            count => self.screen.warn(format!(
                "{} waiting. Type /send-waiting to send here, /drop-waiting to discard",
                lines_are(count)
            )),
        }
    }

    /// Returns what an input line asks for.
    pub fn action(&self, line: InputLine, transport: Transport) -> UserAction {
        match line {
            InputLine::Line(line) => action::parse(&line, &self.name, transport),
            InputLine::TooLong => UserAction::TooLong,
            InputLine::NotUtf8 => UserAction::NotUtf8,
        }
    }

    /// Keeps a line until there is a connection again.
    pub fn keep_for_later(&mut self, line: OutgoingLine) {
        let shown = format!("waiting: {}", line.line);
        if self.waiting.push(line) {
            self.screen.info(shown);
        } else {
            let why = format!("not sent, {MAX_WAITING} lines are waiting already");
            self.screen.warn(why);
        }
    }

    /// Moves what waits to the queue.
    pub fn send_waiting(&mut self) {
        for line in self.waiting.take() {
            self.queue.push(line);
        }
    }

    /// Discards what waits.
    pub fn drop_waiting(&mut self) {
        let count = self.waiting.take().len();
        self.screen.info(format!("discarded: {}", lines(count)));
    }

    /// Returns `true` if the input has ended and nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.input_ended && self.transfers.is_idle() && !self.queue.has_unsent()
    }

    /// Shows our own line.
    pub fn show(&self, echo: LocalEcho) {
        match echo {
            LocalEcho::Line(lines) => {
                for line in lines.lines() {
                    self.screen.show_own(line.to_string());
                }
            }
            LocalEcho::Reply(text) => self.screen.show(ScreenUpdate::Reply(text)),
        }
    }

    /// Reports, at the end, which lines have perhaps not reached the others.
    pub fn report_end(&self) {
        self.report_unconfirmed(&self.queue.unconfirmed_said());
        let unsent = self.waiting.len() + self.queue.waiting_count();
        if unsent > 0 {
            self.screen.warn(format!("not sent: {}", lines(unsent)));
        }
    }

    fn report_unconfirmed(&self, said: &[String]) {
        if said.is_empty() {
            return;
        }
        let count = lines(said.len());
        self.screen.warn(format!("perhaps not said: {count}"));
        for line in said.iter().take(MAX_REPORTED) {
            self.screen.warn(format!("  {line}"));
        }
        let more = said.len().saturating_sub(MAX_REPORTED);
        if more > 0 {
            self.screen.warn(format!("  and {more} more"));
        }
    }
}

fn lines(count: usize) -> String {
    match count {
        1 => "1 line".to_string(),
        count => format!("{count} lines"),
    }
}

fn lines_are(count: usize) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", lines(count))
}

#[cfg(test)]
impl Conversation {
    /// Makes a conversation of ann whose other ends a test has.
    pub fn for_tests(
        source: InputSource,
        input: Receiver<InputLine>,
        quit_requests: Receiver<QuitRequest>,
        screen: Screen,
    ) -> Conversation {
        use crate::transfers::TransferConfig;
        let config = TransferConfig::default();
        Conversation {
            name: "ann".parse().unwrap(),
            heartbeat: Duration::from_secs(3600),
            memory: Memory::default(),
            queue: LineQueue::default(),
            waiting: WaitingLines::default(),
            source,
            input,
            input_ended: false,
            quit_requests,
            transfers: TransferManager::new(config, screen.clone(), crossbeam_channel::never()),
            screen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Line;
    use crossbeam_channel::never;

    fn conversation() -> (Conversation, Receiver<ScreenUpdate>) {
        let (screen, shown) = Screen::recording();
        let source = InputSource::Terminal;
        let mut conversation = Conversation::for_tests(source, never(), never(), screen);
        conversation.begin(Capabilities::of(&[Capability::Id]));
        shown.try_iter().for_each(drop);
        (conversation, shown)
    }

    fn said(text: &str) -> OutgoingLine {
        let echo = LocalEcho::Line(format!("ann: {text}"));
        OutgoingLine::new(text.to_string(), Some(echo))
    }

    /// Returns the client's own lines.
    fn reports(shown: &Receiver<ScreenUpdate>) -> Vec<String> {
        let texts = shown.try_iter().filter_map(|update| match update {
            ScreenUpdate::Line(Line::Warning(text) | Line::Info(text)) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    /// Sends `lines` without a confirmation.
    fn send(conversation: &mut Conversation, lines: &[&str]) {
        for line in lines {
            conversation.queue.push(said(line));
            conversation.queue.next_line();
            conversation.queue.record_sent();
        }
    }

    #[test]
    fn resuming_sends_what_is_unconfirmed_and_then_what_waits() {
        let (mut conversation, shown) = conversation();
        send(&mut conversation, &["one", "two"]);
        conversation.keep_for_later(said("three"));
        assert_eq!(reports(&shown), ["waiting: three"]);
        let beginning = conversation.resume();
        conversation.after_welcome(&beginning);
        conversation.queue.confirm(1);
        for expected in ["/seq 2 two", "/seq 3 three"] {
            let next = conversation.queue.next_line();
            assert_eq!(next.as_deref(), Some(expected));
            conversation.queue.record_sent();
        }
        assert!(reports(&shown).is_empty());
    }

    #[test]
    fn joining_by_name_says_nothing_twice_and_sends_what_waits_to_the_same_room() {
        let (mut conversation, shown) = conversation();
        send(&mut conversation, &["one"]);
        conversation.keep_for_later(said("two"));
        let beginning = conversation.begin(Capabilities::of(&[Capability::Id]));
        conversation.after_welcome(&beginning);
        let next = conversation.queue.next_line();
        assert_eq!(next.as_deref(), Some("/seq 1 two"));
        let expected = ["waiting: two", "perhaps not said: 1 line", "  one"];
        assert_eq!(reports(&shown), expected);
    }

    #[test]
    fn what_waits_for_another_room_waits_for_the_user() {
        let (mut conversation, shown) = conversation();
        conversation.memory.room = "games".to_string();
        conversation.keep_for_later(said("one"));
        conversation.keep_for_later(said("two"));
        reports(&shown);
        let beginning = conversation.begin(Capabilities::default());
        conversation.after_welcome(&beginning);
        let question =
            "2 lines are waiting. Type /send-waiting to send here, /drop-waiting to discard";
        assert_eq!(reports(&shown), [question]);
        assert!(!conversation.queue.has_unsent());
        conversation.send_waiting();
        assert_eq!(conversation.queue.next_line().as_deref(), Some("one"));
        conversation.keep_for_later(said("three"));
        reports(&shown);
        conversation.drop_waiting();
        assert_eq!(reports(&shown), ["discarded: 1 line"]);
    }

    #[test]
    fn the_fifty_first_waiting_line_is_refused() {
        let (mut conversation, shown) = conversation();
        for number in 0..=MAX_WAITING {
            conversation.keep_for_later(said(&number.to_string()));
        }
        let last = reports(&shown).pop();
        let expected = "not sent, 50 lines are waiting already";
        assert_eq!(last.as_deref(), Some(expected));
    }

    #[test]
    fn the_end_reports_what_is_unconfirmed_and_what_waits() {
        let (mut conversation, shown) = conversation();
        conversation.report_end();
        assert!(reports(&shown).is_empty());
        send(&mut conversation, &["1", "2", "3", "4", "5", "6", "7"]);
        conversation.keep_for_later(said("later"));
        reports(&shown);
        conversation.report_end();
        let reported = reports(&shown);
        assert_eq!(reported[0], "perhaps not said: 7 lines");
        assert_eq!(reported[5..], ["  5", "  and 2 more", "not sent: 1 line"]);
    }
}
