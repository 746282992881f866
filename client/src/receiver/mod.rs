//! Turns what is heard from the server into what is shown: the receiver thread.
//!
//! It reads, and only reads: it knows no keyboard and cannot write to the
//! socket. The sender learns from it, through a channel, when a heartbeat was
//! answered and how the conversation ended.

use std::io::{self, Read};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use common::{Event, MAX_MISSED_HEARTBEATS, Name, notice};
use crossbeam_channel::{Receiver, Sender, bounded};

pub mod lines;

use crate::screen::{Screen, ScreenUpdate};
use lines::{Disconnect, ReadOutcome, ServerLines};

/// How many pieces of news may wait for the sender. Answers beyond it are
/// dropped, since only a server that sends more than was asked for gets here. A
/// new name is not, see `Talk::tell`.
const MAX_UPDATES: usize = 64;

/// What the sender should know.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerUpdate {
    /// An empty line: a heartbeat was answered, or the server asks for one.
    Heartbeat,
    /// The server calls us by another name from now on.
    Renamed(Name),
    /// A ticket for a file. It is not shown.
    Ticket(TicketGrant),
    /// Something was refused, for this reason; it was shown.
    Refusal(String),
    /// Nothing more will be heard.
    Ended(SessionEnd),
}

/// How the conversation ended, as seen from here.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The server said `q:quit`, and this right before it.
    Quit(LastMessage),
    /// The connection was closed or broke without a `q:quit`.
    Disconnected(Disconnect, LastMessage),
    /// No line was heard for so long.
    TimedOut(Duration),
}

impl SessionEnd {
    /// Whether the server ended it, and not a fault: all was read by then.
    pub fn is_orderly(&self) -> bool {
        matches!(
            self,
            SessionEnd::Quit(_) | SessionEnd::Disconnected(Disconnect::Closed, _)
        )
    }
}

/// What may explain an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastMessage {
    /// Nothing does.
    #[default]
    None,
    /// A refusal was the last thing said.
    Refusal(String),
    /// The server said that it stops.
    Stopping,
}

/// Starts the receiver thread. The news end with [`News::Over`].
///
/// # Errors
///
/// If the system has no thread to give.
pub fn start(
    incoming: ServerLines<impl Read + Send + 'static>,
    screen: Screen,
    heartbeat: Duration,
) -> io::Result<(Receiver<ServerUpdate>, JoinHandle<()>)> {
    let (sender, news) = bounded(MAX_UPDATES);
    let thread = thread::Builder::new()
        .name("receiver".to_string())
        .spawn(move || {
            let over = receive(
                incoming,
                &screen,
                &sender,
                heartbeat * MAX_MISSED_HEARTBEATS,
            );
            // If nobody waits for it any more, nobody needs it.
            let _ = sender.send(ServerUpdate::Ended(over));
        })?;
    Ok((news, thread))
}

/// Shows all that is heard until the conversation is over, and says how.
///
/// The connection counts as lost when no line was heard for `patience`. Bytes
/// alone are silence: they may never become a line.
pub fn receive(
    mut incoming: ServerLines<impl Read>,
    screen: &Screen,
    news: &Sender<ServerUpdate>,
    patience: Duration,
) -> SessionEnd {
    let mut talk = ReceiverState::default();
    let mut last_heard = Instant::now();
    loop {
        talk.send_new_name(news);
        match incoming.read_line() {
            ReadOutcome::TimedOut | ReadOutcome::Incomplete if last_heard.elapsed() < patience => {
                continue;
            }
            ReadOutcome::TimedOut | ReadOutcome::Incomplete => {
                return SessionEnd::TimedOut(patience);
            }
            ReadOutcome::Disconnected(gone) => {
                return SessionEnd::Disconnected(gone, talk.last_message);
            }
            ReadOutcome::Unreadable(why) => talk.report_unreadable(why, screen),
            ReadOutcome::Line(line) => match Event::parse(&line) {
                Event::Quit => return SessionEnd::Quit(talk.last_message),
                Event::Heartbeat => {
                    // The name has waited for longer than this one.
                    talk.send_new_name(news);
                    // A full channel means that the sender has plenty to read.
                    let _ = news.try_send(ServerUpdate::Heartbeat);
                }
                event => {
                    talk.record(&event);
                    match event {
                        Event::Notice(notice) if forward_ticket(notice, news) => {}
                        Event::Notice(notice) => {
                            talk.handle_own_notice(notice, screen);
                            screen.show_received(line);
                        }
                        Event::Refusal(why) => {
                            let why = why.to_string();
                            screen.show_received(line);
                            forward_refusal(why, news);
                        }
                        _ => screen.show_received(line),
                    }
                }
            },
        }
        last_heard = Instant::now();
    }
}

/// Hands a ticket to the sender. False if it is none, or if the sender, which a server
/// floods, has no room for it; then it is a notice like any other.
fn forward_ticket(notice: &str, news: &Sender<ServerUpdate>) -> bool {
    TicketGrant::parse(notice)
        .is_some_and(|leave| news.try_send(ServerUpdate::Ticket(leave)).is_ok())
}

/// Tells the sender of a refusal, which may be about a file. Half the room is kept for
/// what must not be lost among a thousand of them.
fn forward_refusal(why: String, news: &Sender<ServerUpdate>) {
    if news.len() < MAX_UPDATES / 2 {
        let _ = news.try_send(ServerUpdate::Refusal(why));
    }
}

