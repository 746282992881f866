//! The receiver: from the server's lines to the screen and the sender.
//!
//! The sender learns from it when a heartbeat was answered and how the session ended.
//!
//! Thread: `receiver`.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: in reads, for at most 250 ms, and while the screen's queue is full.

pub mod lines;

use std::io::{self, Read};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use common::{Event, MAX_MISSED_HEARTBEATS, Name, notice};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::screen::{Screen, ScreenUpdate};
use lines::{Disconnect, ReadOutcome, ServerLines};

/// The number of updates that may wait for the sender. Heartbeats beyond it are
/// dropped, because only a server that sends unrequested ones gets here. A new name is
/// never dropped, see [`ReceiverState::send_new_name`].
const MAX_UPDATES: usize = 64;

/// A message from the receiver to the sender.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerUpdate {
    /// An empty line, which answers our heartbeat or probes us.
    Heartbeat,
    /// Our new name.
    Renamed(Name),
    /// A ticket for a file, which is not shown.
    Ticket(TicketGrant),
    /// The reason of a refusal, which was shown.
    Refusal(String),
    /// The end of the session; the last update.
    Ended(SessionEnd),
}

/// The way in which a session ended.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The server sent `q:quit`, and this before it.
    Quit(LastMessage),
    /// The connection ended without a `q:quit`.
    Disconnected(Disconnect, LastMessage),
    /// No line arrived for this time.
    TimedOut(Duration),
}

impl SessionEnd {
    /// Returns `true` if the server ended it in order, after it had read everything.
    pub fn is_orderly(&self) -> bool {
        matches!(
            self,
            SessionEnd::Quit(_) | SessionEnd::Disconnected(Disconnect::Closed, _)
        )
    }
}

/// The server's last message, if it explains the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastMessage {
    /// It explains nothing.
    #[default]
    None,
    /// A refusal.
    Refusal(String),
    /// The notice that the server stops.
    Stopping,
}

/// Starts the receiver thread. Its updates end with [`ServerUpdate::Ended`].
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start(
    lines: ServerLines<impl Read + Send + 'static>,
    screen: Screen,
    heartbeat: Duration,
) -> io::Result<(Receiver<ServerUpdate>, JoinHandle<()>)> {
    let (sender, updates) = bounded(MAX_UPDATES);
    let thread = thread::Builder::new()
        .name("receiver".to_string())
        .spawn(move || {
            let end = receive(lines, &screen, &sender, heartbeat * MAX_MISSED_HEARTBEATS);
            // The sender may have ended before.
            let _ = sender.send(ServerUpdate::Ended(end));
        })?;
    Ok((updates, thread))
}

/// Shows all lines until the session ends, and returns how it ended.
///
/// The connection counts as lost after `timeout` without a line. Bytes alone do not
/// count, because they may never become a line.
pub fn receive(
    mut lines: ServerLines<impl Read>,
    screen: &Screen,
    updates: &Sender<ServerUpdate>,
    timeout: Duration,
) -> SessionEnd {
    let mut state = ReceiverState::default();
    let mut last_line = Instant::now();
    loop {
        state.send_new_name(updates);
        match lines.read_line() {
            ReadOutcome::TimedOut | ReadOutcome::Incomplete if last_line.elapsed() < timeout => {
                continue;
            }
            ReadOutcome::TimedOut | ReadOutcome::Incomplete => {
                return SessionEnd::TimedOut(timeout);
            }
            ReadOutcome::Disconnected(how) => {
                return SessionEnd::Disconnected(how, state.last_message);
            }
            ReadOutcome::Unreadable(why) => state.report_unreadable(why, screen),
            ReadOutcome::Line(line) => match Event::parse(&line) {
                Event::Quit => return SessionEnd::Quit(state.last_message),
                Event::Heartbeat => {
                    // The new name has waited longer.
                    state.send_new_name(updates);
                    // A full channel gives the sender enough to answer.
                    let _ = updates.try_send(ServerUpdate::Heartbeat);
                }
                _ => state.handle_line(line, screen, updates),
            },
        }
        last_line = Instant::now();
    }
}

