//! The receiver's state: what each line from the server means, given those before it.

use common::transfer::TicketGrant;
use common::{CapReply, Capabilities, Capability, Event, LineId, Name, Tags, notice, numbering};
use crossbeam_channel::Sender;

use super::memory::Memory;
use super::update::{LastMessage, MAX_UPDATES, ServerUpdate};
use crate::screen::{Screen, ScreenUpdate};

/// The receiver's state on one connection.
pub(super) struct ReceiverState {
    pub(super) memory: Memory,
    pub(super) screen: Screen,
    updates: Sender<ServerUpdate>,
    granted: Capabilities,
    /// `true` inside a history, whose lines may have been shown before.
    in_history: bool,
    last_message: LastMessage,
    /// The reason why the previous line could not be shown.
    last_unreadable: Option<&'static str>,
    /// Our new name, until the sender has it.
    new_name: Option<Name>,
    /// `true` if the sender does not know of the last empty line.
    unsent_heartbeat: bool,
}

impl ReceiverState {
    pub(super) fn new(
        memory: Memory,
        screen: Screen,
        updates: Sender<ServerUpdate>,
        granted: Capabilities,
    ) -> ReceiverState {
        ReceiverState {
            memory,
            screen,
            updates,
            granted,
            in_history: false,
            last_message: LastMessage::None,
            last_unreadable: None,
            new_name: None,
            unsent_heartbeat: false,
        }
    }

    /// Shows a line, and forwards what concerns the sender. Returns the message before
    /// `q:quit`, which ends the session.
    pub(super) fn handle_line(&mut self, line: &str) -> Option<LastMessage> {
        let (tags, text) = self.split(line);
        if text == line && self.handle_control(line) {
            return None;
        }
        match Event::parse(text) {
            Event::Quit => return Some(std::mem::take(&mut self.last_message)),
            Event::Heartbeat => {
                self.unsent_heartbeat = true;
                self.send_pending();
            }
            event => {
                self.record_message(&event);
                if !self.is_repeated(&event, tags.id) {
                    self.show(text, &event, tags);
                }
            }
        }
        None
    }

