//! The receiver: from the server's lines to the screen and the sender.
//!
//! The sender learns from it when a heartbeat was answered and how the session ended.
//!
//! Thread: `receiver`.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: in reads, for at most 250 ms, and while too much waits for the screen.

pub mod lines;
mod memory;
mod seen;
mod state;
mod update;

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use common::Capabilities;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::screen::Screen;
use lines::{ReadOutcome, ServerLines};
pub use memory::Memory;
use state::ReceiverState;
use update::MAX_UPDATES;
pub use update::{LastMessage, ServerUpdate, SessionEnd};

/// The time after which a receiver that does not read says so again. The server disconnects
/// a member that has not answered a probe for 10 s, and probes every 2 s.
const UNREAD_INTERVAL: Duration = Duration::from_secs(2);

/// The settings of a receiver.
pub struct ReceiverConfig {
    /// The screen.
    pub screen: Screen,
    /// The time without a line after which the connection counts as lost. Bytes alone do
    /// not count, because they may never become a line.
    pub timeout: Duration,
    /// The capabilities that the server has granted.
    pub granted: Capabilities,
    /// A line that was read already, normally the welcome.
    pub first_line: Option<String>,
    /// The memory of the previous connection.
    pub memory: Memory,
}

/// The ends of a receiver's channels.
pub struct ReceiverHandle {
    /// The updates for the sender; the last is [`ServerUpdate::Ended`].
    pub updates: Receiver<ServerUpdate>,
    /// Carries the receiver's memory when it has ended. It is closed if the thread fails.
    pub memory: Receiver<Memory>,
}

/// Shows the first line, and starts the receiver thread.
///
/// # Errors
///
/// If the system cannot start a thread.
pub fn start(
    lines: ServerLines<impl Read + Send + 'static>,
    config: ReceiverConfig,
) -> io::Result<ReceiverHandle> {
    let (sender, updates) = bounded(MAX_UPDATES);
    let (memory_sender, memory) = bounded(1);
    let timeout = config.timeout;
    let state = initial_state(config, sender.clone());
    thread::Builder::new()
        .name("receiver".to_string())
        .spawn(move || {
            let (end, memory) = receive(lines, state, timeout);
            // Either may have ended before.
            let _ = sender.send(ServerUpdate::Ended(end));
            let _ = memory_sender.send(memory);
        })?;
    Ok(ReceiverHandle { updates, memory })
}

/// Returns the state after the first line. It is shown at once, so that it comes before
/// all that the sender shows.
fn initial_state(config: ReceiverConfig, updates: Sender<ServerUpdate>) -> ReceiverState {
    let mut state = ReceiverState::new(config.memory, config.screen, updates, config.granted);
    if let Some(line) = config.first_line {
        // A welcome ends no session.
        let _ = state.handle_line(&line);
    }
    state
}

/// Shows all lines until the session ends, and returns how it ended.
fn receive(
    mut lines: ServerLines<impl Read>,
    mut state: ReceiverState,
    timeout: Duration,
) -> (SessionEnd, Memory) {
    let mut last_line = Instant::now();
    let end = loop {
        state.send_pending();
        // Silence counts only while we read.
        last_line += wait_for_room(&state);
        match lines.read_line() {
            ReadOutcome::TimedOut | ReadOutcome::Incomplete if last_line.elapsed() < timeout => {
                continue;
            }
            ReadOutcome::TimedOut | ReadOutcome::Incomplete => {
                break SessionEnd::TimedOut(timeout);
            }
            ReadOutcome::Disconnected(how) => {
                break SessionEnd::Disconnected(how, state.take_last_message());
            }
            ReadOutcome::Unreadable(why) => state.report_unreadable(why),
            ReadOutcome::Line(line) => {
                if let Some(last_message) = state.handle_line(&line) {
                    break SessionEnd::Quit(last_message);
                }
            }
        }
        last_line = Instant::now();
    };
    (end, state.memory)
}

/// Waits until the screen has room, and returns the time that it took. The server may probe
/// us meanwhile, and we would not see it; so the sender answers as if it did.
fn wait_for_room(state: &ReceiverState) -> Duration {
    let start = Instant::now();
    while !state.screen.wait_for_room(UNREAD_INTERVAL) {
        state.send_unread();
    }
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::lines::Disconnect;
    use super::*;
    use crate::screen::{Line, ScreenUpdate};

    /// Receives with a timeout, from a server that has granted nothing.
    fn receive_within(
        timeout: Duration,
        source: impl Read,
        screen: &Screen,
        updates: &Sender<ServerUpdate>,
    ) -> SessionEnd {
        let config = ReceiverConfig {
            screen: screen.clone(),
            timeout,
            granted: Capabilities::default(),
            first_line: None,
            memory: Memory::default(),
        };
        let state = initial_state(config, updates.clone());
        receive(ServerLines::new(source), state, timeout).0
    }

    /// Returns the end, and the updates of the screen, when the server sends `bytes`.
    fn receive_all(bytes: &[u8]) -> (SessionEnd, Vec<ScreenUpdate>) {
        let (screen, shown) = Screen::recording();
        let (updates, _keep) = bounded(MAX_UPDATES);
        let end = receive_within(Duration::from_secs(9), bytes, &screen, &updates);
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
        receive_within(Duration::from_secs(9), &flood[..], &screen, &sender);
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
        let source = renamed.chain(&mut flood);
        let end = receive_within(Duration::from_secs(9), source, &screen, &sender);
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
        let end = receive_within(timeout, Pauses, &screen, &sender);
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
        let end = receive_within(timeout, Trickles, &screen, &sender);
        assert_eq!(end, SessionEnd::TimedOut(timeout));
    }
}