/// Sends a ticket to the sender. Returns `false` if `notice` is no ticket, or if a
/// flood has filled the channel; then it is shown as any other notice.
fn forward_ticket(notice: &str, updates: &Sender<ServerUpdate>) -> bool {
    TicketGrant::parse(notice)
        .is_some_and(|grant| updates.try_send(ServerUpdate::Ticket(grant)).is_ok())
}

/// Sends a refusal to the sender, because it may be about a file. Half of the channel
/// is reserved for updates that must not be lost among a thousand refusals.
fn forward_refusal(why: String, updates: &Sender<ServerUpdate>) {
    if updates.len() < MAX_UPDATES / 2 {
        let _ = updates.try_send(ServerUpdate::Refusal(why));
    }
}

/// The receiver's memory from one line to the next.
#[derive(Default)]
struct ReceiverState {
    last_message: LastMessage,
    /// The reason why the previous line could not be shown.
    last_unreadable: Option<&'static str>,
    /// Our new name, until the sender has it.
    new_name: Option<Name>,
}

impl ReceiverState {
    /// Shows a line, and forwards what concerns the sender.
    fn handle_line(&mut self, line: String, screen: &Screen, updates: &Sender<ServerUpdate>) {
        let event = Event::parse(&line);
        self.record(&event);
        match event {
            Event::Notice(notice) if forward_ticket(notice, updates) => {}
            Event::Notice(notice) => {
                self.handle_own_notice(notice, screen);
                screen.show_received(line);
            }
            Event::Refusal(why) => {
                let why = why.to_string();
                screen.show_received(line);
                forward_refusal(why, updates);
            }
            _ => screen.show_received(line),
        }
    }

    /// Handles a notice about our name or room.
    fn handle_own_notice(&mut self, notice: &str, screen: &Screen) {
        if let Some(name) = notice::parse_own_new_name(notice) {
            screen.show(ScreenUpdate::Renamed(name.to_string()));
            self.new_name = Some(name);
        }
        if let Some(room) = notice::parse_own_new_room(notice) {
            screen.show(ScreenUpdate::RoomChanged(room.to_string()));
        }
    }

    /// Sends our new name to the sender, now or when the channel has room. A blocking
    /// send could deadlock: the sender may wait for a server that waits until we have
    /// read. Only the newest name matters.
    fn send_new_name(&mut self, updates: &Sender<ServerUpdate>) {
        if let Some(name) = &self.new_name
            && updates
                .try_send(ServerUpdate::Renamed(name.clone()))
                .is_ok()
        {
            self.new_name = None;
        }
    }

    fn record(&mut self, event: &Event<'_>) {
        self.last_unreadable = None;
        self.last_message = match event {
            _ if self.last_message == LastMessage::Stopping => return,
            Event::Notice(notice::STOPPING) => LastMessage::Stopping,
            Event::Refusal(why) => LastMessage::Refusal(why.to_string()),
            _ => LastMessage::None,
        };
    }