    /// Splits the tags off. A server that was not asked for tags sends none.
    fn split<'a>(&self, line: &'a str) -> (Tags<'a>, &'a str) {
        let asked = [Capability::Time, Capability::Id];
        if asked.iter().any(|&one| self.granted.contains(one)) {
            Tags::split(line)
        } else {
            (Tags::default(), line)
        }
    }

    /// Handles a line about capabilities or confirmations, which is never shown. Returns
    /// `false` for any other line.
    fn handle_control(&mut self, line: &str) -> bool {
        if self.granted.is_empty() {
            return false;
        }
        if let Some(number) = numbering::parse_ack(line) {
            let _ = self.updates.try_send(ServerUpdate::Ack(number));
            return true;
        }
        match CapReply::parse(line) {
            Some(CapReply::ResumeToken(token)) => self.memory.token = Some(token),
            Some(CapReply::Granted(_)) => {}
            None => return false,
        }
        true
    }

    /// Returns `true` if the line was shown already, and records it otherwise.
    fn is_repeated(&mut self, event: &Event<'_>, id: Option<LineId<'_>>) -> bool {
        if let Event::HistoryMarker(text) = event {
            self.in_history = *text != notice::EXCERPT_END && !notice::is_missed_header(text);
        }
        let Some(id) = id else { return false };
        let repeated = !self.in_history && self.memory.seen.contains(id);
        if !repeated {
            self.memory.seen.record(id);
        }
        repeated
    }

    fn show(&mut self, text: &str, event: &Event<'_>, tags: Tags<'_>) {
        let shown = text.to_string();
        match *event {
            Event::Notice(notice) if self.forward_ticket(notice) => {}
            Event::Notice(notice) => {
                self.handle_own_notice(notice);
                self.screen.show_received_at(shown, tags.time);
            }
            Event::Refusal(why) => {
                self.screen.show_received_at(shown, tags.time);
                self.forward_refusal(why);
            }
            _ => self.screen.show_received_at(shown, tags.time),
        }
    }

    /// Handles a notice about our name or room.
    fn handle_own_notice(&mut self, notice: &str) {
        if let Some(name) = notice::parse_own_new_name(notice) {
            self.screen.show(ScreenUpdate::Renamed(name.to_string()));
            self.new_name = Some(name);
        }
        if let Some(room) = notice::parse_own_new_room(notice) {
            self.memory.room = room.to_string();
            let room = room.to_string();
            self.screen.show(ScreenUpdate::RoomChanged(room));
        }
    }

    /// Sends our new name and an empty line to the sender, now or when the channel has
    /// room. A blocking send could deadlock: the sender may wait for a server that
    /// waits until we have read. Only the newest name matters, and one answer is enough
    /// for several probes.
    pub(super) fn send_pending(&mut self) {
        let send = |update| self.updates.try_send(update).is_ok();
        // The new name has waited longer.
        if let Some(name) = &self.new_name
            && send(ServerUpdate::Renamed(name.clone()))
        {
            self.new_name = None;
        }
        if self.unsent_heartbeat && send(ServerUpdate::Heartbeat) {
            self.unsent_heartbeat = false;
        }
    }

    /// Reports that nothing is read. A full channel keeps the sender busy without it.
    pub(super) fn send_unread(&self) {
        let _ = self.updates.try_send(ServerUpdate::Unread);
    }

    /// Sends a ticket to the sender. Returns `false` if `notice` is no ticket, or if a
    /// flood has filled the channel; then it is shown as any other notice.
    fn forward_ticket(&self, notice: &str) -> bool {
        let send = |grant| self.updates.try_send(ServerUpdate::Ticket(grant)).is_ok();
        TicketGrant::parse(notice).is_some_and(send)
    }

    /// Sends a refusal to the sender, because it may be about a file. Half of the channel
    /// is reserved for updates that must not be lost among a thousand refusals.
    fn forward_refusal(&self, why: &str) {
        if self.updates.len() < MAX_UPDATES / 2 {
            let _ = self
                .updates
                .try_send(ServerUpdate::Refusal(why.to_string()));
        }
    }

    fn record_message(&mut self, event: &Event<'_>) {
        self.last_unreadable = None;
        self.last_message = match event {
            _ if self.last_message == LastMessage::Stopping => return,
            Event::Notice(notice::STOPPING) => LastMessage::Stopping,
            Event::Refusal(why) => LastMessage::Refusal((*why).to_string()),
            _ => LastMessage::None,
        };
    }

    /// Returns the last message, which explains the end.
    pub(super) fn take_last_message(&mut self) -> LastMessage {
        std::mem::take(&mut self.last_message)
    }

    /// Reports the same reason once in a row, because a server can send junk faster
    /// than a person reads.
    pub(super) fn report_unreadable(&mut self, why: &'static str) {
        if self.last_unreadable.replace(why) != Some(why) {
            self.screen.warn(format!("{why}, skipped"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Line;
    use common::Timestamp;
    use crossbeam_channel::{Receiver, bounded};

    /// A state of a server that grants `words`, and what it shows and sends.
    struct Fixture {
        state: ReceiverState,
        shown: Receiver<ScreenUpdate>,
        updates: Receiver<ServerUpdate>,
    }

    fn fixture(words: &str) -> Fixture {
        let (screen, shown) = Screen::recording();
        let (sender, updates) = bounded(MAX_UPDATES);
        let granted = Capabilities::parse(words);
        let state = ReceiverState::new(Memory::default(), screen, sender, granted);
        Fixture {
            state,
            shown,
            updates,
        }
    }

    impl Fixture {
        /// Handles `lines`, and returns what is shown.
        fn shows(&mut self, lines: &[&str]) -> Vec<String> {
            for line in lines {
                self.state.handle_line(line);
            }
            let texts = self.shown.try_iter().filter_map(|update| match update {
                ScreenUpdate::Line(Line::Received(text))
                | ScreenUpdate::TimedLine(Line::Received(text), _) => Some(text),
                _ => None,
            });
            texts.collect()
        }
    }

    #[test]
    fn tags_are_split_off_only_if_they_were_granted() {
        let line = "@time=2026-03-01T12:00:00.000Z;id=lobby-k3f9-1;x=y bob: hi";
        let mut plain = fixture("");
        assert_eq!(plain.shows(&[line]), [line]);
        let mut tagged = fixture("time id");
        tagged.state.handle_line(line);
        let moment = Timestamp::parse("2026-03-01T12:00:00.000Z").unwrap();
        let expected = ScreenUpdate::TimedLine(Line::Received("bob: hi".to_string()), moment);
        assert_eq!(tagged.shown.try_iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn control_lines_are_not_shown_if_anything_was_granted() {
        let digits = format!("{:032x}", 7);
        let token = format!("/cap resume={digits}");
        let lines = ["/cap time id", token.as_str(), "/ack 17"];
        assert_eq!(fixture("").shows(&lines), lines);
        let mut granted = fixture("id resume");
        assert!(granted.shows(&lines).is_empty());
        assert_eq!(granted.state.memory.token, Some(common::Token(7)));
        let updates: Vec<ServerUpdate> = granted.updates.try_iter().collect();
        assert_eq!(updates, [ServerUpdate::Ack(17)]);
        // A member's text is none.
        assert_eq!(granted.shows(&["bob: /ack 3"]), ["bob: /ack 3"]);
    }

    #[test]
    fn a_line_that_was_shown_is_not_shown_again_unless_the_user_asks() {
        let mut fixture = fixture("time id");
        let (one, two, three) = (
            "@id=lobby-k3f9-1 bob: one",
            "@id=lobby-k3f9-2 bob: two",
            "@id=lobby-k3f9-5 bob: three",
        );
        assert_eq!(fixture.shows(&[one, two]), ["bob: one", "bob: two"]);
        assert!(fixture.shows(&[one]).is_empty());
        let header = "--- 2 missed lines, the oldest from 40 s ago ---";
        let now = "--- now ---";
        let shown = fixture.shows(&[header, two, three, now]);
        assert_eq!(shown, [header, "bob: three", now]);
        let header = "--- the last 2 lines, the oldest from 1 min ago ---";
        let shown = fixture.shows(&[header, one, two, now]);
        assert_eq!(shown, [header, "bob: one", "bob: two", now]);
        let last = fixture.state.memory.seen.last().unwrap();
        assert_eq!(last.to_string(), "lobby-k3f9-5");
    }

    #[test]
    fn a_probe_waits_while_the_sender_has_much_to_do() {
        let mut fixture = fixture("id");
        fixture.shows(&["/ack 1"; MAX_UPDATES]);
        fixture.shows(&["", ""]);
        assert_eq!(fixture.updates.try_iter().count(), MAX_UPDATES);
        fixture.state.send_pending();
        fixture.state.send_pending();
        let updates: Vec<ServerUpdate> = fixture.updates.try_iter().collect();
        assert_eq!(updates, [ServerUpdate::Heartbeat]);
    }

    #[test]
    fn the_room_is_remembered() {
        let mut fixture = fixture("time");
        assert_eq!(fixture.state.memory.room, common::LOBBY);
        fixture.shows(&["@time=2026-03-01T12:00:00.000Z You are in games now. bob is here."]);
        assert_eq!(fixture.state.memory.room, "games");
    }
}