/// What has to be remembered from one line to the next.
#[derive(Default)]
struct ReceiverState {
    last_message: LastMessage,
    /// Why the line before this one could not be shown.
    last_unreadable: Option<&'static str>,
    /// Our new name, until the sender has been told.
    new_name: Option<Name>,
}

impl ReceiverState {
    /// Passes on what a notice tells of ourselves.
    fn handle_own_notice(&mut self, notice: &str, screen: &Screen) {
        if let Some(name) = notice::parse_own_new_name(notice) {
            screen.show(ScreenUpdate::Renamed(name.to_string()));
            self.new_name = Some(name);
        }
        if let Some(room) = notice::parse_own_new_room(notice) {
            screen.show(ScreenUpdate::RoomChanged(room.to_string()));
        }
    }

    /// Tells the sender our new name, now or when it has room for it. To wait
    /// here would stop the reading while the sender, perhaps, waits for a server
    /// that waits until we have read. Only the newest name matters.
    fn send_new_name(&mut self, news: &Sender<ServerUpdate>) {
        if let Some(name) = &self.new_name
            && news.try_send(ServerUpdate::Renamed(name.clone())).is_ok()
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

    /// Tells it once in a row: a server can send junk faster than one reads.
    fn report_unreadable(&mut self, why: &'static str, screen: &Screen) {
        if self.last_unreadable.replace(why) != Some(why) {
            screen.warn(format!("{why} and is left out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{self, Line};

    /// How it ends, and what is shown, when the server sends `bytes`.
    fn receive_all(bytes: &[u8]) -> (SessionEnd, Vec<ScreenUpdate>) {
        let (screen, shown) = screen::recording();
        let (news, _keep) = bounded(MAX_UPDATES);
        let incoming = ServerLines::new(bytes);
        let over = receive(incoming, &screen, &news, Duration::from_secs(9));
        drop(screen);
        (over, shown.iter().collect())
    }

    fn received(line: &str) -> ScreenUpdate {
        ScreenUpdate::Line(Line::Received(line.to_string()))
    }

    #[test]
    fn every_line_is_shown_once_and_heartbeats_are_not() {
        let (over, shown) = receive_all(b"bob: hi\n\nbob has left.\nq:quit\nnot this\n");
        assert_eq!(over, SessionEnd::Quit(LastMessage::None));
        assert_eq!(shown, [received("bob: hi"), received("bob has left.")]);
    }

    #[test]
    fn the_last_word_explains_the_end() {
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
    fn junk_is_mentioned_once_in_a_row() {
        let (_, shown) = receive_all(b"\xff\n\xff\n\xff\nbob: hi\n\xff\n");
        let note = || {
            ScreenUpdate::Line(Line::Warning(
                "a line from the server is not text and is left out".into(),
            ))
        };
        assert_eq!(shown, [note(), received("bob: hi"), note()]);
    }

    #[test]
    fn answers_are_passed_on_and_a_flood_of_them_blocks_nothing() {
        let (screen, _shown) = screen::recording();
        let (sender, news) = bounded(MAX_UPDATES);
        let flood = vec![b'\n'; 10_000];
        receive(
            ServerLines::new(&flood[..]),
            &screen,
            &sender,
            Duration::from_secs(9),
        );
        assert_eq!(news.try_iter().count(), MAX_UPDATES);
    }

    /// The channel is full of empty lines when we are renamed, twice, and more
    /// of them come; the sender then takes one piece of news at a time.
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
        let (screen, _shown) = screen::recording();
        let (sender, news) = bounded(MAX_UPDATES);
        for _ in 0..MAX_UPDATES {
            sender.send(ServerUpdate::Heartbeat).unwrap();
        }
        let renamed = b"You are now called bo.\nYou are now called rob.\n";
        let mut flood = Flood(news, Vec::new());
        let incoming = ServerLines::new(renamed.chain(&mut flood));
        let over = receive(incoming, &screen, &sender, Duration::from_secs(9));
        assert_eq!(
            over,
            SessionEnd::Disconnected(Disconnect::Closed, LastMessage::None)
        );
        let told = flood
            .1
            .iter()
            .filter(|news| **news != ServerUpdate::Heartbeat);
        let rob = ServerUpdate::Renamed("rob".parse().unwrap());
        assert_eq!(told.collect::<Vec<_>>(), [&rob]);
    }

    #[test]
    fn silence_ends_it_and_a_pause_does_not() {
        struct Pauses;
        impl Read for Pauses {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let (screen, _shown) = screen::recording();
        let (sender, _news) = bounded(MAX_UPDATES);
        let patience = Duration::from_millis(50);
        let before = Instant::now();
        let over = receive(ServerLines::new(Pauses), &screen, &sender, patience);
        assert_eq!(over, SessionEnd::TimedOut(patience));
        assert!(before.elapsed() >= patience);
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
        let (screen, _shown) = screen::recording();
        let (sender, _news) = bounded(MAX_UPDATES);
        let patience = Duration::from_millis(50);
        let over = receive(ServerLines::new(Trickles), &screen, &sender, patience);
        assert_eq!(over, SessionEnd::TimedOut(patience));
    }
}