    /// Reports the same reason once in a row, because a server can send junk faster
    /// than a person reads.
    fn report_unreadable(&mut self, why: &'static str, screen: &Screen) {
        if self.last_unreadable.replace(why) != Some(why) {
            screen.warn(format!("{why}, skipped"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Line;

    /// Returns the end, and the updates of the screen, when the server sends `bytes`.
    fn receive_all(bytes: &[u8]) -> (SessionEnd, Vec<ScreenUpdate>) {
        let (screen, shown) = Screen::recording();
        let (updates, _keep) = bounded(MAX_UPDATES);
        let lines = ServerLines::new(bytes);
        let end = receive(lines, &screen, &updates, Duration::from_secs(9));
        drop(screen);
        (end, shown.iter().collect())
    }

    fn received(line: &str) -> ScreenUpdate {
        ScreenUpdate::Line(Line::Received(line.to_string()))
    }

    #[test]
    fn every_line_is_shown_once_and_heartbeats_are_not() {
        let (end, shown) = receive_all(b"bob: hi\n\nbob has left.\nq:quit\nnot this\n");
        assert_eq!(end, SessionEnd::Quit(LastMessage::None));
        assert_eq!(shown, [received("bob: hi"), received("bob has left.")]);
    }

    #[test]
    fn the_last_message_explains_the_end() {
        #[track_caller]
        fn check(bytes: &[u8], expected: SessionEnd) {
            assert_eq!(receive_all(bytes).0, expected, "{bytes:?}");
        }
        let refusal = |why: &str| LastMessage::Refusal(why.to_string());
        check(
            b"! too loud\nq:quit\n",
            SessionEnd::Quit(refusal("too loud")),
        );
        check(b"! no\n\nq:quit\n", SessionEnd::Quit(refusal("no")));
        check(
            b"! no\nbob: hi\nq:quit\n",
            SessionEnd::Quit(LastMessage::None),
        );
        let stopping = b"The server is stopping.\nbob: oh\nq:quit\n";
        check(stopping, SessionEnd::Quit(LastMessage::Stopping));
        check(
            b"bob: hi\n",
            SessionEnd::Disconnected(Disconnect::Closed, LastMessage::None),
        );
    }

    #[test]
    fn junk_is_reported_once_in_a_row() {
        let (_, shown) = receive_all(b"\xff\n\xff\n\xff\nbob: hi\n\xff\n");
        let warning = || {
            ScreenUpdate::Line(Line::Warning(
                "a line from the server is not valid UTF-8, skipped".into(),
            ))
        };
        assert_eq!(shown, [warning(), received("bob: hi"), warning()]);
    }

    #[test]
    fn heartbeats_are_forwarded_and_a_flood_of_them_blocks_nothing() {
        let (screen, _shown) = Screen::recording();
        let (sender, updates) = bounded(MAX_UPDATES);
        let flood = vec![b'\n'; 10_000];
        receive(
            ServerLines::new(&flood[..]),
            &screen,
            &sender,
            Duration::from_secs(9),
        );
        assert_eq!(updates.try_iter().count(), MAX_UPDATES);
    }

    /// The channel is full of heartbeats when two new names arrive, and more heartbeats
    /// follow. The sender then takes one update at a time.
    #[test]
    fn a_new_name_reaches_the_sender_also_through_a_flood() {
        struct Flood(Receiver<ServerUpdate>, Vec<ServerUpdate>);
        impl Read for Flood {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1.extend(self.0.try_recv());
                buffer[0] = b'\n';
                Ok(usize::from(self.1.len() < 2 * MAX_UPDATES))
            }
        }
        let (screen, _shown) = Screen::recording();
        let (sender, updates) = bounded(MAX_UPDATES);
        for _ in 0..MAX_UPDATES {
            sender.send(ServerUpdate::Heartbeat).unwrap();
        }
        let renamed = b"You are now called bo.\nYou are now called rob.\n";
        let mut flood = Flood(updates, Vec::new());
        let lines = ServerLines::new(renamed.chain(&mut flood));
        let end = receive(lines, &screen, &sender, Duration::from_secs(9));
        assert_eq!(
            end,
            SessionEnd::Disconnected(Disconnect::Closed, LastMessage::None)
        );
        let names = flood
            .1
            .iter()
            .filter(|updates| **updates != ServerUpdate::Heartbeat);
        let rob = ServerUpdate::Renamed("rob".parse().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), [&rob]);
    }

    #[test]
    fn silence_times_out_and_a_pause_does_not() {
        struct Pauses;
        impl Read for Pauses {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let (screen, _shown) = Screen::recording();
        let (sender, _updates) = bounded(MAX_UPDATES);
        let timeout = Duration::from_millis(50);
        let before = Instant::now();
        let end = receive(ServerLines::new(Pauses), &screen, &sender, timeout);
        assert_eq!(end, SessionEnd::TimedOut(timeout));
        assert!(before.elapsed() >= timeout);
    }

    #[test]
    fn a_line_that_trickles_is_silence() {
        struct Trickles;
        impl Read for Trickles {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                thread::sleep(Duration::from_millis(5));
                buffer[0] = b'x';
                Ok(1)
            }
        }
        let (screen, _shown) = Screen::recording();
        let (sender, _updates) = bounded(MAX_UPDATES);
        let timeout = Duration::from_millis(50);
        let end = receive(ServerLines::new(Trickles), &screen, &sender, timeout);
        assert_eq!(end, SessionEnd::TimedOut(timeout));
    }
}
